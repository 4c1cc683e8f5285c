"""Foreign errors of Spark, Delta, Kafka and HDFS in words that a user can act on."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

from lakehouse.errors import IntegrityError, LakehouseError, ServiceError
from lakehouse.settings import Settings

# What a foreign message says -> the error that is raised, and what to do next.
_KNOWN: tuple[tuple[str, type[LakehouseError], str], ...] = (
    (
        r"data may have been missed|KafkaIllegalStateException|OffsetOutOfRange|"
        r"Partition .* offset was changed|KAFKA_DATA_LOSS|not available in Kafka any more",
        IntegrityError,
        "Kafka no longer has offsets that were not read yet: nothing was published for that topic.",
    ),
    (r"UnknownTopicOrPartition", ServiceError, "A topic is missing in Kafka. Run `make up` and `make produce`."),
    (
        r"Failed to (create new KafkaAdminClient|construct kafka)|bootstrap\.servers|kafka.*TimeoutException",
        ServiceError,
        "Kafka at {kafka} does not answer. Run `make status`, then `make up`.",
    ),
    (
        r"Connection refused|ConnectException|SafeModeException|NoRouteToHost|could only be written to 0 of",
        ServiceError,
        "HDFS behind {lake} does not answer. Run `make status`, then `make up`.",
    ),
    (
        r"PATH_NOT_FOUND|FileNotFoundException|does not exist",
        IntegrityError,
        "A file of the lake is missing: it was deleted by other means than Delta.",
    ),
    (r"OutOfMemoryError|Java heap space", ServiceError, "The driver's memory is too small. Raise SPARK_DRIVER_MEMORY."),
)


@contextmanager
def translated(settings: Settings, job: str) -> Iterator[None]:
    """Raise LakehouseErrors in place of the foreign errors of a job; their traces go to its log file."""
    try:
        yield
    except (PySparkException, Py4JError, DeltaError, OSError) as error:
        log = settings.stack_home / "logs" / f"{job}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        text = traceback.format_exc()
        for shape, kind, advice in _KNOWN:
            if re.search(shape, text):
                raise kind(
                    f"{advice.format(kafka=settings.kafka, lake=settings.lake)} ({_cause(error)}; details: {log})"
                ) from error
        raise LakehouseError(f"{_cause(error)}. Details are in {log}.") from error


def _cause(error: BaseException) -> str:
    """Return the first line of the innermost cause."""
    if isinstance(error, Py4JJavaError):
        java = error.java_exception
        while java.getCause() is not None:
            java = java.getCause()
        text = str(java.toString())
    else:
        causes = re.findall(r"^Caused by: (.*)$", str(error), re.MULTILINE)
        text = causes[-1] if causes else str(error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)[:300]

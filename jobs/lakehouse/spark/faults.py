"""Foreign errors of Spark, Delta, Kafka and HDFS in words that a user can act on."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger

from lakehouse.errors import IntegrityError, LakehouseError, ServiceError
from lakehouse.lake.files import NO_ROOM, TEMPORARY_FULL
from lakehouse.lake.files_hdfs import HDFS_FULL, NO_DATANODE
from lakehouse.settings import Settings

# To these pyspark itself writes the trace of an error in a query, on standard error.
_LOGS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
# A context that YARN has stopped shows by errors of many words.
_STOPPED = "Spark has stopped"
# What one of the causes of an error says -> the error that is raised, and what to do next; the first that fits counts.
_KNOWN: tuple[tuple[str, type[LakehouseError], str], ...] = (
    (
        rf"^{_STOPPED}$|Yarn application has already|Application application_\d+_\d+ (failed|was killed)",
        ServiceError,
        "YARN has ended the application of this job: it was killed, or its node has gone. Run it again: it goes on "
        "from the last commit.",
    ),
    (
        r"data may have been missed|KafkaIllegalStateException|OffsetOutOfRange|"
        r"Partition .* offset was changed|KAFKA_DATA_LOSS|not available in Kafka any more",
        IntegrityError,
        "Kafka no longer has offsets that were not read yet: nothing was published for that topic. Run it again: it "
        "will name them, with the way on (docs/losses.md).",
    ),
    (r"UnknownTopicOrPartition", ServiceError, "A topic is missing in Kafka. Run `make up` and `make produce`."),
    (
        r"SaslAuthenticationException|SslAuthenticationException",
        ServiceError,
        "Kafka at {kafka} does not let this user in, or is not trusted. Set KAFKA_SASL_USERNAME with its password, and "
        "KAFKA_SSL_CAFILE.",
    ),
    (
        r"org\.apache\.kafka|KafkaAdminClient|bootstrap\.servers|KafkaSourceProvider|kafka.*Timeout",
        ServiceError,
        "Kafka at {kafka} does not answer. Run `make status`, then `make up`.",
    ),
    (HDFS_FULL, ServiceError, "HDFS behind {lake} is full. Free space there or raise its quota, then run it again."),
    (NO_DATANODE, ServiceError, "No DataNode of HDFS behind {lake} serves, or all are full. Run `make status`."),
    (NO_ROOM, ServiceError, TEMPORARY_FULL),
    (
        r"Python worker exited unexpectedly|Python worker failed to connect back",
        ServiceError,
        "A Python worker of Spark was killed, or memory ran out. Free some memory, then run it again.",
    ),
    (r"OutOfMemoryError|Java heap space", ServiceError, "The driver's memory is too small. Raise SPARK_DRIVER_MEMORY."),
    (
        r"Connection refused|Connection reset|ConnectException|SafeModeException|NoRouteToHost|SocketTimeoutException|"
        r"Could not obtain block|BlockMissing|All datanodes .* are bad|EOFException|"
        r"Could not get block locations|Failed on local exception|Premature EOF|ClosedChannelException|"
        r"not enough replicas|has not been closed|NotReplicatedYet|Call From|bad datanode|InterruptedIOException|"
        r"AWSClientIOException|AWSServiceIOException|ApiCallTimeout|software\.amazon\.awssdk",
        ServiceError,
        "{store} behind {lake} does not answer. Run `make status`, then `make up`.",
    ),
    (
        r"PATH_NOT_FOUND|FileNotFoundException|does not exist",
        IntegrityError,
        "A file of the lake is missing: it was deleted by other means than Delta. `make balance` names it, with the "
        "way on (docs/losses.md).",
    ),
)


@contextmanager
def translated(settings: Settings, job: str) -> Iterator[None]:
    """Raise LakehouseErrors in place of the foreign errors of a job; their traces go to its log file."""
    for name in _LOGS:
        PySparkLogger.getLogger(name).disabled = True
    try:
        yield
    except (PySparkException, Py4JError, DeltaError, OSError) as error:
        log = settings.stack_home / "logs" / f"{job}.log"
        # What ended the job matters more than its trace, for which a full disk has no room either.
        with suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(traceback.format_exc(), encoding="utf-8")
        if isinstance(error, Py4JNetworkError) or "Answer from Java side is empty" in str(error):
            raise ServiceError(
                f"Spark's JVM ended while the job ran: it was killed, or memory ran out. Details are in {log} and "
                f"spark.log beside it."
            ) from error
        if in_task := re.search(r"^lakehouse\.errors\.ServiceError: (.*)$", str(error), re.MULTILINE):
            raise ServiceError(in_task[1]) from error
        causes = [*([_STOPPED] if _is_stopped(settings, error) else []), *_causes(error)]
        told, store = causes[-1][:300], "S3" if settings.lake.startswith("s3a:") else "HDFS"
        for shape, kind, advice in _KNOWN:
            if any(re.search(shape, cause) for cause in causes):
                advice = advice.format(kafka=settings.kafka, lake=settings.lake, store=store)
                raise kind(f"{advice} ({told}; details: {log})") from error
        raise LakehouseError(f"{told}. Details are in {log}.") from error


def _is_stopped(settings: Settings, error: BaseException) -> bool:
    """Return whether an error of Spark comes from a context that YARN has stopped."""
    context = SparkContext._active_spark_context
    is_of_spark = settings.spark_master == "yarn" and isinstance(error, PySparkException | Py4JJavaError)
    return is_of_spark and context is not None and context._jsc.sc().isStopped()


def _causes(error: BaseException) -> list[str]:
    """Return the first lines of an error and of what caused it, the innermost last."""
    texts = [_first_line(str(error)) or type(error).__name__]
    if isinstance(error, Py4JJavaError):
        java = error.java_exception
        while java is not None:
            texts.append(_first_line(str(java.toString())))
            java = java.getCause()
    else:
        texts += [_first_line(text) for text in re.findall(r"^Caused by: (.*)$", str(error), re.MULTILINE)]
        texts += re.findall(r"^[\w.]+(?:Error|Exception): .*$", str(error), re.MULTILINE)
    if error.__cause__ is not None:
        texts += _causes(error.__cause__)
    return [text for text in texts if text]


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")

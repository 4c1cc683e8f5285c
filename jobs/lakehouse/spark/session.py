"""The only module that starts Spark."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pyspark.sql import SparkSession

from lakehouse import imports

# What the jobs' correctness rests on, whatever the defaults of the cluster are.
_REQUIRED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # Datasets run side by side: no one waits behind another's large job.
    "spark.scheduler.mode": "FAIR",
}


# Rows that are handed to a Python worker at once, and the bytes that these may be.
BATCH_ROWS, BATCH_BYTES = 20_000, 128 << 20


def start(job: str, options: Mapping[str, str] = MappingProxyType({})) -> SparkSession:
    """Return the Spark session of a job with `options`; its other settings are those that spark-submit was given."""
    # pyspark asks for it where a function over Arrow batches is declared.
    imports.let_in("pandas")
    builder = SparkSession.builder.appName(f"lakehouse {job}")
    for name, value in {**_REQUIRED, **options}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def for_records(spark: SparkSession, longest: int) -> SparkSession:
    """Return a session for work on records of at most `longest` bytes.

    Spark counts the bytes of a batch for a Python worker anew with each row that it adds, which for rows of silver
    takes several times as long as all the rest (20 microseconds a row). Where the records are short enough for
    BATCH_ROWS of them, a session of its own does without.
    """
    return spark if longest * BATCH_ROWS > BATCH_BYTES else _quick(spark)


@cache
def _quick(spark: SparkSession) -> SparkSession:
    quick = spark.newSession()
    quick.conf.set("spark.sql.execution.arrow.maxBytesPerBatch", str(2**31 - 1))
    quick.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH_ROWS))
    return quick

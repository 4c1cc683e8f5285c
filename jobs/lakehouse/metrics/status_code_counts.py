"""Requests per HTTP status."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def compute(logs: DataFrame) -> DataFrame:
    """Return the number of requests per status: `status_code`, `count_requests`."""
    return (
        logs.groupBy(F.col("status").alias("status_code"))
        .agg(F.count("*").alias("count_requests"))
        .select("status_code", "count_requests")
    )

"""The only module that reads topics with Spark."""

import json
from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from lakehouse import connection


def read_topic(
    spark: SparkSession, servers: str, topic: str, starts: Mapping[int, int], ends: Mapping[int, int]
) -> DataFrame:
    """Return the committed records of a topic from the offsets `starts` up to and without `ends`, by partition.

    Offsets that are gone end the job with an error when the rows are computed.
    """
    return (
        spark.read.format("kafka")
        .option("kafka.bootstrap.servers", servers)
        .option("subscribe", topic)
        # With a group of their own for each read, Spark's consumers would be made anew for each batch. Nothing is
        # committed under it, and partitions are assigned.
        .option("kafka.group.id", f"lakehouse-{topic}")
        .option("startingOffsets", json.dumps({topic: {str(n): offset for n, offset in starts.items()}}))
        .option("endingOffsets", json.dumps({topic: {str(n): offset for n, offset in ends.items()}}))
        .option("failOnDataLoss", "true")
        .options(**connection.spark())
        .option("kafka.isolation.level", "read_committed")
        .load()
    )

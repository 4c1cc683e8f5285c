"""The only module that reads and writes tables and streams with Spark."""

import json
from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from lakehouse import paths
from lakehouse.model import Dataset
from lakehouse.settings import Settings

Batch = Callable[[DataFrame, int], None]


def table(spark: SparkSession, lake: str, name: str, version: int | None = None) -> DataFrame:
    """Return a table at its newest or the given version."""
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(paths.table(lake, name))


def table_stream(spark: SparkSession, lake: str, name: str) -> DataFrame:
    """Return the stream of the rows appended to a table."""
    return spark.readStream.format("delta").load(paths.table(lake, name))


def landed_records(spark: SparkSession, lake: str, dataset: str, hashes: Sequence[str]) -> DataFrame:
    """Return the records of landed files: `sha256`, `position`, `raw`, `is_cut`."""
    files = [f"{paths.landing(lake, dataset)}/{sha256}.parquet" for sha256 in hashes]
    records = spark.read.schema("position bigint, raw binary, is_cut boolean").parquet(*files)
    return records.select(F.substring("_metadata.file_name", 1, 64).alias("sha256"), "position", "raw", "is_cut")


def topic_stream(spark: SparkSession, settings: Settings, dataset: Dataset) -> DataFrame:
    """Return the stream of a dataset's topic from its first offset; lost offsets end it with an error."""
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka)
        .option("subscribe", dataset.topic)
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("kafka.isolation.level", "read_committed")
        .load()
    )


def append(df: DataFrame, lake: str, name: str, batch_id: int) -> None:
    """Append a micro-batch to a table once, however often it is tried.

    The transaction's id is that of the streaming query, which lives in its checkpoint.
    """
    query_id = df.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")
    writer = df.write.format("delta").mode("append").option("txnAppId", query_id).option("txnVersion", batch_id)
    writer.save(paths.table(lake, name))


def overwrite(df: DataFrame, lake: str, name: str, metadata: dict[str, object]) -> None:
    """Replace a table's rows in one commit that carries `metadata` as JSON."""
    writer = df.write.format("delta").mode("overwrite").option("userMetadata", json.dumps(metadata))
    writer.save(paths.table(lake, name))


def start_into_table(df: DataFrame, lake: str, stream: str, name: str, interval: int | None) -> StreamingQuery:
    """Start the stream `stream` straight into a table; see `start_batches` for `interval`."""
    writer = df.writeStream.format("delta").option("path", paths.table(lake, name))
    return _start(writer, lake, stream, interval)


def start_batches(df: DataFrame, lake: str, stream: str, batch: Batch, interval: int | None) -> StreamingQuery:
    """Start the stream `stream`, each micro-batch given to `batch`.

    With an `interval` (seconds) it runs on, else it ends when what was there at its start is done.
    """
    return _start(df.writeStream.foreachBatch(batch), lake, stream, interval)


def _start(writer: DataStreamWriter, lake: str, stream: str, interval: int | None) -> StreamingQuery:
    named = writer.queryName(stream).option("checkpointLocation", paths.checkpoint(lake, stream))
    if interval is None:
        return named.trigger(availableNow=True).start()
    return named.trigger(processingTime=f"{interval} seconds").start()

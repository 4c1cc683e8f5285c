"""The only module that reads and writes with Spark: tables, and topics of Kafka."""

import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from lakehouse import connection
from lakehouse.lake import data_files, losses
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.store import Lake
from lakehouse.model import ddl

# Up to so many rows one task is faster than several, and leaves one file.
ONE_TASK = 100_000


def in_tasks(rows: DataFrame, count: int) -> DataFrame:
    """Return `count` rows in one partition where they are few: what follows then needs no shuffle either."""
    return rows.coalesce(1) if count <= ONE_TASK else rows


def read(spark: SparkSession, lake: Lake, name: str, files: Sequence[DataFile], batch: int = 0) -> DataFrame:
    """Return the rows of some files of a table, of those the ones of later batches than `batch`.

    Spark is given the files that the log names: planning a scan through Delta costs three Spark jobs a table, a third
    of a second each time. Few rows come in one partition. The partition column is not among the columns. Raises
    LossError where one of the files is missing or has another size than the log says.
    """
    losses.check_files(lake, name, files)
    table = lake.table(name)
    columns = [column for column in table.columns if column.name not in table.partition_by]
    if not files:
        return spark.createDataFrame([], ddl(columns))
    rows = spark.read.schema(ddl(columns)).parquet(*(f"{lake.address(name)}/{file.path}" for file in files))
    rows = in_tasks(rows, sum(file.rows for file in files))
    return rows if not batch or all(file.follows(batch) for file in files) else rows.where(f"batch > {batch}")


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


def write(rows: DataFrame, lake: Lake, name: str, batch: int) -> list[DataFile]:
    """Write rows as Parquet files in the folder of the table `name`, and return them; they are not committed yet.

    The tasks write by Arrow and tell what they wrote: a file of a task that failed, or was done twice, is in no commit.
    """
    # Another one, which has opened nothing yet, goes to the tasks.
    table, theirs, prefix = lake.table(name), replace(lake), data_files.prefix(batch)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for file in data_files.write(theirs.files, theirs.address(table.name), table, prefix, batches):
            yield pa.RecordBatch.from_pydict({"file": [json.dumps(asdict(file))]})

    names = [column.name for column in table.columns]
    in_order = rows if rows.columns == names else rows.select(*names)
    written = in_order.mapInArrow(work, "file string").collect()
    return [DataFile(**json.loads(row.file)) for row in written]


def spread(spark: SparkSession, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Return what `work` gives for each of the items, each done in a task of its own; both go by pickle.

    A task that fails is done again: what `work` changes must be harmless where it was done before.
    """

    def do(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number in (n for batch in batches for n in batch["id"].to_pylist()):
            yield pa.RecordBatch.from_pydict({"id": [number], "result": [pickle.dumps(work(items[number]))]})

    done = spark.range(0, len(items), 1, len(items)).mapInArrow(do, "id long, result binary").collect()
    return [pickle.loads(row.result) for row in sorted(done, key=lambda row: int(row.id))]

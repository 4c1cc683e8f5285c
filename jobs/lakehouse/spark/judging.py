"""Judging in Spark: the function over Arrow batches, then duplicates, then the columns of silver."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from lakehouse.judging.judge import RULES_VERSION, judge, judged_schema
from lakehouse.lake.schemas import IDENTITY
from lakehouse.lake.state import State
from lakehouse.model import Dataset
from lakehouse.spark.duplicates import resolve, stored_rows, with_hashes

# What judging looks at, beside what it hands on.
INPUTS = ("raw", "format", "header", "is_cut", "ingested_at")


@contextmanager
def judged(bronze: DataFrame, dataset: Dataset, stored: DataFrame | None, new_rows: int) -> Iterator[DataFrame]:
    """Give bronze rows with the dataset's typed columns, hashes and `reasons`, duplicates told from conflicts.

    `stored` is the silver table that the rows will be added to, None where it is empty; `new_rows` is how many rows
    `bronze` has. With stored rows the judged ones are used twice, so they are kept until the end of the context.
    """
    schema = from_arrow_schema(judged_schema(dataset))
    needed = ["batch", *(c.name for c in IDENTITY), *INPUTS, "kafka_timestamp"]
    read = bronze.select(*needed).mapInArrow(_judging(dataset), schema).withColumnRenamed("batch", "bronze_batch")
    hashed = with_hashes(read, dataset)
    if dataset.key is None:
        yield hashed
    elif stored is None:
        yield resolve(hashed, dataset.key, None)
    else:
        kept = hashed.persist(StorageLevel.MEMORY_AND_DISK)
        try:
            yield resolve(kept, dataset.key, stored_rows(stored, dataset.key, kept, new_rows))
        finally:
            kept.unpersist()


def _judging(dataset: Dataset) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    name = dataset.name

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from lakehouse.datasets import DATASETS

        return (judge(batch, DATASETS[name]) for batch in batches)

    return work


def silver_rows(rows: DataFrame, dataset: Dataset, state: State) -> DataFrame:
    """Return judged rows as silver rows of a batch: typed columns where good, `raw` and `reasons` where quarantined."""
    is_good = F.size("reasons") == 0
    good = [*(c.name for c in dataset.columns), "key_hash", "content_hash"]
    return rows.select(
        (~is_good).alias("quarantined"),
        F.lit(state.batch).cast("bigint").alias("batch"),
        "bronze_batch",
        "source",
        "source_id",
        "position",
        *(F.when(is_good, F.col(name)).alias(name) for name in good),
        F.when(~is_good, F.col("raw")).alias("raw"),
        F.when(~is_good, F.col("reasons")).alias("reasons"),
        F.lit(RULES_VERSION).alias("rules_version"),
        "ingested_at",
        F.lit(state.run_id).alias("run_id"),
    )

"""Judging in Spark: the function over Arrow batches, then duplicates, then the columns of silver."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.accumulators import AccumulatorParam
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from lakehouse.judging.drift import Seen, union
from lakehouse.judging.judge import judge, judged_schema
from lakehouse.judging.version import rules_version
from lakehouse.lake.schemas import IDENTITY
from lakehouse.lake.state import State
from lakehouse.model import Dataset
from lakehouse.spark import changes
from lakehouse.spark.changes import Changes
from lakehouse.spark.duplicates import keyed_rows, resolve, stored_rows, with_hashes

# What judging looks at, beside what it hands on.
INPUTS = ("raw", "format", "header", "is_cut", "ingested_at")


class Sum(AccumulatorParam[Seen]):
    """How what tasks have seen is put together: of a task that is done twice it is what one saw."""

    def __init__(self, dataset: Dataset) -> None:
        self._declared = frozenset(field.source for field in dataset.all_fields)

    def zero(self, value: Seen) -> Seen:  # noqa: ARG002 - Spark's own signature
        """Return what nobody has seen anything in."""
        return {}

    def addInPlace(self, value1: Seen, value2: Seen) -> Seen:  # noqa: N802 - Spark's own name
        """Return what was seen in both."""
        return union(value1, value2, self._declared)


@contextmanager
def judged(
    bronze: DataFrame,
    dataset: Dataset,
    stored: DataFrame | None,
    new_rows: int,
    observe: Callable[[Seen], object] = lambda _: None,
    altered: Changes | None = None,
    *,
    in_one_task: bool,
) -> Iterator[DataFrame]:
    """Give bronze rows with the dataset's typed columns, hashes and `reasons`, duplicates told from conflicts.

    `stored` is the silver table that the rows will be added to, None where it is empty; `new_rows` is how many rows
    `bronze` has. `in_one_task` says that both are small: then what is stored passes by a hash table of the new rows.
    Otherwise the judged rows are used twice, so they are kept until the end of the context; so they are where records
    may be changes of a database, which is what `altered` says. The tasks tell `observe` what they see of fields.
    """
    schema = from_arrow_schema(judged_schema(dataset, with_changes=altered is not None))
    needed = ["batch", *(c.name for c in IDENTITY), *INPUTS, "kafka_timestamp", *(["operation"] if altered else [])]
    read = (
        bronze.select(*needed).mapInArrow(_judging(dataset, observe), schema).withColumnRenamed("batch", "bronze_batch")
    )
    hashed = with_hashes(read, dataset)
    if altered and dataset.key is not None:
        with kept(changes.with_hashes(hashed)) as rows:
            yield changes.resolve(rows, dataset.key, stored and keyed_rows(stored, dataset.key), altered)
    elif dataset.key is None:
        yield hashed
    elif stored is None:
        yield resolve(hashed, dataset.key, None)
    elif in_one_task:
        yield resolve(hashed.hint("shuffle_hash"), dataset.key, keyed_rows(stored.coalesce(1), dataset.key))
    else:
        with kept(hashed) as rows:
            yield resolve(rows, dataset.key, stored_rows(stored, dataset.key, rows, new_rows))


@contextmanager
def kept(rows: DataFrame) -> Iterator[DataFrame]:
    """Give rows that are used more than once, kept by Spark until the end of the context."""
    persisted = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield persisted
    finally:
        persisted.unpersist()


def _judging(
    dataset: Dataset, observe: Callable[[Seen], object]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return (judge(batch, dataset, observe) for batch in batches)

    return work


def silver_rows(rows: DataFrame, dataset: Dataset, state: State) -> DataFrame:
    """Return judged rows as silver rows of a batch: typed columns where good, `raw` and `reasons` where quarantined.

    A change of a database has its `key_hash` in both cases. One that was good until a later one came has no `raw`.
    """
    # In quotes, because what a column that silver got by itself is called is up to the source.
    good = [*(f"`{c.name}`" for c in dataset.columns), "content_hash"]
    is_change = (
        "operation IS NOT NULL OR array_contains(reasons, 'superseded') OR " if "operation" in rows.columns else ""
    )
    return rows.selectExpr(
        "size(reasons) > 0 AS quarantined",
        f"CAST({state.batch} AS BIGINT) AS batch",
        "bronze_batch",
        "source",
        "source_id",
        "position",
        *(f"CASE WHEN size(reasons) = 0 THEN {name} END AS {name}" for name in good),
        f"CASE WHEN {is_change}size(reasons) = 0 THEN key_hash END AS key_hash",
        "CASE WHEN size(reasons) > 0 AND NOT array_contains(reasons, 'superseded') THEN raw END AS raw",
        "CASE WHEN size(reasons) > 0 THEN reasons END AS reasons",
        f"'{rules_version(dataset)}' AS rules_version",
        "ingested_at",
        f"'{state.run_id}' AS run_id",
    )

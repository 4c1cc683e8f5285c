"""A metric on a small table, computed and merged by Spark."""

from collections.abc import Sequence
from random import Random

from pyspark.sql import DataFrame, SparkSession

from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.model import Metric, ddl
from lakehouse.spark.aggregates import aggregate, merge

Rows = Sequence[dict[str, object]]


def silver(spark: SparkSession, metric: Metric, rows: Rows) -> DataFrame:
    columns = DATASETS[metric.dataset].columns
    values = [tuple(row.get(column.name) for column in columns) for row in rows]
    return spark.createDataFrame(values, ddl(columns))


def answer(frame: DataFrame, metric: Metric) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in frame.select(*(column.name for column in metric.columns)).collect())


def check_computed(spark: SparkSession, name: str, rows: Rows, expected: Sequence[tuple[object, ...]]) -> None:
    """Compare what a metric makes of all rows at once, with its columns' types and its order."""
    metric = METRICS[name]
    result = aggregate(silver(spark, metric, rows), metric)
    assert [(f.name, f.dataType.simpleString()) for f in result.schema] == [
        (c.name, c.type) for c in metric.table_columns
    ]
    assert answer(result, metric) == expected
    keys = [row[0] for row in result.select(metric.key.name).collect()]
    assert keys == sorted(keys)


def check_merged(spark: SparkSession, name: str, rows: Rows, expected: Sequence[tuple[object, ...]]) -> None:
    """Compare what a metric makes of the rows in two parts."""
    metric, split = METRICS[name], Random(name).randrange(len(rows) + 1)
    first, second = (silver(spark, metric, part) for part in (rows[:split], rows[split:]))
    assert answer(merge(aggregate(first, metric), second, metric), metric) == expected


def check(spark: SparkSession, name: str, rows: Rows, expected: Sequence[tuple[object, ...]]) -> None:
    check_computed(spark, name, rows, expected)
    check_merged(spark, name, rows, expected)

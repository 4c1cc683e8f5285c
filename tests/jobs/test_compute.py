"""The four metrics as small tables: input and answer on one screen."""

from decimal import Decimal
from importlib import import_module

import pytest
from pyspark.sql import SparkSession

from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS

pytestmark = pytest.mark.spark

LONG = "m" * 250

CASES = [
    ("total_sales_per_product", [], []),
    (
        "total_sales_per_product",
        [("Lamp", Decimal("0.10")), ("Lamp", Decimal("0.20")), ("Cup", Decimal("-5.00"))],
        [("Cup", Decimal("-5.00")), ("Lamp", Decimal("0.30"))],
    ),
    ("total_sales_per_product", [("Lamp", Decimal("999999999999.99"))] * 3, [("Lamp", Decimal("2999999999999.97"))]),
    ("status_code_counts", [], []),
    ("status_code_counts", [(200,), (404,), (200,)], [(200, 2), (404, 1)]),
    ("avg_likes_per_product", [], []),
    ("avg_likes_per_product", [("Lamp", "a", 1), ("Lamp", "b", 2), (None, "c", 5)], [("Lamp", 1.5), ("c", 5.0)]),
    ("avg_likes_per_product", [(None, LONG, 1), (None, LONG + "x", 2)], [(LONG[:200], 1.5)]),
    ("campaign_metrics", [], []),
    ("campaign_metrics", [("c", 1, 10), ("c", 2, 2**40), ("d", 0, 0)], [("c", 3, 2**40 + 10), ("d", 0, 0)]),
]


@pytest.mark.parametrize(("name", "rows", "expected"), CASES)
def test_a_metric_is_computed(
    spark: SparkSession, name: str, rows: list[tuple[object, ...]], expected: list[tuple[object, ...]]
) -> None:
    metric = METRICS[name]
    types = {column.name: column.type for column in DATASETS[metric.dataset].columns}
    schema = ", ".join(f"{column} {types[column]}" for column in metric.inputs)
    result = import_module(f"lakehouse.metrics.{name}").compute(spark.createDataFrame(rows, schema))
    assert [(f.name, f.dataType.simpleString()) for f in result.schema] == [(c.name, c.type) for c in metric.columns]
    assert sorted(tuple(row) for row in result.collect()) == expected

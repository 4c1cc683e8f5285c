"""The four metrics as small tables: input and answer on one screen; merged or computed anew they are the same."""

from decimal import Decimal

import pytest
from metric_cases import Rows, check_computed, check_merged
from pyspark.sql import SparkSession

from lakehouse.metrics import METRICS
from lakehouse.model import Aggregate, Column, Metric

pytestmark = pytest.mark.spark


def sales(*rows: tuple[str, str]) -> Rows:
    return [{"product": product, "amount": Decimal(amount)} for product, amount in rows]


def posts(*rows: tuple[str | None, str, int]) -> Rows:
    return [{"product": product, "message": message, "likes": likes} for product, message, likes in rows]


def adverts(*rows: tuple[str, int, int]) -> Rows:
    return [{"campaign_id": name, "clicks": clicks, "impressions": shown} for name, clicks, shown in rows]


CASES: list[tuple[str, Rows, list[tuple[object, ...]]]] = [
    ("total_sales_per_product", [], []),
    (
        "total_sales_per_product",
        sales(("Lamp", "0.10"), ("Lamp", "0.20"), ("Cup", "-5.00")),
        [("Cup", Decimal("-5.00")), ("Lamp", Decimal("0.30"))],
    ),
    ("total_sales_per_product", sales(*[("Lamp", "999999999999.99")] * 3), [("Lamp", Decimal("2999999999999.97"))]),
    ("status_code_counts", [], []),
    ("status_code_counts", [{"status": status} for status in (200, 404, 200)], [(200, 2), (404, 1)]),
    ("avg_likes_per_product", [], []),
    (
        "avg_likes_per_product",
        posts(("Lamp", "a", 1), ("Lamp", "b", 2), (None, "c", 5), (None, "c", 6), (None, "é", 1)),
        [("Lamp", 1.5), ("Post 4a8a08f09d37", 5.5), ("Post 66ddcd97cfde", 1.0)],
    ),
    ("campaign_metrics", [], []),
    (
        "campaign_metrics",
        adverts(("c", 1, 10), ("c", 2, 2**40), ("d", 0, 0)),
        [("c", 3, 2**40 + 10), ("d", 0, 0)],
    ),
]


@pytest.mark.parametrize(("name", "rows", "expected"), CASES)
def test_a_metric_is_computed(spark: SparkSession, name: str, rows: Rows, expected: list[tuple[object, ...]]) -> None:
    check_computed(spark, name, rows, expected)


@pytest.mark.parametrize(("name", "rows", "expected"), CASES)
def test_a_metric_merged_from_parts_is_the_same(
    spark: SparkSession, name: str, rows: Rows, expected: list[tuple[object, ...]]
) -> None:
    check_merged(spark, name, rows, expected)


def test_a_metric_that_cannot_be_merged_says_so() -> None:
    column = Column("median", "double")
    metric = Metric(
        "m", "logs", Column("status_code", "int"), "status", (Aggregate(column, "median(bytes)", None),), ""
    )
    assert not metric.is_mergeable
    assert all(METRICS[name].is_mergeable for name in METRICS)


def test_the_code_of_a_metric_changes_with_how_it_is_computed() -> None:
    codes = {metric.code for metric in METRICS.values()}
    assert len(codes) == len(METRICS)
    old = METRICS["status_code_counts"]
    other = Metric(old.name, old.dataset, old.key, "status / 100", old.aggregates, old.comment)
    assert other.code != old.code

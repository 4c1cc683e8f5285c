"""Duplicates and conflicts: the first good record with a key wins, the others say why they lost."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession

from lakehouse.judge import resolve

pytestmark = pytest.mark.spark

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
SCHEMA = (
    "source_id string, position bigint, key string, content_hash bigint, reasons array<string>, "
    "ingested_at timestamp, kafka_timestamp timestamp"
)


def row(
    position: int, key: str | None, content: int, *reasons: str,
    source: str = "a", at: datetime = EARLY, is_topic: bool = False,
) -> tuple[object, ...]:  # fmt: skip
    return source, position, key, content, list(reasons), at, EARLY if is_topic else None


CASES = {
    "nothing": ([], [], {}),
    "different keys": ([row(0, "x", 1), row(1, "y", 1)], [], {}),
    "equal content": ([row(0, "x", 1), row(1, "x", 1)], [], {1: "duplicate"}),
    "different content": ([row(0, "x", 1), row(1, "x", 2), row(2, "x", 1)], [], {1: "conflict", 2: "duplicate"}),
    "without keys": ([row(0, None, 1), row(1, None, 1)], [], {}),
    "a bad one claims no key": ([row(0, "x", 1, "range"), row(1, "x", 2)], [], {0: "range"}),
    "stored before": ([row(0, "x", 1), row(1, "x", 2)], [("x", 2)], {0: "conflict", 1: "duplicate"}),
    "stored others": ([row(0, "x", 1)], [("y", 1), ("z", 1)], {}),
    "the earlier run first": ([row(0, "x", 1, at=LATE), row(1, "x", 2)], [], {0: "conflict"}),
    "file before topic": ([row(0, "x", 1, is_topic=True), row(1, "x", 1)], [], {0: "duplicate"}),
    "by source, then position": (
        [row(1, "x", 1, source="b"), row(2, "x", 1, source="a"), row(3, "x", 1, source="a")], [],
        {1: "duplicate", 3: "duplicate"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_later_records_with_a_key_are_told(spark: SparkSession, name: str) -> None:
    rows, stored, expected = CASES[name]
    existing = spark.createDataFrame(stored, "key string, content_hash bigint") if stored else None
    resolved = resolve(spark.createDataFrame(rows, SCHEMA), "key", existing).collect()
    assert sorted(r["position"] for r in resolved) == sorted(positions(rows))
    assert {r["position"]: r["reasons"][0] for r in resolved if r["reasons"]} == expected


def positions(rows: Sequence[tuple[object, ...]]) -> list[int]:
    return [int(str(r[1])) for r in rows]

"""Duplicates and conflicts: the first good record with a key wins, the others say why they lost."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.spark import duplicates
from lakehouse.spark.duplicates import keyed_rows, resolve, stored_rows

pytestmark = pytest.mark.spark

EARLY, LATE = 1, 2
SENT = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = (
    "source_id string, position bigint, key string, content_hash bigint, reasons array<string>, "
    "bronze_batch bigint, kafka_timestamp timestamp"
)


def row(
    position: int, key: str | None, content: int, *reasons: str,
    source: str = "a", at: int = EARLY, is_topic: bool = False,
) -> tuple[object, ...]:  # fmt: skip
    return source, position, key, content, list(reasons), at, SENT if is_topic else None


CASES = {
    "nothing": ([], [], {}),
    "different keys": ([row(0, "x", 1), row(1, "y", 1)], [], {}),
    "equal content": ([row(0, "x", 1), row(1, "x", 1)], [], {1: "duplicate"}),
    "different content": ([row(0, "x", 1), row(1, "x", 2), row(2, "x", 1)], [], {1: "conflict", 2: "duplicate"}),
    "without keys": ([row(0, None, 1), row(1, None, 1)], [], {}),
    "a bad one claims no key": ([row(0, "x", 1, "negative"), row(1, "x", 2)], [], {0: "negative"}),
    "stored before": ([row(0, "x", 1), row(1, "x", 2)], [("x", 2)], {0: "conflict", 1: "duplicate"}),
    "stored others": ([row(0, "x", 1)], [("y", 1), ("z", 1)], {}),
    "the earlier batch first": ([row(0, "x", 1, at=LATE), row(1, "x", 2)], [], {0: "conflict"}),
    "file before topic": ([row(0, "x", 1, is_topic=True), row(1, "x", 1)], [], {0: "duplicate"}),
    "by source, then position": (
        [row(1, "x", 1, source="b"), row(2, "x", 1, source="a"), row(3, "x", 1, source="a")], [],
        {1: "duplicate", 3: "duplicate"},
    ),
}  # fmt: skip


def hashed(frame: DataFrame) -> DataFrame:
    """Add the hash of the key, as `with_hashes` does."""
    return frame.withColumn("key_hash", F.when((F.size("reasons") == 0) & F.col("key").isNotNull(), F.xxhash64("key")))


def silver(spark: SparkSession, stored: Sequence[tuple[str, int]]) -> DataFrame:
    """Return a silver table of good rows, and a quarantined one with a key of its own."""
    good = spark.createDataFrame(list(stored), "key string, content_hash bigint").selectExpr(
        "*", "xxhash64(key) AS key_hash", "false AS quarantined"
    )
    return good.unionByName(
        good.limit(1).selectExpr("NULL AS key", "NULL AS content_hash", "NULL AS key_hash", "true AS quarantined")
    )


# How the stored rows meet the new ones: all in one task, or those with a new key, found by a broadcast or a shuffle.
WAYS = {"one task": None, "broadcast": duplicates.MAX_BROADCAST, "shuffled": 0}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_later_records_with_a_key_are_told(
    spark: SparkSession, name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, stored, expected = CASES[name]
    new, known = hashed(spark.createDataFrame(rows, SCHEMA)), None
    if stored and (most := WAYS[way]) is not None:
        monkeypatch.setattr(duplicates, "MAX_BROADCAST", most)
        known = stored_rows(silver(spark, stored), "key", new, len(rows))
    elif stored:
        new, known = new.coalesce(1).hint("shuffle_hash"), keyed_rows(silver(spark, stored).coalesce(1), "key")
    resolved = resolve(new, "key", known)
    found = resolved.collect()
    assert sorted(r["position"] for r in found) == sorted(positions(rows))
    assert {r["position"]: r["reasons"][0] for r in found if r["reasons"]} == expected


def positions(rows: Sequence[tuple[object, ...]]) -> list[int]:
    return [int(str(r[1])) for r in rows]

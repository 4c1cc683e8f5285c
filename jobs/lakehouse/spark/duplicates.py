"""Duplicates and conflicts among good records: the first of several with one business key wins."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.model import Dataset

# More new keys than this are not sent to every task, but meet the stored ones in a shuffle.
MAX_BROADCAST = 1_000_000


def with_hashes(judged: DataFrame, dataset: Dataset) -> DataFrame:
    """Add `content_hash` and `key_hash`, xxHash64 of the typed columns and of the business key; null without a key.

    xxhash64 passes over nulls, so which columns are null is hashed too.
    """
    names = [c.name for c in dataset.columns]
    key = F.lit(None).cast("bigint") if dataset.key is None else F.when(_has_key(dataset.key), F.xxhash64(dataset.key))
    content = F.xxhash64(*names, *(F.isnull(name) for name in names))
    return judged.withColumns({"content_hash": content, "key_hash": key})


def _has_key(key: str) -> Column:
    return (F.size("reasons") == 0) & F.col(key).isNotNull()


def stored_rows(silver: DataFrame, key: str, new: DataFrame, new_rows: int) -> DataFrame:
    """Return `key`, `key_hash` and `content_hash` of the good rows of silver that share a key with new rows.

    `silver` holds good rows, `new` has `key_hash`, `new_rows` is how many there are. What is stored is read, but not
    shuffled.
    """
    keys = new.where(F.col("key_hash").isNotNull()).select("key_hash")
    keys = F.broadcast(keys) if new_rows <= MAX_BROADCAST else keys
    good = silver.where(F.col("key_hash").isNotNull())
    return good.select(key, "key_hash", "content_hash").join(keys, on="key_hash", how="left_semi")


def resolve(judged: DataFrame, key: str, stored: DataFrame | None) -> DataFrame:
    """Add `duplicate` or `conflict` to the reasons of good rows whose key an earlier good row has.

    `judged` has `reasons`, `key_hash` and `content_hash`; `stored` is what `stored_rows` gives, or None where nothing
    is stored. The first of several wins: stored, then the earlier batch, then file before topic, then source_id and
    position. A row without the key, or a bad one, is no duplicate of anything.
    """
    is_keyed = F.col("key_hash").isNotNull()
    # A row without a key gets one of its own, or all of them would meet in one partition. No good key holds a NUL.
    alone = F.concat_ws("\x00", F.lit(""), "source_id", "position")
    # The hash comes first: numbers are sorted and joined several times as fast as texts with a common beginning.
    by = {
        "resolve_hash": F.coalesce("key_hash", F.xxhash64(alone)),
        "resolve_key": F.when(is_keyed, F.col(key)).otherwise(alone),
    }
    keyed = judged.withColumns(by)
    if stored is None:
        looked_up = keyed.withColumn("stored_hash", F.lit(None).cast("bigint"))
    else:
        others = stored.select(
            F.col("key_hash").alias("resolve_hash"),
            F.col(key).alias("resolve_key"),
            F.col("content_hash").alias("stored_hash"),
        )
        looked_up = keyed.join(others, on=[*by], how="left")
    same_key = Window.partitionBy(*by).orderBy(
        "bronze_batch", F.col("kafka_timestamp").isNotNull(), "source_id", "position"
    )
    first = F.coalesce("stored_hash", F.first("content_hash").over(same_key))
    is_later = F.col("stored_hash").isNotNull() | (F.row_number().over(same_key) > 1)
    reason = F.when(F.col("content_hash") == first, "duplicate").otherwise("conflict")
    return looked_up.withColumn("later", F.when(is_keyed & is_later, reason)).select(
        *(c for c in judged.columns if c != "reasons"),
        F.when(F.col("later").isNotNull(), F.array("later")).otherwise(F.col("reasons")).alias("reasons"),
    )

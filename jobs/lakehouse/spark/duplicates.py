"""Duplicates and conflicts among good records: the first of several with one business key wins.

Expressions are SQL: each function of a Column is a call into the JVM of its own, which in a stream cost as much as
Spark's own planning.
"""

from pyspark.sql import DataFrame

from lakehouse.model import Dataset

# More new keys than this are not sent to every task, but meet the stored ones in a shuffle.
MAX_BROADCAST = 1_000_000


def with_hashes(judged: DataFrame, dataset: Dataset) -> DataFrame:
    """Add `content_hash` and `key_hash`, xxHash64 of the typed columns and of the business key; null without a key.

    xxhash64 passes over nulls, so the names of the columns that are not null are hashed too. A column that is declared
    later changes no hash where it is null: a record that comes again is a duplicate of what was stored before.
    """
    names = [c.name for c in dataset.columns]
    given = (f"CASE WHEN `{name}` IS NOT NULL THEN '{name}' END" for name in names)
    content = ", ".join([*(f"`{name}`" for name in names), *given])
    key = "CAST(NULL AS BIGINT)"
    if dataset.key is not None:
        key = f"CASE WHEN size(reasons) = 0 AND {dataset.key} IS NOT NULL THEN xxhash64({dataset.key}) END"
    return judged.selectExpr("*", f"xxhash64({content}) AS content_hash", f"{key} AS key_hash")


def stored_rows(silver: DataFrame, key: str, new: DataFrame, new_rows: int) -> DataFrame:
    """Return `key`, `key_hash` and `content_hash` of the good rows of silver that share a key with new rows.

    `silver` holds good rows, `new` has `key_hash`, `new_rows` is how many there are. What is stored is read, but not
    shuffled.
    """
    keys = new.where("key_hash IS NOT NULL").select("key_hash")
    keys = keys.hint("broadcast") if new_rows <= MAX_BROADCAST else keys
    return keyed_rows(silver, key).join(keys, on="key_hash", how="left_semi")


def keyed_rows(silver: DataFrame, key: str) -> DataFrame:
    """Return `key`, `key_hash` and `content_hash` of the good rows of silver that have a key."""
    return silver.where("key_hash IS NOT NULL").select(key, "key_hash", "content_hash")


def with_stored(keyed: DataFrame, key: str, stored: DataFrame | None) -> DataFrame:
    """Add `stored_hash`: the `content_hash` of the stored row with the same `resolve_hash` and `resolve_key`."""
    if stored is None:
        return keyed.selectExpr("*", "CAST(NULL AS BIGINT) AS stored_hash")
    others = stored.selectExpr("key_hash AS resolve_hash", f"{key} AS resolve_key", "content_hash AS stored_hash")
    return keyed.join(others, on=["resolve_hash", "resolve_key"], how="left")


def resolve(judged: DataFrame, key: str, stored: DataFrame | None) -> DataFrame:
    """Add `duplicate` or `conflict` to the reasons of good rows whose key an earlier good row has.

    `judged` has `reasons`, `key_hash` and `content_hash`; `stored` is what `stored_rows` or `keyed_rows` gives, or None
    where nothing is stored. The first of several wins: stored, then the earlier batch, then file before topic, then
    source_id and position. A row without the key, or a bad one, is no duplicate of anything.
    """
    # A row without a key gets one of its own, or all of them would meet in one partition. No good key holds a NUL.
    alone = "concat_ws('\\0', '', source_id, position)"
    # The hash comes first: numbers are sorted and joined several times as fast as texts with a common beginning.
    keyed = judged.selectExpr(
        "*",
        f"coalesce(key_hash, xxhash64({alone})) AS resolve_hash",
        f"CASE WHEN key_hash IS NULL THEN {alone} ELSE {key} END AS resolve_key",
    )
    looked_up = with_stored(keyed, key, stored)
    same_key = (
        "(PARTITION BY resolve_hash, resolve_key "
        "ORDER BY bronze_batch, kafka_timestamp IS NOT NULL, source_id, position)"
    )
    return looked_up.selectExpr(
        *(f"`{name}`" for name in judged.columns if name != "reasons"),
        f"""CASE
            WHEN key_hash IS NULL OR (stored_hash IS NULL AND row_number() OVER {same_key} = 1) THEN reasons
            WHEN content_hash = coalesce(stored_hash, first(content_hash) OVER {same_key}) THEN array('duplicate')
            ELSE array('conflict')
        END AS reasons""",
    )

"""Rows of a database in silver: of a row's versions the last one counts, and none once it was deleted.

A change ends what was good under its key before, whatever that came by: in the new records by its order, in what is
stored by writing those files again. Between two changes the rule of `duplicates` holds: the first record counts.
"""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.lake import scan
from lakehouse.lake.scan import literal
from lakehouse.lake.state import Standing, State
from lakehouse.lake.store import Lake
from lakehouse.model import Dataset
from lakehouse.spark.duplicates import with_stored

# Rows of one key in the order in which they came; what is read anew comes after what was before.
_KEY = "PARTITION BY resolve_hash, resolve_key"
_NONE = "false"
_ORDER = "ORDER BY bronze_batch, kafka_timestamp IS NOT NULL, length(source_id), source_id, position"


@dataclass(frozen=True)
class Changes:
    """That records are changes of a database.

    `old` is the SQL condition on those of a table as it was before it was emptied or read anew. With `is_anew` silver
    has such among its good rows, and all of it is judged again.
    """

    old: str
    is_anew: bool = False


def of_dataset(bronze: Standing) -> Changes | None:
    """Return how changes of a dataset are told from other records, None where it never had any."""
    readings = bronze.state.readings
    if not readings:
        return None
    before = (
        f"source = {literal(source)} AND source_id <> {literal(reading.source_id)}"
        for source, reading in readings.items()
        if reading.generation > 1
    )
    return Changes(" OR ".join(before) or _NONE)


def of_batches(lake: Lake, dataset: Dataset, bronze: Standing, silver: Standing, read_to: int) -> Changes | None:
    """Return the same for later batches of bronze; None where they hold no change, and no table was read anew."""
    found, name = of_dataset(bronze), f"silver.{dataset.name}"
    if found is None:
        return None
    if found.old != _NONE and silver.files:
        sql = f"SELECT count(*) AS n FROM t WHERE NOT quarantined AND ({found.old})"
        if scan.query(sql, t=lake.open(name, silver.version))["n"][0].as_py():
            return Changes(found.old, is_anew=True)
    files = bronze.files_after(read_to)
    return found if any(file.nulls.get("operation", 0) < file.rows for file in files) else None


def with_hashes(judged: DataFrame) -> DataFrame:
    """Let a change have the hash of its key whether it is good or not: it ends what was before in both cases."""
    others = [f"`{name}`" for name in judged.columns if name != "key_hash"]
    kept = "CASE WHEN operation IS NULL THEN key_hash WHEN row_key IS NOT NULL THEN xxhash64(row_key) END AS key_hash"
    return judged.selectExpr(*others, kept)


def resolve(judged: DataFrame, key: str, stored: DataFrame | None, changes: Changes) -> DataFrame:
    """Add `deleted`, `superseded`, `duplicate`, `conflict` and `no_key` to the reasons of judged rows.

    `judged` has `reasons`, `operation`, `row_key`, `key_hash` and `content_hash`; `stored` is what `keyed_rows` gives
    of good rows, of each key one, or None where none can be concerned.
    """
    alone = "concat_ws('\\0', '', source, source_id, position)"
    keyed = judged.selectExpr(
        "*",
        f"coalesce(key_hash, xxhash64({alone})) AS resolve_hash",
        f"CASE WHEN key_hash IS NULL THEN {alone} ELSE row_key END AS resolve_key",
        "operation IS NOT NULL AND row_key IS NOT NULL AS is_change",
        f"size(reasons) = 0 AND key_hash IS NOT NULL AND NOT operation <=> 'delete' AND NOT ({changes.old}) AS counts",
    )
    looked_up = with_stored(keyed, key, stored)
    rows = "ROWS BETWEEN UNBOUNDED PRECEDING AND"
    parts = looked_up.selectExpr("*", f"sum(int(is_change)) OVER ({_KEY} {_ORDER} {rows} CURRENT ROW) AS part")
    told = parts.selectExpr(
        "*",
        f"max(part) OVER ({_KEY}) AS last_part",
        f"counts AND row_number() OVER ({_KEY}, part, counts {_ORDER}) = 1 AS is_first",
        f"first(IF(counts, content_hash, NULL), true) OVER ({_KEY}, part {_ORDER} {rows} UNBOUNDED FOLLOWING) AS "
        "first_hash",
        "part = 0 AND stored_hash IS NOT NULL AS is_after_stored",
    )
    return told.selectExpr(
        *(f"`{name}`" for name in judged.columns if name != "reasons"),
        f"""CASE
            WHEN operation IS NOT NULL AND row_key IS NULL AND (size(reasons) = 0 OR operation = 'delete')
                THEN array('no_key')
            WHEN operation = 'delete' THEN array('deleted')
            WHEN size(reasons) > 0 THEN reasons
            WHEN {changes.old} THEN array('superseded')
            WHEN key_hash IS NULL THEN reasons
            WHEN is_first AND NOT is_after_stored THEN IF(part < last_part, array('superseded'), reasons)
            WHEN content_hash = IF(is_after_stored, stored_hash, first_hash) THEN array('duplicate')
            ELSE array('conflict')
        END AS reasons""",
    )


def moved(stored: DataFrame, resolved: DataFrame, dataset: Dataset, state: State) -> DataFrame:
    """Return good rows of silver as they are after the changes: those whose key one has are quarantined as superseded.

    They get the number of the batch in which that is so. Their bytes stay in bronze.
    """
    ended = resolved.where("operation IS NOT NULL AND row_key IS NOT NULL").selectExpr(
        "key_hash", f"row_key AS {dataset.key}", "true AS is_ended"
    )
    both = stored.join(ended.distinct(), on=["key_hash", str(dataset.key)], how="left")
    typed = {column.name for column in dataset.columns} | {"content_hash"}
    became = {
        "batch": f"IF(is_ended, CAST({state.batch} AS BIGINT), batch)",
        "reasons": "IF(is_ended, array('superseded'), reasons)",
        **{name: f"CASE WHEN is_ended IS NULL THEN `{name}` END" for name in typed},
    }
    columns = [F.expr(f"{became.get(name, f'`{name}`')} AS `{name}`") for name in stored.columns]
    return both.select(F.expr("is_ended IS NOT NULL AS quarantined"), *columns)

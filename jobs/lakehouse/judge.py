"""Bronze rows -> judged rows: parsed, typed, with the rules they break; then duplicates among the good ones.

No row is ever dropped: `judge` and `resolve` return as many rows as they are given.
"""

from collections.abc import Sequence
from functools import reduce
from types import ModuleType

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.columns import CONTROL, DECIMAL, pattern, typed, without_exponent
from lakehouse.model import Dataset
from lakehouse.parse import text, with_text

Rule = tuple[str, Column]

_EARLIEST = "2000-01-01"


def date_range(name: str, ahead: str) -> Column:
    """Return whether a time is before 2000 or more than `ahead` after the record came in."""
    latest = F.col("ingested_at") + F.expr(f"interval {ahead}")
    return (F.col(name) < F.lit(_EARLIEST).cast("timestamp")) | (F.col(name) > latest)


def judge(df: DataFrame, dataset: Dataset, module: ModuleType, headers: Sequence[str]) -> DataFrame:
    """Return bronze rows with the dataset's typed columns and `reasons`, the rule names, none where good.

    `module` is the dataset's module of `lakehouse.rules`; `headers` are the header lines of its CSV files.
    """
    read = with_text(df, dataset, headers, getattr(module, "with_log", None))
    numbers = [c.name for c in dataset.columns if c.type.startswith("decimal")]
    plain = read.withColumns({f"text_{n}": _plain_number(n) for n in numbers}) if numbers else read
    typed_rows = plain.withColumns({c.name: typed(text(c.name), c.type) for c in dataset.columns})
    derived: DataFrame = getattr(module, "with_derived", lambda rows: rows)(typed_rows)
    names = [F.when(broken, F.lit(name)) for name, broken in _merged([*type_rules(dataset), *module.rules()])]
    reasons = F.when(F.col("problem").isNotNull(), F.array("problem")).otherwise(F.array_compact(F.array(*names)))
    return derived.select(*df.columns, *(c.name for c in dataset.columns), reasons.alias("reasons"))


def _plain_number(name: str) -> Column:
    return F.when(F.col("format") == "json", without_exponent(text(name))).otherwise(text(name))


def type_rules(dataset: Dataset) -> list[Rule]:
    """Return the rules that follow from the fields' types, for all datasets alike."""
    found: list[Rule] = [("required", text(f.column.name).isNull()) for f in dataset.fields if f.required]
    # One search in all texts together: most of a short search is its start.
    strings = F.concat_ws("", *(text(column.name) for column in dataset.columns if column.type == "string"))
    found.append(("control_char", strings.rlike(CONTROL)))
    for column in dataset.columns:
        value, given = F.col(column.name), text(column.name)
        if column.type == "string":
            continue
        if column.type in ("date", "timestamp"):
            found.append(("date", given.isNotNull() & value.isNull()))
        else:
            is_exact = given.rlike(pattern(column.type))
            is_too_fine = given.rlike(DECIMAL) & ~is_exact if column.type.startswith("decimal") else F.lit(False)
            found.append(("number_format", ~is_exact & ~is_too_fine))
            found.append(("scale", is_too_fine))
            found.append(("overflow", is_exact & value.isNull()))
    return found


def _merged(rules: Sequence[Rule]) -> list[Rule]:
    """Return one rule for each name: broken where one of those of that name is."""
    by_name: dict[str, list[Column]] = {}
    for name, broken in rules:
        by_name.setdefault(name, []).append(F.coalesce(broken, F.lit(False)))
    return [(name, reduce(lambda a, b: a | b, columns)) for name, columns in by_name.items()]


def with_content_hash(df: DataFrame, dataset: Dataset) -> DataFrame:
    """Add `content_hash`, an xxHash64 of the typed columns.

    xxhash64 passes over nulls, so which columns are null is hashed too.
    """
    names = [c.name for c in dataset.columns]
    return df.withColumn("content_hash", F.xxhash64(*names, *(F.isnull(n) for n in names)))


def resolve(df: DataFrame, key: str, existing: DataFrame | None) -> DataFrame:
    """Add `duplicate` or `conflict` to the reasons of good rows whose key an earlier good row has.

    `df` has `reasons` and `content_hash`; `existing` has the columns `key` and `content_hash` of the good rows that are
    stored already, or is None where there are none. The first of several wins: stored, then the earlier run, then file
    before topic, then source_id and position. A row without the key, or a bad one, is no duplicate of anything.
    """
    is_keyed = (F.size("reasons") == 0) & F.col(key).isNotNull()
    # A row without a key gets one of its own, or all of them would meet in one partition. No good key holds a NUL.
    alone = F.concat_ws("\x00", F.lit(""), "source_id", "position")
    keyed = df.withColumn("resolve_key", F.when(is_keyed, F.col(key)).otherwise(alone))
    if existing is None:
        stored = keyed.withColumn("stored_hash", F.lit(None).cast("bigint"))
    else:
        others = existing.select(F.col(key).alias("resolve_key"), F.col("content_hash").alias("stored_hash"))
        stored = keyed.join(others, on="resolve_key", how="left")
    same_key = Window.partitionBy("resolve_key").orderBy(
        "ingested_at", F.col("kafka_timestamp").isNotNull(), "source_id", "position"
    )
    first = F.coalesce("stored_hash", F.first("content_hash").over(same_key))
    is_later = F.col("stored_hash").isNotNull() | (F.row_number().over(same_key) > 1)
    reason = F.when(F.col("content_hash") == first, "duplicate").otherwise("conflict")
    return stored.withColumn("later", F.when(is_keyed & is_later, reason)).select(
        *(c for c in df.columns if c != "reasons"),
        F.when(F.col("later").isNotNull(), F.array("later")).otherwise(F.col("reasons")).alias("reasons"),
    )


def silver_rows(df: DataFrame, dataset: Dataset, rules_version: int, run_id: str) -> DataFrame:
    """Return judged rows as silver rows: typed columns where good, `raw` and `reasons` where quarantined."""
    is_good = F.size("reasons") == 0
    return df.select(
        (~is_good).alias("quarantined"),
        "source",
        "source_id",
        "position",
        *(F.when(is_good, F.col(c.name)).alias(c.name) for c in dataset.columns),
        F.when(is_good, F.col("content_hash")).alias("content_hash"),
        F.when(~is_good, F.col("raw")).alias("raw"),
        F.when(~is_good, F.col("reasons")).alias("reasons"),
        F.lit(rules_version).alias("rules_version"),
        "ingested_at",
        F.lit(run_id).alias("run_id"),
    )

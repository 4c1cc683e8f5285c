"""Records of bronze judged again by the rules as they are now, beside what silver holds of them; and that in lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import IntegrityError
from lakehouse.judging.version import rules_version
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.printing import plain, safe
from lakehouse.lake.schemas import IDENTITY
from lakehouse.lake.state import State
from lakehouse.model import Dataset, Metric
from lakehouse.reasons import sentence
from lakehouse.spark import changes, tables
from lakehouse.spark.aggregates import aggregate
from lakehouse.spark.judging import judged, kept, silver_rows
from lakehouse.spark.run import Run

RECORD = [column.name for column in IDENTITY]
# Kinds of moves, and changed groups of a metric, that are told one by one.
MOST_MOVES, MOST_GROUPS = 1_000, 20
# Characters of a record, and of a group's name, that are shown.
_SHOWN = 80


@dataclass(frozen=True)
class Move:
    """Records with the same reasons before and the same now; none says that they are good, none twice: other values.

    `samples` are the first and the last of them, each as source, position and bytes (None of a record that stays good).
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    records: int
    samples: tuple[tuple[str, int, bytes | None], ...]


@dataclass(frozen=True)
class Verdict:
    """Records judged again: the rows that would take their places in silver, the rows that are there, the next state.

    `new` has all columns of silver, kept until the end of the context; `old` those that are compared. Of its `records`
    other rules than those of now have judged `older`.
    """

    new: DataFrame
    old: DataFrame
    following: State
    records: int
    older: int


def silver_side(job: Run, dataset: Dataset, *, quarantined: bool) -> DataFrame:
    """Return the rows of one side of silver with its `quarantined`."""
    rows = job.rows_after(f"silver.{dataset.name}", side=quarantined)
    return rows.selectExpr(f"{str(quarantined).lower()} AS quarantined", "*")


@contextmanager
def judged_again(
    job: Run, dataset: Dataset, old: DataFrame, stored: Sequence[DataFile], *, all_of_it: bool
) -> Iterator[Verdict]:
    """Judge the records again whose rows of silver are `old`; `stored` are the good rows that they are compared with.

    `all_of_it` says that these are all that silver has. Raises IntegrityError where bronze does not hold each once.
    """
    name, state = f"silver.{dataset.name}", job.state(f"silver.{dataset.name}")
    version = rules_version(dataset)
    by_rules = {row.rules_version: row["count"] for row in old.groupBy("rules_version").count().collect()}
    count = sum(by_rules.values())
    bronze = job.rows_after(f"bronze.{dataset.name}").where(f"batch <= {state.source_batch}")
    if not all_of_it:
        bronze = bronze.join(old.select(*RECORD), on=RECORD, how="left_semi")
    rules = Counter(state.rules)
    rules.subtract(by_rules)
    rules[version] += count
    following = replace(state.next(job.run_id, rules=dict(+rules)), epoch=state.epoch + 1)
    good = tables.read(job.spark, job.lake, name, stored) if stored else None
    altered = changes.of_dataset(job.standings[f"bronze.{dataset.name}"])
    with (
        judged(bronze, dataset, good, count, altered=altered, in_one_task=False) as rows,
        kept(silver_rows(rows, dataset, following)) as new,
    ):
        if (found := new.count()) != count:
            raise IntegrityError(
                f"bronze.{dataset.name} gives {found:,} records for {count:,} rows of {name}. Nothing was changed. "
                f"Compare them by source, source_id and position."
            )
        yield Verdict(new, old, following, count, count - by_rules.get(version, 0))


def moves(verdict: Verdict) -> list[Move]:
    """Return what the new verdict changes, the largest numbers first."""
    looked_at = [*RECORD, "quarantined", "reasons", "raw", "content_hash"]
    both = verdict.old.select(*looked_at).alias("o").join(verdict.new.select(*looked_at).alias("n"), on=RECORD)
    changed = both.where(
        "o.quarantined <> n.quarantined OR NOT o.reasons <=> n.reasons "
        "OR (NOT n.quarantined AND NOT o.content_hash <=> n.content_hash)"
    ).selectExpr(
        "coalesce(o.reasons, array()) AS before",
        "coalesce(n.reasons, array()) AS after",
        "struct(source, position, coalesce(o.raw, n.raw) AS raw) AS record",
    )
    kinds = changed.groupBy("before", "after").agg(
        F.expr("count(*)").alias("records"), F.expr("min(record)").alias("first"), F.expr("max(record)").alias("last")
    )
    ordered = kinds.orderBy(F.desc("records"), "before", "after").limit(MOST_MOVES)
    return [_move(row) for row in ordered.collect()]


def _move(row: Any) -> Move:
    samples = dict.fromkeys((record.source, record.position, record.raw) for record in (row["first"], row["last"]))
    return Move(tuple(row.before), tuple(row.after), row.records, tuple(samples))


def changed_groups(verdict: Verdict, metric: Metric) -> tuple[int, list[dict[str, Any]]]:
    """Return how many groups of a metric the new verdict changes, and the first of them.

    Each is a dictionary with the group under the metric's key, and per value its name with before and after; None
    where the group is not there.
    """
    key, *values = (column.name for column in metric.columns)
    before, after = (
        aggregate(rows.where("NOT quarantined"), metric).selectExpr(
            key, *(f"{name} AS {name}_{when}" for name in values)
        )
        for rows, when in ((verdict.old, "before"), (verdict.new, "after"))
    )
    joined = before.alias("b").join(after.alias("a"), on=F.expr(f"b.{key} <=> a.{key}"), how="full")
    is_changed = " OR ".join(f"NOT {name}_before <=> {name}_after" for name in values)
    pairs = (f"struct({name}_before, {name}_after) AS {name}" for name in values)
    changed = joined.where(is_changed).selectExpr(f"coalesce(b.{key}, a.{key}) AS {key}", *pairs)
    rows = changed.selectExpr("*", "count(*) OVER () AS groups").orderBy(key).limit(MOST_GROUPS).collect()
    groups = [{key: row[key], **{name: tuple(row[name]) for name in values}} for row in rows]
    return (rows[0].groups if rows else 0), groups


def tell_moves(dataset: str, records: int, found: Sequence[Move]) -> list[str]:
    """Return a line for each kind of move, with what its reasons mean and samples of its records."""
    lines = [f"{dataset}: {records:,} records judged again{'' if found else ', nothing changes'}"]
    for move in found:
        lines.append(f"{move.records:>12,}  {_change(move)}")
        lines += [f"{'':14}{_sample(*sample)}" for sample in move.samples]
    return lines


def _change(move: Move) -> str:
    if not move.before and not move.after:
        return "stay good, with other values"
    if not move.after:
        return f"{', '.join(move.before)} -> good"
    means = " ".join(sentence(name) for name in move.after)
    return f"{', '.join(move.before) or 'good'} -> {', '.join(move.after)}  {means}"


def _sample(source: str, position: int, raw: bytes | None) -> str:
    return f"{safe(source)} {position}{'' if raw is None else f': {_cut(plain(raw))}'}"


def _cut(text: str) -> str:
    shown = safe(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def tell_groups(metric: Metric, count: int, changed: Sequence[dict[str, Any]]) -> list[str]:
    """Return the changed groups of a metric, a line each, and how many there are beside those."""
    if not count:
        return [f"gold.{metric.name}: nothing changes"]
    key, *values = (column.name for column in metric.columns)
    lines = [f"gold.{metric.name}: {count:,} {'group changes' if count == 1 else 'groups change'}"]
    for group in changed:
        pairs = (f"{name} {_value(group[name][0])} -> {_value(group[name][1])}" for name in values)
        lines.append(f"{'':14}{_cut(plain(group[key]))}: {', '.join(pairs)}")
    return [*lines, *([f"{'':14}and {count - len(changed):,} more"] if count > len(changed) else [])]


def _value(value: object) -> str:
    return "none" if value is None else plain(value)

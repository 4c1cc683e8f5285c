"""A record's passport: its bytes, what was decided about it and why, by which run and rules, and where it counts.

A record is named as everywhere in the lake: by `source` (file name, topic or table), `source_id` (the file's SHA-256 or
the partition) and `position` (record number from 0, or offset).
"""

from dataclasses import dataclass
from typing import Any

from lakehouse.datasets import DATASETS
from lakehouse.errors import NoSuchRecordError
from lakehouse.lake import scan
from lakehouse.lake.scan import literal
from lakehouse.lake.schemas import FILES, FORGOTTEN, RUNS
from lakehouse.lake.store import Lake
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakehouse.reasons import sentence

Row = dict[str, Any]
# Records of a group on a page.
PAGE = 100


@dataclass(frozen=True)
class Name:
    """Who a record is."""

    source: str
    source_id: str
    position: int

    def condition(self) -> str:
        """Return the SQL condition that only this record fulfils."""
        texts = f"source = {literal(self.source)} AND source_id = {literal(self.source_id)}"
        return f"{texts} AND position = {self.position:d}"


def passport(lake: Lake, name: Name) -> Row:
    """Return all that the lake knows about a record; raises NoSuchRecordError, and as `Lake.open`.

    `dataset`, `file` (its row of ledger.files, None of a message), `bronze` and `silver` (their rows, silver's None
    where it is not judged yet), `reasons` (a sentence each), `run` (the newest row of ledger.runs on the one that
    judged it), and `gold` (for each metric the row that it counts in; empty where it is in quarantine).
    """
    file = _file(lake, name)
    dataset = _dataset(lake, name, file)
    bronze = _one(lake, f"bronze.{dataset}", name.condition())
    if bronze is None:
        if gone := _one(lake, FORGOTTEN.name, f"{name.condition()} ORDER BY at"):
            raise NoSuchRecordError(
                f"Record {name.position} of {name.source} was forgotten {gone['at']:%Y-%m-%d %H:%M:%S} UTC by run "
                f"{gone['run_id']}. Nothing else is kept of it."
            )
        raise NoSuchRecordError(f"bronze.{dataset} holds no record {name.position} of {name.source}.")
    silver = _one(lake, f"silver.{dataset}", name.condition())
    is_good = silver is not None and not silver["quarantined"]
    return {
        "dataset": dataset,
        "file": file,
        "bronze": bronze,
        "silver": silver,
        "reasons": {reason: sentence(reason) for reason in (silver or {}).get("reasons") or ()},
        "run": _one(lake, RUNS.name, f"run_id = {literal(silver['run_id'])} ORDER BY at DESC") if silver else None,
        "gold": {m.name: _group(lake, m, name) for m in METRICS.values() if m.dataset == dataset} if is_good else {},
    }


def members(lake: Lake, metric: Metric, group: str, page: int) -> list[Row]:
    """Return page `page`, from 1, of the records that a group of a metric is made of, by their names.

    `group` is the value of the metric's key as text. Raises NoSuchRecordError where there is none on that page.
    """
    condition = f"NOT quarantined AND CAST({metric.group} AS VARCHAR) = {literal(group)}"
    found: list[Row] = scan.query(
        f"SELECT source, source_id, position FROM t WHERE {condition} ORDER BY source, source_id, position "
        f"LIMIT {PAGE} OFFSET {(page - 1) * PAGE}",
        t=lake.open(f"silver.{metric.dataset}"),
    ).to_pylist()
    if not found:
        raise NoSuchRecordError(f"gold.{metric.name} has no record of {group[:60]!r} on page {page}.")
    return found


def _file(lake: Lake, name: Name) -> Row | None:
    """Return the newest word of ledger.files on the file of a record, None for a message."""
    condition = f"name = {literal(name.source)} AND sha256 = {literal(name.source_id)} AND status = 'landed'"
    return _one(lake, FILES.name, f"{condition} ORDER BY seen_at DESC")


def _dataset(lake: Lake, name: Name, file: Row | None) -> str:
    by_topic = {dataset.topic: dataset.name for dataset in DATASETS.values()}
    # A row of a database's table is of the dataset that has read it.
    by_table = (n for n in DATASETS if name.source in lake.standing(f"bronze.{n}").state.readings)
    found = file["dataset"] if file else by_topic.get(name.source) or next(by_table, None)
    if found is None:
        raise NoSuchRecordError(
            f"There is no topic or table {name.source[:60]!r}, and no file of that name with the hash "
            f"{name.source_id[:64]!r} has come in. `make sql` finds names: SELECT name, sha256 FROM ledger.files"
        )
    return str(found)


def _one(lake: Lake, table: str, condition: str) -> Row | None:
    rows = scan.query(f"SELECT * FROM t WHERE {condition} LIMIT 1", t=lake.open(table)).to_pylist()
    return rows[0] if rows else None


def _group(lake: Lake, metric: Metric, name: Name) -> Row | None:
    """Return the row of gold that a good record counts in, None where gold is behind silver."""
    tables = {"gold": lake.open(f"gold.{metric.name}"), "silver": lake.open(f"silver.{metric.dataset}")}
    columns = ", ".join(f"g.{column.name}" for column in metric.columns)
    rows = scan.query(
        f"SELECT {columns} FROM gold g JOIN (SELECT {metric.group} AS k FROM silver WHERE {name.condition()}) s "
        f"ON g.{metric.key.name} IS NOT DISTINCT FROM s.k",
        **tables,
    ).to_pylist()
    return rows[0] if rows else None

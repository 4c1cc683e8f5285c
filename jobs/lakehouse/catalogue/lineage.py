"""From a number of gold back to the files and offsets that it was computed from."""

from functools import lru_cache
from typing import Any

from deltalake import DeltaTable

from lakehouse.catalogue import versions
from lakehouse.catalogue.versions import iso
from lakehouse.datasets import DATASETS
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, scan
from lakehouse.lake.relations import View
from lakehouse.metrics import METRICS

Fact = dict[str, Any]
# Sources listed in one answer; `sources_in_all` says how many there are.
MOST = 1_000
# Characters of a file's hash.
_HASH = 64
_TAKEN = """
    SELECT source, source_id, min(position) AS first_position, max(position) AS last_position,
        count(*) AS records, count(*) FILTER ({good}) AS good
    FROM t GROUP BY source, source_id ORDER BY source, source_id
"""
_FILES = "SELECT sha256, name, size, records, seen_at, run_id FROM t WHERE status = 'landed' AND dataset = '{dataset}'"


def lineage(lake: Lake, view: View, table: DeltaTable) -> Fact:
    """Return which commit a view's rows are from, and every file and topic partition behind them.

    For gold that is the silver version named in gold's commit. Raises NotFound where it is not kept.
    """
    _, _, name = view.table.partition(".")
    state = lake.standing(view.table, table).state
    step: Fact = {"table": view.table, "version": table.version(), "run_id": state.run_id or None}
    if view.layer != "gold":
        return {"table": view.name, "steps": [step], **_sources(lake, name, view.table, table)}
    if state.source is None:
        raise NotBuiltError(f"{view.name} has not been computed yet. Run `make pipeline`.")
    dataset = METRICS[name].dataset
    silver = versions.source_of(lake, f"silver.{dataset}", state.source)
    steps = [step, {"table": f"silver.{dataset}", "version": silver.version(), "run_id": None}]
    return {"table": view.name, "steps": steps, **_sources(lake, dataset, f"silver.{dataset}", silver)}


def _sources(lake: Lake, dataset: str, name: str, table: DeltaTable) -> Fact:
    found = _taken(lake.address(name), str(table.metadata().id), table.version())
    # The registry's names only: nothing of a request gets into this text.
    files = scan.query(_FILES.format(dataset=dataset), t=lake.open("ledger.files")).to_pylist()
    landed = {file.pop("sha256"): file | {"seen_at": iso(file["seen_at"])} for file in files}
    return {
        "sources_in_all": len(found),
        "sources": [
            {"kind": _kind(part, DATASETS[dataset].topic), **part, "landed": landed.get(part["source_id"])}
            for part in found[:MOST]
        ],
    }


def _kind(part: Fact, topic: str) -> str:
    """Return what a source is: a file is known by its hash."""
    if part["source"] == topic:
        return "topic"
    return "file" if len(str(part["source_id"])) == _HASH else "table"


@lru_cache(maxsize=32)
def _taken(address: str, _table_id: str, version: int) -> tuple[Fact, ...]:
    """Return what a version of a table holds of each source; it never changes, unless the table is made anew."""
    table = DeltaTable(address, version=version)
    has_sides = "quarantined" in table.metadata().partition_columns
    side = "WHERE NOT quarantined" if has_sides else "WHERE true"
    return tuple(scan.query(_TAKEN.format(good=side), t=table).to_pylist())

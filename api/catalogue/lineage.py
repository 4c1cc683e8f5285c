"""From a number of gold back to the files and offsets that it was computed from."""

from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from catalogue import sources
from catalogue.sources import Taken
from config.refusals import UnknownVersionError
from lakehouse.datasets import DATASETS
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, scan
from lakehouse.lake.relations import View
from lakehouse.lake.state import Source
from lakehouse.metrics import METRICS
from lakes.versions import iso

Fact = dict[str, Any]
# Sources listed in one answer; `sources_in_all` says how many there are.
MOST = 1_000
_FILES = "SELECT sha256, name, size, records, seen_at, run_id FROM t WHERE status = 'landed' AND dataset = '{dataset}'"


def lineage(lake: Lake, view: View, table: DeltaTable) -> Fact:
    """Return which commit a view's rows are from, and every file and topic partition behind them.

    For gold that is the silver version named in gold's commit. Raises UnknownVersionError where it is not kept.
    """
    _, _, name = view.table.partition(".")
    state = lake.standing(view.table, table).state
    step: Fact = {"table": view.table, "version": table.version(), "run_id": state.run_id or None}
    if view.layer != "gold":
        return {"table": view.name, "steps": [step], **_sources(lake, name, view.table, table)}
    if state.source is None:
        raise NotBuiltError(f"{view.name} has not been computed yet. Run `make pipeline`.")
    dataset = _dataset(view)
    silver = _silver(lake, dataset, state.source)
    steps = [step, {"table": f"silver.{dataset}", "version": silver.version(), "run_id": None}]
    return {"table": view.name, "steps": steps, **_sources(lake, dataset, f"silver.{dataset}", silver)}


def _dataset(view: View) -> str:
    return METRICS[view.name.partition(".")[2]].dataset


def _silver(lake: Lake, dataset: str, source: Source) -> DeltaTable:
    name = f"silver.{dataset}"
    # One that was made anew has other rows under the same version.
    is_same = source.id in ("", str(lake.open(name).metadata().id))
    try:
        if is_same:
            return DeltaTable(lake.address(name), version=source.version)
    except DeltaError as error:
        raise UnknownVersionError(f"Version {source.version} of {name} is not kept any more.") from error
    raise UnknownVersionError(f"{name} was made anew since: its version {source.version} is not kept any more.")


def _sources(lake: Lake, dataset: str, name: str, table: DeltaTable) -> Fact:
    found = sources.taken(lake.address(name), table)
    ledger = lake.open("ledger.files")
    # The registry's names only: nothing of a request gets into this text.
    files = scan.query(_FILES.format(dataset=dataset), t=ledger).to_pylist()
    by_hash = {file["sha256"]: file for file in files}
    return {
        "sources_in_all": len(found),
        "sources": [_source(part, dataset, by_hash.get(part.source_id)) for part in found[:MOST]],
    }


def _source(part: Taken, dataset: str, file: Fact | None) -> Fact:
    """Return one source: what was taken of it, and for a file what the ledger knows about it."""
    return {
        "kind": "topic" if part.source == DATASETS[dataset].topic else "file",
        "source": part.source,
        "source_id": part.source_id,
        "first_position": part.first,
        "last_position": part.last,
        "records": part.records,
        "good": part.good,
        "landed": None if file is None else _landed(file),
    }


def _landed(file: Fact) -> Fact:
    return {
        "name": file["name"],
        "size": int(file["size"]),
        "records": int(file["records"]),
        "seen_at": iso(file["seen_at"]),
        "run_id": file["run_id"],
    }

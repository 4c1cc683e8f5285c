"""From a number of gold back to the files and offsets that it was computed from."""

from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from catalogue import sources
from catalogue.history import noted
from catalogue.lake import iso
from catalogue.sources import Taken
from lakehouse import frames, lake, paths
from lakehouse.datasets import DATASETS
from lakehouse.errors import NotBuiltError
from lakehouse.metrics import METRICS
from lakehouse.views import View
from query.errors import UnknownVersionError

Fact = dict[str, Any]
# Sources listed in one answer; `sources_in_all` says how many there are.
MOST = 1_000
_FILES = "SELECT sha256, name, size, records, seen_at, run_id FROM t WHERE status = 'landed' AND dataset = '{dataset}'"


def lineage(url: str, view: View, table: DeltaTable) -> Fact:
    """Return which commit a view's rows are from, and every file and topic partition behind them.

    For gold that is the silver version named in gold's commit. Raises UnknownVersionError where it is not kept.
    """
    _, _, name = view.table.partition(".")
    stamp = _stamp(table)
    step: Fact = {"table": view.table, "version": table.version(), "run_id": stamp.get("run_id")}
    if view.layer != "gold":
        return {"table": view.name, "steps": [step], **_sources(url, name, view.table, table)}
    dataset, version = _dataset(view), stamp.get("silver_version")
    if version is None:
        raise NotBuiltError(f"{view.name} has not been computed yet. Run `make pipeline`.")
    silver = _silver(url, dataset, int(version))
    steps = [step, {"table": f"silver.{dataset}", "version": silver.version(), "run_id": None}]
    return {"table": view.name, "steps": steps, **_sources(url, dataset, f"silver.{dataset}", silver)}


def _stamp(table: DeltaTable) -> Fact:
    """Return what the job that wrote the rows noted: commits after its own, such as a VACUUM's, note nothing."""
    return next((found for entry in table.history() if (found := noted(entry))), {})


def _dataset(view: View) -> str:
    return METRICS[view.name.partition(".")[2]].dataset


def _silver(url: str, dataset: str, version: int) -> DeltaTable:
    lake.open_table(url, f"silver.{dataset}")
    try:
        return DeltaTable(paths.table(url, f"silver.{dataset}"), version=version)
    except DeltaError as error:
        raise UnknownVersionError(f"Version {version} of silver.{dataset} is not kept any more.") from error


def _sources(url: str, dataset: str, name: str, table: DeltaTable) -> Fact:
    found = sources.taken(url, name, table)
    ledger = lake.open_table(url, "ledger.files")
    # The registry's names only: nothing of a request gets into this text.
    files: list[Any] = frames.query(_FILES.format(dataset=dataset), t=ledger).to_dict("records")
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

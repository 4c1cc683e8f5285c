"""The commits of a table, newest first, in words that tell nothing about the machine."""

from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from lakehouse.catalogue.versions import iso
from lakehouse.lake import log
from lakehouse.lake.state import State

# What Spark and delta-rs call the same figures.
_ROWS = ("numOutputRows", "num_added_rows")
_FILES = ("numFiles", "numAddedFiles", "num_added_files")


# The layer that a layer's tables are made from, as it is named in what a job noted.
_SOURCES = {"gold": "silver", "silver": "bronze", "quarantine": "bronze"}


def commits(table: DeltaTable, layer: str, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` commits: version, time, operation, rows and files added, and what the job noted."""
    return [_commit(entry, layer) for entry in table.history(limit)]


def noted(entry: dict[str, Any], layer: str) -> dict[str, Any]:
    """Return what a job left with its commit: run, batch, and for gold the silver version behind it; else nothing."""
    found = log.metadata_of([{"commitInfo": entry}])
    if (state := State.of(found)) is None:
        return found if isinstance(found, dict) else {}
    source = _SOURCES.get(layer)
    read = {f"{source}_version": state.source.version, f"{source}_id": state.source.id} if state.source else {}
    return {"run_id": state.run_id, "batch": state.batch, **read}


def _commit(entry: dict[str, Any], layer: str) -> dict[str, Any]:
    metrics = entry.get("operationMetrics") or {}
    return {
        "version": entry["version"],
        "committed_at": iso(datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)),
        "operation": entry.get("operation"),
        "engine": entry.get("engineInfo"),
        "rows": _first(metrics, _ROWS),
        "files": _first(metrics, _FILES),
        "noted": noted(entry, layer),
    }


def _first(metrics: dict[str, Any], names: tuple[str, ...]) -> int | None:
    found = next((metrics[name] for name in names if name in metrics), None)
    return None if found is None else int(found)

"""The commits of a table, newest first, in words that tell nothing about the machine."""

import json
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from catalogue.lake import iso

# What Spark and delta-rs call the same figures.
_ROWS = ("numOutputRows", "num_added_rows")
_FILES = ("numFiles", "numAddedFiles", "num_added_files")


def commits(table: DeltaTable, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` commits: version, time, operation, rows and files added, and what the job noted."""
    return [_commit(entry) for entry in table.history(limit)]


def noted(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON object that a job left with its commit, such as the silver version behind gold; else nothing."""
    try:
        found = json.loads(entry.get("userMetadata") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _commit(entry: dict[str, Any]) -> dict[str, Any]:
    metrics = entry.get("operationMetrics") or {}
    return {
        "version": entry["version"],
        "committed_at": iso(datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)),
        "operation": entry.get("operation"),
        "engine": entry.get("engineInfo"),
        "rows": _first(metrics, _ROWS),
        "files": _first(metrics, _FILES),
        "noted": noted(entry),
    }


def _first(metrics: dict[str, Any], names: tuple[str, ...]) -> int | None:
    found = next((metrics[name] for name in names if name in metrics), None)
    return None if found is None else int(found)

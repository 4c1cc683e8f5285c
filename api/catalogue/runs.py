"""The history of job runs: the start and the end of each, put together."""

import json
from typing import Any

from lakehouse.lake import Lake, scan
from lakes.versions import iso

# The newest rows are enough to find the newest runs, of which each has two.
_NEWEST = """
    SELECT run_id, job, status, at, code_version, seconds, counts, error FROM runs
    ORDER BY at DESC LIMIT {rows}
"""


def runs(lake: Lake, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` runs, newest first; one without an end is `interrupted`, or still running."""
    rows = scan.query(_NEWEST.format(rows=2 * limit + 2), runs=lake.open("ledger.runs"))
    found: dict[str, dict[str, Any]] = {}
    for row in reversed(rows.to_pylist()):
        run = found.setdefault(row["run_id"], _started(row))
        if row["status"] != "started":
            run |= {
                "status": row["status"],
                "ended_at": iso(row["at"]),
                "seconds": row["seconds"],
                "counts": _counts(row["counts"]),
                "error": row["error"],
            }
    newest_first = sorted(found.values(), key=lambda run: run["started_at"] or "", reverse=True)
    return [run for run in newest_first if run["started_at"]][:limit]


def _started(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_id": row["run_id"],
        "job": row["job"],
        "status": "interrupted",
        "started_at": iso(row["at"]) if row["status"] == "started" else None,
        "ended_at": None,
        "seconds": None,
        "code_version": row["code_version"],
        "counts": {},
        "error": None,
    }


def _counts(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

"""The history of job runs: the start and the end of each, put together."""

import json
from typing import Any

from lakehouse.lake import Lake, scan
from lakes.versions import iso

# A run has two rows, its start and its end; the newest rows are enough for the newest runs.
_NEWEST = """
    WITH newest AS (SELECT * FROM runs ORDER BY at DESC LIMIT {rows}),
        ends AS (SELECT * FROM newest WHERE status <> 'started')
    SELECT s.run_id, s.job, coalesce(e.status, 'interrupted') AS status, s.at AS started_at, e.at AS ended_at,
        e.seconds, s.code_version, e.counts, e.error
    FROM newest s LEFT JOIN ends e ON s.run_id = e.run_id
    WHERE s.status = 'started' ORDER BY s.at DESC LIMIT {runs}
"""


def runs(lake: Lake, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` runs, newest first; one without an end is `interrupted`, or still running."""
    found = scan.query(_NEWEST.format(rows=2 * limit + 2, runs=limit), runs=lake.open("ledger.runs"))
    return [
        run
        | {"started_at": iso(run["started_at"]), "ended_at": iso(run["ended_at"])}
        | {"counts": json.loads(run["counts"] or "{}")}
        for run in found.to_pylist()
    ]

"""The history of job runs: a row of ledger.runs at the start of each and one at its end, and both put together."""

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from lakehouse.errors import LakehouseError
from lakehouse.lake import scan
from lakehouse.lake.schemas import RUNS
from lakehouse.lake.store import Lake
from lakehouse.version import code_version

if TYPE_CHECKING:
    from lakehouse.lake.lineage import Lineage

# Where OpenLineage's client looks for its configuration.
_OPENLINEAGE_NAMES = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__")
_OPENLINEAGE_FILES = ("openlineage.yml", "~/.openlineage/openlineage.yml")
# A run has two rows, its start and its end; the newest rows are enough for the newest runs.
_NEWEST = """
    WITH newest AS (SELECT * FROM runs ORDER BY at DESC LIMIT {rows}),
        ends AS (SELECT * FROM newest WHERE status <> 'started')
    SELECT s.run_id, s.job, coalesce(e.status, 'interrupted') AS status, s.at AS started_at, e.at AS ended_at,
        e.seconds, s.code_version, e.counts, e.error
    FROM newest s LEFT JOIN ends e ON s.run_id = e.run_id
    WHERE s.status = 'started' ORDER BY s.at DESC LIMIT {runs}
"""


def newest(lake: Lake, limit: int) -> pa.Table:
    """Return up to `limit` runs, newest first; one without an end is `interrupted`, or still running.

    Columns: run_id, job, status, started_at, ended_at, seconds, code_version, counts (JSON per table), error.
    """
    return scan.query(_NEWEST.format(rows=2 * limit + 2, runs=limit), runs=lake.open(RUNS.name))


def started_at(lake: Lake, run_id: str) -> datetime | None:
    """Return when a run started, None where ledger.runs has no such run."""
    return _at(lake, run_id, "status = 'started'")


def ended_at(lake: Lake, run_id: str) -> datetime | None:
    """Return when a run ended, None where ledger.runs has no such run or not its end."""
    return _at(lake, run_id, "status <> 'started'")


def _at(lake: Lake, run_id: str, condition: str) -> datetime | None:
    where = f"run_id = {scan.literal(run_id)} AND {condition}"
    found: list[datetime] = scan.read(lake.open(RUNS.name), ["at"], where)["at"].to_pylist()
    return max(found, default=None)


def new_run_id() -> str:
    """Return an id for a run: when it began, in UTC, and a random end."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


@contextmanager
def recorded(lake: Lake, job: str, run_id: str, counts: Mapping[str, object]) -> Iterator[None]:
    """Write a run's start and its end, with its counts as they are then; a killed run leaves its start alone.

    Both are told as OpenLineage events too, where its configuration is there.
    """
    version, started = code_version(), time.monotonic()
    lineage = _lineage(lake, job, run_id, version)

    def row(status: str, error: str | None = None) -> dict[str, object]:
        return {
            "run_id": run_id,
            "job": job,
            "status": status,
            "at": datetime.now(UTC),
            "code_version": version,
            "seconds": round(time.monotonic() - started, 3),
            "counts": json.dumps(counts),
            "error": error,
        }

    lake.append(RUNS, [row("started")])
    try:
        yield
    except (LakehouseError, KeyboardInterrupt) as error:
        cause = str(error) or "stopped by the user"
        # What ended the run is told, whether or not a lake that is away takes a word of it.
        with suppress(LakehouseError):
            lake.append(RUNS, [row("failed", cause)])
        if lineage:
            lineage.end(counts, cause)
        raise
    lake.append(RUNS, [row("succeeded")])
    if lineage:
        lineage.end(counts)


def _lineage(lake: Lake, job: str, run_id: str, version: str) -> "Lineage | None":
    """Return what tells of a run by OpenLineage, None without a configuration of that."""
    is_named = any(name.startswith(_OPENLINEAGE_NAMES) for name in os.environ)
    if not is_named and not any(Path(place).expanduser().is_file() for place in _OPENLINEAGE_FILES):
        return None
    # Its client takes 0.3 s to import.
    from lakehouse.lake.lineage import Lineage

    return Lineage(lake, job, run_id, version)

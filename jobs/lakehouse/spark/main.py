"""The way in and out of a job: its lock, its two rows in ledger.runs, and its exit code."""

import json
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from lakehouse.errors import LakehouseError
from lakehouse.lake.lock import writer_lock
from lakehouse.lake.schemas import RUNS, tables
from lakehouse.lake.store import Lake
from lakehouse.settings import Settings, code_version, load
from lakehouse.spark.faults import translated
from lakehouse.spark.run import LOG, Run

# Seconds that the process has to end after Ctrl-C.
ENDING = 12.0
INTERRUPTED = 130


def main(job: str, work: Callable[[Run], None], *, is_continuous: bool = False, is_reader: bool = False) -> int:
    """Run a job to its end and return its exit code: 0, that of the LakehouseError that ended it, or 130 for Ctrl-C.

    One that only reads runs beside others and leaves nothing in the lake, not even in ledger.runs.
    """
    logging.basicConfig(level=logging.CRITICAL, format="%(message)s", stream=sys.stdout)
    LOG.setLevel(logging.INFO)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        settings = load()
        os.environ.setdefault("HADOOP_CONF_DIR", str(settings.hadoop_conf))
        lake = Lake.of(settings)
        if is_reader:
            with translated(settings, job):
                work(Run(job, settings, lake, {name: lake.standing(name) for name in tables()}))
            return 0
        with translated(settings, job), writer_lock(lake, job):
            run = Run(job, settings, lake, lake.make_tables(), is_continuous=is_continuous)
            with _recorded(run):
                work(run)
        _mark(settings)
    except KeyboardInterrupt:
        return INTERRUPTED
    except LakehouseError as error:
        LOG.log(logging.ERROR, "%s failed: %s", job, error)
        return error.exit_code
    return 0


def _mark(settings: Settings) -> None:
    """Leave a file with the time of this run: jobs/submit.sh sees by it how much has come into the inbox since."""
    folder = settings.stack_home / "last-run"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / re.sub(r"[^A-Za-z0-9]", "_", settings.lake)).touch()


def _interrupt(*_: object) -> None:
    """End the run as Ctrl-C asks, and the process by force where a lake that hangs keeps it."""
    timer = threading.Timer(ENDING, os._exit, [INTERRUPTED])
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


@contextmanager
def _recorded(run: Run) -> Iterator[None]:
    """Write the run's start and end to ledger.runs; a killed run leaves its start alone."""
    version, started = code_version(), time.monotonic()

    def row(status: str, error: str | None = None) -> dict[str, object]:
        return {
            "run_id": run.run_id,
            "job": run.job,
            "status": status,
            "at": datetime.now(UTC),
            "code_version": version,
            "seconds": round(time.monotonic() - started, 3),
            "counts": json.dumps(run.counts),
            "error": error,
        }

    run.lake.append(RUNS, [row("started")])
    try:
        with translated(run.settings, run.job):
            yield
    except (LakehouseError, KeyboardInterrupt) as error:
        # What ended the run is told, whether or not a lake that is away takes a word of it.
        with suppress(LakehouseError):
            run.lake.append(RUNS, [row("failed", str(error) or "stopped by the user")])
        raise
    run.lake.append(RUNS, [row("succeeded")])

"""The way in and out of a job on Spark: its settings, its lock, Ctrl-C, and its exit code."""

import logging
import os
import re
import signal
import threading
from collections.abc import Callable

from lakehouse import clients, logs
from lakehouse.errors import LakehouseError
from lakehouse.lake import losses, native
from lakehouse.lake.lock import writer_lock
from lakehouse.lake.runs import recorded
from lakehouse.lake.store import Lake
from lakehouse.settings import Settings, load
from lakehouse.spark.faults import translated
from lakehouse.spark.run import LOG, Run

# Seconds that the process has to end after Ctrl-C.
ENDING = 12.0
INTERRUPTED = 130
# Set by Ctrl-C: the exception that tells of it goes nowhere where it comes in a finalizer.
asked_to_end = threading.Event()


def main(
    job: str,
    work: Callable[[Run], None],
    *,
    is_continuous: bool = False,
    is_reader: bool = False,
    accepts_loss: bool = False,
) -> int:
    """Run a job to its end and return its exit code: 0, that of the LakehouseError that ended it, or 130 for Ctrl-C.

    One that only reads runs beside others and leaves nothing in the lake, not even in ledger.runs.
    """
    logs.start(job)
    LOG.setLevel(logging.INFO)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        _do(job, work, is_continuous=is_continuous, is_reader=is_reader, accepts_loss=accepts_loss)
    except KeyboardInterrupt:
        return native.leave(INTERRUPTED)
    except LakehouseError as error:
        LOG.log(logging.ERROR, "%s failed: %s", job, error)
        return native.leave(error.exit_code)
    return native.leave(0)


def _do(job: str, work: Callable[[Run], None], *, is_continuous: bool, is_reader: bool, accepts_loss: bool) -> None:
    settings = load()
    clients.prepare(settings, settings.hdfs_user)
    lake = Lake.of(settings)
    if is_reader:
        with translated(settings, job):
            _work(Run(job, settings, lake, lake.standings()), work)
        return
    with translated(settings, job), writer_lock(lake, job):
        run = Run(job, settings, lake, lake.make_tables(), is_continuous=is_continuous, accepts_loss=accepts_loss)
        logs.ALWAYS["run_id"] = run.run_id
        with recorded(lake, job, run.run_id, run.counts), translated(settings, job):
            _work(run, work)
    _mark(settings)


def _work(run: Run, work: Callable[[Run], None]) -> None:
    if (run.settings.spark_master, run.settings.deploy_mode) == ("yarn", "cluster"):
        _ = run.spark  # YARN calls a driver in its container failed that starts no session
    losses.check(run.lake, run.standings)
    work(run)


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
    asked_to_end.set()
    raise KeyboardInterrupt

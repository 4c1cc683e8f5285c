"""One run of a job: its lock, its two rows in ledger.runs, its log lines, and its exit code."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pyspark.sql import SparkSession

from lakehouse import session
from lakehouse.catalogue import RUNS
from lakehouse.errors import LakehouseError
from lakehouse.faults import translated
from lakehouse.lake import append, create_tables
from lakehouse.lock import writer_lock
from lakehouse.settings import ROOT, Settings, load

T = TypeVar("T")

LOG = logging.getLogger("lakehouse")


@dataclass
class Run:
    """A run of a job: its settings, its id and start, and what it counted so far.

    `interval` is the trigger's number of seconds in continuous mode, else None. `counts` maps a table's name to what
    was added there and how long it took.
    """

    job: str
    settings: Settings
    interval: int | None = None
    run_id: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}")
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    counts: dict[str, dict[str, float]] = field(default_factory=dict)

    @cached_property
    def spark(self) -> SparkSession:
        """The Spark session, started when it is first needed: a run without news does without."""
        started = time.monotonic()
        spark = session.start(self.job)
        # PySpark's own handler would cancel the running jobs.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        LOG.info("%-7s %-26s %.1f s", "spark", "session", time.monotonic() - started)
        return spark

    def start(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Do Spark tasks side by side and return their results; without any, Spark is not started either."""
        if not tasks:
            return []
        _ = self.spark
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda task: task(), tasks))

    def report(self, name: str, seconds: float, **counts: int) -> None:
        """Log one line for a table and keep its counts for the ledger."""
        layer, _, rest = name.partition(".")
        shown = "  ".join(f"{count:,} {label}" for label, count in counts.items())
        LOG.info("%-7s %-26s %s  %.1f s", layer, rest, shown, seconds)
        self.counts[name] = {**counts, "seconds": round(seconds, 3)}


def code_version() -> str:
    """Return the commit that the code is at, `unknown` outside a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def main(job: str, work: Callable[[Run], None], *, is_continuous: bool = False) -> int:
    """Run a job to its end and return its exit code: 0, that of the LakehouseError that ended it, or 130 for Ctrl-C."""
    logging.basicConfig(level=logging.CRITICAL, format="%(message)s", stream=sys.stdout)
    LOG.setLevel(logging.INFO)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        settings = load()
        os.environ.setdefault("HADOOP_CONF_DIR", str(settings.hadoop_conf))
        with translated(settings, job), writer_lock(settings, job):
            create_tables(settings.lake)
            run = Run(job, settings, settings.stream_interval if is_continuous else None)
            with _recorded(run):
                work(run)
    except KeyboardInterrupt:
        return 130
    except LakehouseError as error:
        LOG.log(logging.ERROR, "%s failed: %s", job, error)
        return error.exit_code
    return 0


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

    append(run.settings.lake, RUNS, [row("started")])
    try:
        with translated(run.settings, run.job):
            yield
    except (LakehouseError, KeyboardInterrupt) as error:
        append(run.settings.lake, RUNS, [row("failed", str(error) or "stopped by the user")])
        raise
    append(run.settings.lake, RUNS, [row("succeeded")])


def log_folder(settings: Settings) -> Path:
    """Return the folder that jobs write their details to."""
    return settings.stack_home / "logs"

"""The streaming job as a process: started, interrupted as Ctrl-C does, and never left behind."""

import math
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from stack import RunningStack

from bench.measurement import tree
from bench.place import BenchError
from docker.native import daemons
from lakehouse.settings import ROOT

_PATIENCE = 60.0


@dataclass
class Job:
    """A running `pipeline.py --continuous`, its output in `log`."""

    process: subprocess.Popen[bytes]
    log: Path
    started: float

    def check(self) -> None:
        """Raise BenchError with the last lines it printed where it has ended by itself."""
        if self.process.poll() is not None:
            raise BenchError(f"The stream ended with {self.process.returncode}:\n{self.last_lines()}")

    def last_lines(self, count: int = 15) -> str:
        """Return the end of what it printed."""
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-count:])

    def lines(self) -> int:
        """Return how many lines it has printed."""
        with self.log.open("rb") as file:
            return sum(1 for _ in file)

    def interrupt(self) -> float:
        """Send SIGINT to its process group and return the seconds until it ended; infinite where it had to be killed.

        An end that is not a success counts as none.
        """
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            code = self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return math.inf
        return time.monotonic() - began if code == 0 else math.inf


@contextmanager
def streaming(stack: RunningStack, log: Path) -> Iterator[Job]:
    """Give a streaming job that has just been started; whatever of it is left at the end is ended."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["jobs/submit.sh", "jobs/pipeline.py", "--continuous"],
            env=stack.environ | {"SPARK_LOCAL_DIRS": str(log.parent), "TMPDIR": str(log.parent)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield Job(process, log, time.monotonic())
    finally:
        if process.poll() is None:
            daemons.end(tree(psutil.Process(process.pid)), 10)
            process.wait()

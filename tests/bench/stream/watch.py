"""What the job and its lake look like minute by minute: memory, live files, versions, lines printed."""

import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from stack import RunningStack

from bench import store
from bench.measurement import resident, tree
from lakehouse.settings import ROOT

_PATIENCE = 45
# The first minutes fill heap and caches; memory is judged from here on, in minutes.
WARM = 5


@dataclass(frozen=True)
class Sample:
    """One look: bytes of the JVM and of the Python processes (proportional), files and version of each table."""

    minute: int
    jvm: int
    python: int
    tables: dict[str, list[int]]
    lines: int

    @property
    def memory(self) -> int:
        """Bytes of all the job's processes."""
        return self.jvm + self.python

    def most_files(self) -> tuple[int, str]:
        """Return the number of live files of the table that has most, and its name."""
        return max(((files, name) for name, (files, _) in self.tables.items()), default=(0, "-"))


def _is_java(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.name() == "java"
    return False


def _tables(stack: RunningStack) -> dict[str, list[int]]:
    """Return files and version of each table; none where reading them does not end in time, or fails meanwhile."""
    lake = stack.settings.lake
    command = [sys.executable, "-m", "bench.stream.tables", lake, *store.commits(stack.settings, lake)]
    environ = stack.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'jobs'}:{ROOT / 'tests'}"}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_PATIENCE, check=True)
    except subprocess.SubprocessError:
        return {}
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


def look(stack: RunningStack, job: psutil.Process, log: Path, minute: int) -> Sample:
    """Take one sample of a running job."""
    processes = tree(job)
    java = [process for process in processes if _is_java(process)]
    rest = [process for process in processes if process not in java]
    with log.open("rb") as file:
        lines = sum(1 for _ in file)
    return Sample(minute, resident(java, "pss"), resident(rest, "pss"), _tables(stack), lines)


def growth(samples: Sequence[Sample]) -> float | None:
    """Return the memory of the last three samples beside that of the first three after WARM minutes.

    None where there are fewer than six samples after them.
    """
    warm = [sample.memory for sample in samples if sample.minute >= WARM]
    if len(warm) < 6:
        return None
    return statistics.median(warm[-3:]) / statistics.median(warm[:3])

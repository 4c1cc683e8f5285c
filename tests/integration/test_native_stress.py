"""Native calls under stress: tables made, opened, appended to and compacted while other processes do the same.

STRESS_MINUTES=15 makes it the long run; `make test-all` does it for two minutes.
"""

import os
import subprocess
import sys

import pytest
from stack import RunningStack

from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long]

PROCESSES = 3
WORK = """
import sys, time
from lakehouse.lake import Lake, maintenance
from lakehouse.lake.schemas import FILES
from lakehouse.settings import load
settings, until, calls = load(), time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < until:
    lake = Lake(f"{settings.lake}-stress-{sys.argv[1]}-{calls // 400}", settings.webhdfs)
    standings = lake.make_tables()
    for name in standings:
        lake.open(name)
    lake.append(FILES, [{"dataset": "logs", "name": str(calls), "status": "landed", "records": 1}])
    standing = lake.standing(FILES.name)
    maintenance.compact(lake, FILES.name, standing, maintenance.together(standing.files))
    calls += 2 * len(standings) + 2
print(calls)
"""


def test_native_calls_of_several_processes_never_hang(stack: RunningStack) -> None:
    seconds = 60 * float(os.environ.get("STRESS_MINUTES", "2"))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(number), str(seconds)],
            env=stack.environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    try:
        for process in running:
            output, _ = process.communicate(timeout=seconds + 60)
            assert process.returncode == 0, output
            assert int(output) > 100
    finally:
        for process in running:
            process.kill()

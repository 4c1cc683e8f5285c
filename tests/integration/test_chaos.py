"""`make chaos` for some minutes: nothing lost, nothing doubled; and the same check sees faults that are put in."""

import os
import re
import subprocess
import sys

import pytest

from lakehouse.settings import ROOT

pytestmark = pytest.mark.long

ROUNDS, KILLS = 16, 10


def play(*options: str) -> subprocess.CompletedProcess[str]:
    paths = ":".join(str(ROOT / part) for part in ("jobs", ".", "tests", "tests/integration"))
    command = [sys.executable, "-m", "chaos", "--seed", "1", "--rounds", str(ROUNDS), *options]
    environ = os.environ | {"PYTHONPATH": paths}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_nothing_is_lost_or_doubled_whatever_is_killed() -> None:
    done = play()
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    verdict = done.stdout.splitlines()[-1]
    assert "0 lost, 0 doubled" in verdict
    kills = re.match(r"\d+", verdict)
    assert kills is not None
    assert int(kills[0]) >= KILLS


@pytest.mark.profile
def test_nothing_is_lost_or_doubled_on_s3_either() -> None:
    done = play("--profile", "s3", "--rounds", "8")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "0 lost, 0 doubled" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("fault", ["offsets", "append"])
def test_a_fault_that_is_put_in_is_seen(fault: str) -> None:
    done = play("--sabotage", fault)
    assert done.returncode == 1, done.stdout[-5000:] + done.stderr
    assert "NOT EXACT" in done.stdout
    assert re.search(r"[1-9][\d,]* records doubled", done.stdout), done.stdout[-5000:]

"""Batches that are dear on purpose: each record is judged, and memory stays flat."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_batches import BATCHES

from lakehouse.settings import ROOT

MAX_BYTES = 200_000_000


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to reset the peak of memory")
@pytest.mark.parametrize("name", BATCHES)
def test_a_hostile_batch_is_judged_in_little_memory(name: str) -> None:
    paths = [ROOT / "jobs", ROOT / "tests" / "judging"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, str(ROOT / "tests" / "judging" / "hostile_batches.py"), name]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= MAX_BYTES

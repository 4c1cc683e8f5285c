"""The two commands as a person runs them: output, exit code and messages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.settings import ROOT

NAMES = {"silver": list(DATASETS), "gold": list(METRICS)}


def run(layer: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"LAKEHOUSE_URL": url, "PYTHONPATH": "jobs"}
    command = [sys.executable, "-W", "error", f"viz/plot_{layer}.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("layer", NAMES)
def test_a_line_for_each_picture_and_a_clean_end_each_time(sample_lake: str, tmp_path: Path, layer: str) -> None:
    # A process that read with Arrow's threads crashes only at times, after its last line.
    for _ in range(2):
        done = run(layer, sample_lake, "--out", str(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [str(tmp_path / f"{name}.png") for name in NAMES[layer]]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.png" for name in NAMES[layer])


@pytest.mark.parametrize("layer", NAMES)
def test_no_tables_yet(tmp_path: Path, layer: str) -> None:
    done = run(layer, (tmp_path / "nothing").as_uri(), "--out", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"The table {layer}.")
    assert done.stderr.endswith("Run `make pipeline`.\n")


def test_hdfs_away_is_one_line(tmp_path: Path) -> None:
    done = run("gold", "hdfs://localhost:1/lake", "--out", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("Run `make status`.\n")
    assert "\x1b" not in done.stderr


def test_a_folder_that_cannot_be_written(sample_lake: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("gold", sample_lake, "--out", str(tmp_path / "file"))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    done = run("silver", "s3://lake", "--out", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("LAKEHOUSE_URL='s3://lake' cannot be used")

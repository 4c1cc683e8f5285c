"""The command as a person runs it, on a copy of the project: what it writes is clean, registered and tested."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_proposals import GERMAN

from lakehouse.settings import ROOT

WRITTEN = {
    "jobs/lakehouse/datasets/verkauf.py",
    "jobs/lakehouse/datasets/__init__.py",
    "jobs/lakehouse/metrics/verkauf_betrag_per_artikel.py",
    "jobs/lakehouse/metrics/__init__.py",
    "tests/judging/test_judge_verkauf.py",
    "tests/jobs/test_verkauf_betrag_per_artikel.py",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's source in a folder of its own, with a sample beside it."""
    root, plain = tmp_path / "project", shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in ("jobs", "conf", "tests/judging", "tests/jobs"):
        shutil.copytree(ROOT / name, root / name, ignore=plain)
    for name in ("ruff.toml", "setup.cfg"):
        shutil.copy(ROOT / name, root)
    (tmp_path / "verkauf.csv").write_text(GERMAN, "utf-8")
    return root


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    paths = ":".join(str(root / name) for name in ("jobs", "tests/judging"))
    environ = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = (sys.executable, *command)
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)


def propose(root: Path, name: str = "verkauf", path: str = "../verkauf.csv") -> subprocess.CompletedProcess[str]:
    return run(root, "jobs/new_dataset.py", name, path)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_dataset_and_a_metric_are_written_and_nothing_else(copy: Path) -> None:
    before = contents(copy)
    done = propose(copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert "9 records: 8 would pass, 1 would be quarantined" in done.stdout
    assert "1  date " in done.stdout
    after = contents(copy)
    assert {name for name in after if after[name] != before.get(name)} == WRITTEN
    # A registry got one line.
    for registry in ("datasets", "metrics"):
        path = f"jobs/lakehouse/{registry}/__init__.py"
        assert len(after[path].splitlines()) == len(before[path].splitlines()) + 1
    for checked in (("format", "--check"), ("check",)):
        clean = run(copy, "-m", "ruff", *checked, "--no-cache", *sorted(WRITTEN))
        assert clean.returncode == 0, clean.stdout
    tested = run(copy, "-m", "pytest", "-p", "no:cacheprovider", "tests/judging/test_judge_verkauf.py")
    assert tested.returncode == 0, tested.stdout
    registered = run(copy, "-c", "from lakehouse.lake.schemas import tables; print(*tables())")
    assert {"silver.verkauf", "gold.verkauf_betrag_per_artikel"} <= set(registered.stdout.split())


def test_what_is_there_is_not_overwritten(copy: Path) -> None:
    taken = copy / "tests" / "judging" / "test_judge_verkauf.py"
    taken.write_text("mine\n")
    before = contents(copy)
    done = propose(copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == f"new-dataset: {taken} is there already and is not overwritten. Move it, or take another NAME.\n"
    )
    assert contents(copy) == before


@pytest.mark.parametrize(
    ("name", "path", "why"),
    [
        ("logs", "../verkauf.csv", "logs is there already: jobs/lakehouse/datasets/logs.py"),
        ("campaign_metrics", "../verkauf.csv", "campaign_metrics is there already"),
        ("a b", "../verkauf.csv", "cannot be a dataset's name"),
        ("", "../verkauf.csv", "cannot be a dataset's name"),
        ("verkauf", "../none.csv", "is no file"),
        ("verkauf", "", "is no file"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(copy: Path, name: str, path: str, why: str) -> None:
    before = contents(copy)
    done = propose(copy, name, path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert why in done.stderr
    assert contents(copy) == before

"""Landing that is killed as by `kill -9`: the next run mends what it left, nothing is missing and nothing is twice."""

import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from inbox_box import HEADER, LOG, ROW, Box, make_box, open_box

from lakehouse import crash
from lakehouse.settings import ROOT

LAND = """
from lakehouse.lake import Lake
from lakehouse.landing.land import Inbox
from lakehouse.settings import load
settings = load()
lake = Lake.of(settings)
Inbox(lake, settings.inbox, lake.make_tables()).land("killed")
"""
POINTS = (
    "bronze.logs.before_commit",  # all files are there
    "bronze.logs.after_commit",  # the first of the datasets is committed
    "ledger.files.before_data",
    "ledger.files.after_commit",
)
FILES = {
    "transactions/a.csv": HEADER + ROW * 2,
    "transactions/b.csv": HEADER + ROW * 3,
    "transactions/bad.csv": ROW,
    "logs/a.log": LOG,
    "logs/b.log": LOG * 4,
    "logs/empty.log": b"",
    "logs/same.log.gz": gzip.compress(LOG * 4),
}
DECIDED = {
    ("transactions", "a.csv"): ("landed", 2),
    ("transactions", "b.csv"): ("landed", 3),
    ("transactions", "bad.csv"): ("rejected", 0),
    ("logs", "a.log"): ("landed", 1),
    ("logs", "b.log"): ("landed", 4),
    ("logs", "empty.log"): ("landed", 0),
    ("logs", "same.log.gz"): ("duplicate", 4),
}


def land_until(box: Box, point: str) -> int:
    """Land in another process that is killed at a crash point; return its exit code."""
    environ = {
        **os.environ,
        "LAKEHOUSE_URL": box.settings.lake,
        "LAKEHOUSE_INBOX": str(box.settings.inbox),
        "PYTHONPATH": str(ROOT / "jobs"),
        crash.VARIABLE: point,
    }
    done = subprocess.run([sys.executable, "-c", LAND], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def fill(box: Box) -> None:
    for name, data in FILES.items():
        box.put(name, data)


def check_whole(box: Box) -> None:
    """Check that bronze and ledger hold each file exactly once."""
    ledger = box.ledger()
    decided = {(r["dataset"], r["name"]): (r["status"], r["records"]) for r in ledger}
    assert len(ledger) == len(decided)
    assert decided == DECIDED
    for dataset in ("transactions", "logs"):
        rows = box.bronze(dataset)
        landed = {
            r["sha256"]: r for r in ledger if r["dataset"] == dataset and r["status"] == "landed" and r["records"]
        }
        assert Counter(row["source_id"] for row in rows) == {sha: r["records"] for sha, r in landed.items()}
        for sha256, file in landed.items():
            assert len(box.records(dataset, sha256)) == file["records"]
            assert {(row["source"], row["run_id"]) for row in rows if row["source_id"] == sha256} == {
                (file["name"], file["run_id"])
            }
        assert {row["raw"] for row in rows} == {ROW[:-1] if dataset == "transactions" else LOG[:-1]}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the folder of a box in which landing was killed at a point."""

    @cache
    def folder(point: str) -> Path:
        box = make_box(made := tmp_path_factory.mktemp("killed"))
        fill(box)
        assert land_until(box, point) == -signal.SIGKILL
        return made

    return folder


@pytest.fixture(params=POINTS)
def struck(request: pytest.FixtureRequest, killed: Callable[[str], Path], tmp_path: Path) -> Box:
    """A box, to be changed, in which landing was killed at each of the points."""
    return open_box(shutil.copytree(killed(request.param), tmp_path / "struck"))


def test_the_next_run_mends_what_a_killed_one_left(struck: Box) -> None:
    struck.land()
    check_whole(struck)
    versions = struck.versions()
    assert struck.land().decisions == []
    assert struck.versions() == versions


def test_what_came_meanwhile_is_landed_beside_what_is_mended(struck: Box) -> None:
    struck.put("logs/new.log", LOG * 9)
    struck.put("logs/copy_of_a.log", LOG)
    struck.land()
    decided = {(r["dataset"], r["name"]): (r["status"], r["records"]) for r in struck.ledger()}
    assert decided == DECIDED | {("logs", "new.log"): ("landed", 9), ("logs", "copy_of_a.log"): ("duplicate", 1)}
    assert len(struck.ledger()) == len(decided)
    assert len(struck.records("logs", hashlib.sha256(LOG * 9).hexdigest())) == 9
    assert (len(struck.bronze("logs")), len(struck.bronze("transactions"))) == (14, 5)


def test_a_mended_row_is_the_one_that_the_killed_run_would_have_written(box: Box, tmp_path: Path) -> None:
    whole = make_box(tmp_path / "whole")
    for made in (box, whole):
        for name, data in FILES.items():
            os.utime(made.put(name, data), (1_700_000_000, 1_700_000_000))
    land_until(box, "ledger.files.before_data")
    box.inbox()
    land_until(whole, "")

    def rows(of: Box) -> list[dict[str, Any]]:
        landed = (row for row in of.ledger() if row["status"] == "landed" and row["records"])
        return sorted(({**row, "seen_at": None} for row in landed), key=lambda row: (row["dataset"], row["name"]))

    assert rows(box) == rows(whole)
    assert {row["seen_at"] for row in box.ledger()} == {row["ingested_at"] for row in box.bronze("logs")}

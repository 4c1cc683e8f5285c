"""Bronze taken back to an older version: files that it does not hold any more are news, whatever is killed."""

import gzip
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inbox_box import HEADER, LOG, ROW, Box, make_box

import restore
from lakehouse import crash
from lakehouse.lake import ledger, maintenance, restoring
from lakehouse.settings import ROOT

POINTS = ("bronze.logs.before_commit", "bronze.logs.after_commit", "ledger.files.after_data", "")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A lake whose bronze.logs has two versions with a file each, the second by two names, and other tables."""
    box = make_box(tmp_path)
    for number, data in enumerate((LOG, LOG * 2)):
        box.put(f"logs/{number}.log", data)
        box.put(f"transactions/{number}.csv", HEADER + ROW * (number + 1))
        box.land()
    box.put("logs/again.log.gz", gzip.compress(LOG * 2))
    box.land()
    return box


def command(box: Box, *words: str, point: str = "") -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "LAKEHOUSE_URL": box.settings.lake,
        "PYTHONPATH": str(ROOT / "jobs"),
        crash.VARIABLE: point,
    }
    script = [sys.executable, str(ROOT / "jobs" / "restore.py"), *words]
    return subprocess.run(script, env=environ, capture_output=True, text=True, check=False)


def is_closed(box: Box) -> bool:
    return all(line.is_closed for line in ledger.balance(box.lake))


@pytest.mark.parametrize("point", POINTS)
def test_files_come_in_again_once_whatever_is_killed(point: str, box: Box) -> None:
    done = command(box, "table", "bronze.logs", "1", point=point)
    assert done.returncode == (-signal.SIGKILL if point else 0), done.stderr
    if not point:
        assert len(box.bronze("logs")) == 1
    box.land()
    assert is_closed(box)
    assert Counter(row["source"] for row in box.bronze("logs")) in (
        {"0.log": 1, "1.log": 2},
        {"0.log": 1, "again.log.gz": 2},
    )
    assert command(box, "table", "bronze.logs", "1").returncode == 0
    assert is_closed(box)
    box.land()
    assert len(box.bronze("logs")) == 3
    assert is_closed(box)


def test_a_restore_is_undone_by_another_one(box: Box) -> None:
    for version, rows in ((1, 1), (2, 3), (0, 0), (2, 3)):
        assert command(box, "table", "bronze.logs", str(version)).returncode == 0
        assert len(box.bronze("logs")) == rows
        assert is_closed(box)
    assert box.land().decisions == []
    assert len(box.bronze("logs")) == 3


def test_what_a_killed_restore_left_out_of_the_ledger_outlives_maintenance(box: Box) -> None:
    assert command(box, "table", "bronze.logs", "1", point="bronze.logs.after_commit").returncode == -signal.SIGKILL
    standing = box.lake.standing("bronze.logs")
    maintenance.compact(box.lake, "bronze.logs", standing, [list(standing.files)])
    box.land()
    assert len(box.bronze("logs")) == 3
    assert is_closed(box)


def test_versions_that_are_not_there_are_named(box: Box) -> None:
    done = command(box, "table", "bronze.logs", "99")
    assert done.returncode == 1
    assert "bronze.logs has no version 99: there are 0 to 2" in done.stderr
    done = command(box, "run", "nobody")
    assert "There is no run nobody" in done.stderr
    assert "Traceback" not in done.stderr
    assert command(box, "table", "bronze.logs", "2").stdout == "Nothing to restore: no table has changed since\n"


def test_a_version_whose_files_are_gone_changes_nothing(box: Box) -> None:
    standing = box.lake.standing("bronze.logs")
    maintenance.compact(box.lake, "bronze.logs", standing, [list(standing.files)])
    box.data_files()[0].unlink()
    versions = box.versions()
    done = command(box, "table", "bronze.logs", "1")
    assert done.returncode == 1
    assert "was deleted by `make maintain`" in done.stderr
    assert box.versions() == versions


def test_all_tables_go_back_to_before_a_run(
    box: Box, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime.now(UTC)
    before = {name: box.bronze(name) for name in ("logs", "transactions")}
    box.put("logs/3.log", LOG * 4)
    box.put("transactions/3.csv", HEADER + ROW * 5)
    box.land()
    steps = restoring.to_before(box.lake, moment)
    assert {step.name for step in steps} == {"bronze.logs", "bronze.transactions"}
    standings = {step.name: box.lake.standing(step.name) for step in steps}
    restoring.restore(box.lake, steps, standings, "undo")
    assert {name: box.bronze(name) for name in before} == before
    assert is_closed(box)
    assert restoring.to_before(box.lake, datetime.now(UTC)) == []
    monkeypatch.setenv("LAKEHOUSE_URL", box.settings.lake)
    assert restore.main(["--dry-run", "table", "bronze.logs", "1"]) == 0
    assert "would go back to version 1" in capsys.readouterr().out

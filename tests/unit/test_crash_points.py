"""Jobs without Spark, killed before and after each change of the lake: the next run makes good for it."""

import argparse
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from inbox_box import HEADER, LOG, POST, ROW, Box, make_box, open_box
from killing import Moment, contents, killed_at, killed_at_each, moments

import maintain
import restore
from lakehouse import crash
from lakehouse.lake import ledger, log
from lakehouse.lake.files import Storage
from lakehouse.lake.lock import writer_lock
from lakehouse.lake.runs import new_run_id, recorded
from lakehouse.lake.schemas import FORGOTTEN, tables
from producers.generators import DATASETS as GENERATORS

FILES = {
    "transactions/a.csv": HEADER + ROW * 2,
    "transactions/b.csv": HEADER + ROW * 3,
    "transactions/bad.csv": ROW,
    "logs/a.log": LOG,
    "logs/b.log": LOG * 4,
    "logs/empty.log": b"",
    "social_data/a.json": b"[%b]" % POST,
    "ad_campaigns/a.json": b'[{"event_id": "E1"}]',
}


def fill(box: Box) -> None:
    """Put files into the inbox of a lake that is not made yet."""
    shutil.rmtree(box.folder)
    for name, data in FILES.items():
        box.put(name, data)


def land_twice(box: Box) -> None:
    """Let each bronze table have two files."""
    for number in (1, 2):
        for name, data in FILES.items():
            box.put(name.replace("/", f"/{number}"), data * number)
        land(box)


def land(box: Box) -> None:
    with writer_lock(box.lake, "bronze"):
        inbox = box.inbox()
        with recorded(box.lake, "bronze", run_id := new_run_id(), {}):
            inbox.land(run_id)


def take_back(box: Box) -> None:
    with writer_lock(box.lake, "restore"):
        restore.restore(box.lake, argparse.Namespace(kind="table", table="bronze.logs", version=1, dry_run=False))


def tidy(box: Box) -> None:
    with writer_lock(box.lake, "maintain"):
        maintain.maintain(box.lake, dry_run=False)


JOBS: dict[str, tuple[Callable[[Box], None], Callable[[Box], None]]] = {
    "landing": (fill, land),
    "restore": (land_twice, take_back),
    "maintain": (land_twice, tidy),
}


@dataclass
class Case:
    """A job, and copies of the lake that it works on."""

    base: Path
    work: Callable[[Box], None]

    def copy(self, name: object) -> Box:
        return open_box(shutil.copytree(self.base, self.base.parent / str(name)))


@pytest.fixture(params=JOBS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    prepare, work = JOBS[request.param]
    prepare(make_box(tmp_path / "base"))
    return Case(tmp_path / "base", work)


def names(passed: Iterable[Moment]) -> set[str]:
    return {point for point, _ in passed}


def is_whole(box: Box) -> bool:
    return all(line.is_closed for line in ledger.balance(box.lake))


def test_a_job_killed_at_each_of_its_changes_in_turn_ends_as_one_that_was_not(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "CHECKPOINT_INTERVAL", 2)
    whole, struck = case.copy("whole"), case.copy("struck")
    passed = moments(partial(case.work, whole))
    assert names(passed) <= names(killed_at_each(partial(case.work, struck)))
    assert contents(struck.lake) == contents(whole.lake)
    assert is_whole(struck)


@pytest.mark.long
def test_a_job_killed_at_one_of_its_changes_is_made_good_by_the_next(case: Case) -> None:
    whole = case.copy("whole")
    passed = moments(partial(case.work, whole))
    for number, moment in enumerate(passed):
        struck = case.copy(number)
        killed_at(moment, partial(case.work, struck))
        moments(partial(case.work, struck))
        assert contents(struck.lake) == contents(whole.lake), moment
        assert is_whole(struck), moment


def test_all_points_of_bronze_and_ledger_are_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "CHECKPOINT_INTERVAL", 1)
    passed: set[str] = set()
    for name, (prepare, work) in JOBS.items():
        prepare(box := make_box(tmp_path / name))
        passed |= names(moments(partial(work, box)))
    # Those of the inbox that the jobs above find.
    bronze = [f"bronze.{name}" for name in GENERATORS]
    ledger = [name for name in tables() if name.startswith("ledger.") and name != FORGOTTEN.name]
    # A stream's progress; the key of what is forgotten, for which tests/jobs/test_forgetting.py kills; and a database's
    # slot, for which test_database_tables.py does.
    elsewhere = ("lake", "progress"), ("lake", "forgetting"), *(("source", change) for change in crash.SOURCE)
    others = {f"{what}.{moment}_{change}" for moment in ("before", "after") for what, change in elsewhere}
    assert set(crash.points([*bronze, *ledger])) - passed == others


def test_each_change_of_a_file_of_the_lake_has_its_points(box: Box, tmp_path: Path) -> None:
    """The operations of storage that are not named here would pass none."""
    files, url = box.lake.files, f"{box.lake.url}/silver/logs"
    local = tmp_path / "local"
    local.write_bytes(b"x")
    changes = {
        "upload": (
            "silver.logs",
            "data",
            lambda: files.upload(local, f"{url}/quarantined=true/a.parquet"),
        ),
        "create": ("silver.logs", "commit", lambda: files.create(f"{url}/_delta_log/00000000000000000001.json", b"x")),
        "delete": ("silver.logs", "checkpoint", lambda: files.delete(f"{url}/_delta_log/_last_checkpoint")),
        "replace": ("lake", "progress", lambda: files.replace(f"{box.lake.url}/_progress.json", b"x")),
    }
    assert Storage.__abstractmethods__ == changes.keys() | {"_at", "read", "status", "list"}
    for what, change, work in changes.values():
        both = [f"{what}.before_{change}", f"{what}.after_{change}"]
        assert [point for point, _ in moments(work)] == both
        assert set(both) <= set(crash.points(tables()))


def test_a_point_that_is_not_named_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(crash.VARIABLE, "another.point")
    crash.reach("bronze.logs.before_commit")
    monkeypatch.delenv(crash.VARIABLE)
    crash.reach("bronze.logs.before_commit")

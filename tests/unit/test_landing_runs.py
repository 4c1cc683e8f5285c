"""What landing does run after run: what is known, changed, ignored or cut short, on a real lake on the local disk."""

import gzip
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from inbox_box import HEADER, LOG, ROW, Inbox

from lakehouse import inbox, landing
from lakehouse.errors import ServiceError


def test_running_again_with_nothing_new_writes_nothing(box: Inbox) -> None:
    box.put("logs/a.log", LOG)
    box.put("logs/bad.log.gz", LOG)
    box.land()
    version, before = box.version(), [p.stat().st_mtime_ns for p in box.landed_files()]
    assert box.land().decisions == []
    assert box.version() == version
    assert [p.stat().st_mtime_ns for p in box.landed_files()] == before


def test_f1_l14_the_same_content_is_a_duplicate_under_any_name(box: Inbox) -> None:
    box.put("logs/a.log", LOG)
    box.put("logs/a.log.gz", gzip.compress(LOG))
    box.land()
    box.put("logs/b.log", LOG)
    box.land()
    rows = box.ledger()
    assert sorted((r["name"], r["status"]) for r in rows) == [
        ("a.log", "landed"), ("a.log.gz", "duplicate"), ("b.log", "duplicate"),
    ]  # fmt: skip
    assert len({r["sha256"] for r in rows}) == len(box.landed_files()) == 1


def test_the_same_content_in_two_datasets_is_landed_in_both(box: Inbox) -> None:
    box.put("social_data/a.json", b"[]")
    box.put("ad_campaigns/a.json", b"[]")
    assert [d.status for d in box.land().decisions] == ["landed", "landed"]


def test_f2_a_known_name_with_other_content_is_a_new_file(box: Inbox) -> None:
    box.put("logs/a.log", LOG)
    box.land()
    box.put("logs/a.log", LOG * 2)
    box.land()
    assert sorted((r["name"], r["status"], r["records"]) for r in box.ledger()) == [
        ("a.log", "landed", 1), ("a.log", "landed", 2),
    ]  # fmt: skip


def test_a_refused_file_that_was_mended_is_landed(box: Inbox) -> None:
    box.put("transactions/a.csv", ROW)
    box.land()
    box.put("transactions/a.csv", HEADER + ROW)
    box.land()
    assert [r["status"] for r in box.ledger()].count("landed") == 1
    assert len(box.ledger()) == 2


def _growing(path: Path, change: Callable[[], None]) -> Callable[[Path], Iterator[bytes]]:
    def read(of: Path) -> Iterator[bytes]:
        yield from original(of)
        if of == path:
            change()

    original = inbox.chunks
    return read


@pytest.mark.parametrize("what", ["grows", "gets another time", "goes away"])
def test_f3_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    box: Inbox, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = box.put("logs/a.log", LOG)
    box.put("logs/b.log", LOG * 3)

    def change() -> None:
        if what == "grows":
            path.write_bytes(LOG * 2)
        elif what == "gets another time":
            os.utime(path, (1, 1))
        else:
            path.unlink()

    monkeypatch.setattr(landing, "chunks", _growing(path, change))
    landed = box.land()
    monkeypatch.undo()
    assert landed.ignored == ["logs/a.log: still being written, left for the next run"]
    assert [r["name"] for r in box.ledger()] == ["b.log"]
    box.land()
    assert [r["name"] for r in box.ledger()].count("a.log") == (what != "goes away")


def test_f4_other_names_are_ignored_and_listed(box: Inbox) -> None:
    names = [".a.csv", "_a.csv", "a.csv.tmp", "a.csv._COPYING_", "a.xlsx", "\x1b[31m.csv"]
    for name in names:
        box.put(f"transactions/{name}", HEADER + ROW)
    (box.settings.inbox / "transactions" / "folder.csv").mkdir()
    os.mkfifo(box.settings.inbox / "transactions" / "pipe.csv")
    box.put("sales/a.csv", HEADER + ROW)
    (box.settings.inbox / "transactions" / os.fsdecode(b"\xff.csv")).write_bytes(HEADER)
    landed = box.land()
    listed = dict(line.split(": ", 1) for line in landed.ignored)
    assert landed.decisions == []
    assert len(listed) == len(names) + 4
    assert listed["transactions/folder.csv"] == "a folder"
    assert listed["transactions/pipe.csv"] == "not a file"
    assert listed["sales"].startswith("not a folder of one of the datasets transactions, ")
    assert all(line.isprintable() for line in landed.ignored)


def test_f7_a_gzip_bomb_is_refused(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_INFLATED", 4 << 20)
    box.put("logs/bomb.log.gz", gzip.compress(LOG * 100_000))
    box.put("logs/large.log.gz", gzip.compress(os.urandom(5 << 20)))
    box.put("logs/small.log.gz", gzip.compress(b"x" * (2 << 20)))
    box.land()
    found = {r["name"]: str(r["reason"]).partition(":")[0] for r in box.ledger() if r["status"] == "rejected"}
    assert found["bomb.log.gz"] == "ratio"
    assert "ratio" not in {found.get("large.log.gz"), found.get("small.log.gz")}


@pytest.mark.parametrize("target", ["../outside.log", "b.log", "nowhere.log"])
def test_f9_a_link_is_refused(box: Inbox, target: str) -> None:
    box.put("outside.log", LOG)
    box.put("logs/b.log", LOG)
    (box.settings.inbox / "logs" / "a.log").symlink_to(target)
    box.land()
    rows = {r["name"]: r for r in box.ledger()}
    assert str(rows["a.log"]["reason"]).startswith("link: ")
    assert rows["b.log"]["status"] == "landed"


def test_f9_an_unreadable_file_is_refused_once_and_tried_again(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("logs/a.log", LOG)
    original = Path.open

    def refuse(path: Path, mode: str = "r") -> object:
        # As root nothing is unreadable: the error is made where the system would make it.
        if path.name == "a.log":
            raise PermissionError(13, "Permission denied")
        return original(path, mode)

    monkeypatch.setattr(Path, "open", refuse)
    box.land()
    (row,) = box.ledger()
    assert (row["status"], row["reason"]) == ("rejected", "unreadable: Permission denied")
    assert box.land().ignored == ["logs/a.log: still unreadable: Permission denied"]
    assert len(box.ledger()) == 1
    monkeypatch.undo()
    assert [d.status for d in box.land().decisions] == ["landed"]


def test_a_full_disk_ends_the_run_and_refuses_no_file(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("logs/a.log", LOG)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(landing, "_write_parquet", full)
    with pytest.raises(ServiceError, match="No space left on device"):
        box.land()
    monkeypatch.undo()
    assert box.ledger() == []
    assert [d.status for d in box.land().decisions] == ["landed"]


@pytest.mark.parametrize("after", ["the first upload", "all uploads"])
def test_a_run_that_ends_before_the_ledger_is_written_lands_nothing_twice(
    box: Inbox, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    box.put("logs/a.log", LOG)
    box.put("logs/b.log", LOG * 2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _land_until(box, patch, after, killed)
    assert box.ledger() == []
    assert box.landed_files() != []
    box.land()
    assert sorted((r["name"], r["status"]) for r in box.ledger()) == [("a.log", "landed"), ("b.log", "landed")]
    assert [box.records("logs", r["sha256"]) for r in sorted(box.ledger(), key=lambda r: str(r["name"]))] == [
        [LOG[:-1]], [LOG[:-1]] * 2,
    ]  # fmt: skip


def _land_until(box: Inbox, patch: pytest.MonkeyPatch, after: str, killed: Callable[..., None]) -> None:
    if after == "all uploads":
        patch.setattr(landing, "append", killed)
    landing.land(box.settings, "run", killed if after == "the first upload" else lambda _: None)


def test_many_files_are_cut_by_several_processes_with_the_same_outcome(
    box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "PARALLEL_BYTES", 0)
    box.put("logs/a.log", LOG)
    box.put("logs/b.log", LOG)
    box.put("transactions/a.csv", ROW)
    box.land()
    assert sorted((r["name"], r["status"], r["records"]) for r in box.ledger()) == [
        ("a.csv", "rejected", 0), ("a.log", "landed", 1), ("b.log", "duplicate", 1),
    ]  # fmt: skip


def test_times_that_no_calendar_has_are_no_hindrance(box: Inbox) -> None:
    path = box.put("logs/a.log", LOG)
    os.utime(path, ns=(-(2**62), -(2**62)))
    box.land()
    assert box.land().decisions == []
    assert box.ledger()[0]["mtime"] == inbox.stamp(path)[1]


def test_a_time_is_kept_to_the_microsecond(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    expected = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC) + timedelta(microseconds=123_456)
    assert inbox.stamp(path) == (5, expected)


def test_rows_come_in_groups_that_spark_can_share_out(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "ROW_GROUP", 10)
    box.put("logs/a.log", LOG * 25)
    box.land()
    assert pq.ParquetFile(box.landed_files()[0]).num_row_groups == 3
    assert box.records("logs", box.ledger()[0]["sha256"]) == [LOG[:-1]] * 25

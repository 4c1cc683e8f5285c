"""What landing does run after run: what is known, changed, ignored or cut short, on a real lake on the local disk."""

import gzip
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inbox_box import HEADER, LOG, ROW, Box

from lakehouse.errors import ServiceError
from lakehouse.landing import cut_file, inbox, work
from lakehouse.landing.land import Inbox
from lakehouse.settings import ROOT


def test_running_again_with_nothing_new_writes_nothing(box: Box) -> None:
    box.put("logs/a.log", LOG)
    box.put("logs/bad.log.gz", LOG)
    box.land()
    versions, before = box.versions(), [p.stat().st_mtime_ns for p in box.data_files()]
    assert box.land().decisions == []
    assert box.versions() == versions
    assert [p.stat().st_mtime_ns for p in box.data_files()] == before


def test_the_same_content_is_a_duplicate_under_any_name(box: Box) -> None:
    box.put("logs/a.log", LOG)
    box.put("logs/a.log.gz", gzip.compress(LOG))
    box.land()
    box.put("logs/b.log", LOG)
    box.land()
    rows = box.ledger()
    assert sorted((r["name"], r["status"]) for r in rows) == [
        ("a.log", "landed"), ("a.log.gz", "duplicate"), ("b.log", "duplicate"),
    ]  # fmt: skip
    assert len({r["sha256"] for r in rows}) == len(box.data_files()) == 1


def test_the_same_content_in_two_datasets_is_landed_in_both(box: Box) -> None:
    box.put("social_data/a.json", b"[]")
    box.put("ad_campaigns/a.json", b"[]")
    assert [d.status for d in box.land().decisions] == ["landed", "landed"]


def test_a_known_name_with_other_content_is_a_new_file(box: Box) -> None:
    box.put("logs/a.log", LOG)
    box.land()
    box.put("logs/a.log", LOG * 2)
    box.land()
    assert sorted((r["name"], r["status"], r["records"]) for r in box.ledger()) == [
        ("a.log", "landed", 1), ("a.log", "landed", 2),
    ]  # fmt: skip


def test_a_refused_file_that_was_mended_is_landed(box: Box) -> None:
    box.put("transactions/a.csv", ROW)
    box.land()
    box.put("transactions/a.csv", HEADER + ROW)
    box.land()
    assert [r["status"] for r in box.ledger()].count("landed") == 1
    assert len(box.ledger()) == 2


def test_files_without_records_are_rows_of_the_ledger_and_no_data_files(box: Box) -> None:
    box.put("logs/empty.log", b"")
    box.put("transactions/header.csv", HEADER)
    box.put("social_data/none.json", b"[]")
    box.land()
    assert sorted((r["name"], r["status"], r["records"]) for r in box.ledger()) == [
        ("empty.log", "landed", 0), ("header.csv", "landed", 0), ("none.json", "landed", 0),
    ]  # fmt: skip
    assert box.data_files() == []
    assert set(box.versions().values()) == {0, 1}
    assert box.versions()["ledger.files"] == 1
    assert box.land().decisions == []


def test_the_files_of_a_run_are_one_batch_and_one_commit_a_dataset(box: Box) -> None:
    for name in ("logs/a.log", "logs/b.log", "transactions/a.csv"):
        box.put(name, (HEADER + ROW if "csv" in name else LOG) + name.encode() + b"\n")
    box.land()
    box.put("logs/c.log", LOG * 4)
    box.land()
    batches = Counter((row["source"], row["batch"]) for row in box.bronze("logs"))
    assert batches == {("a.log", 1): 2, ("b.log", 1): 2, ("c.log", 2): 4}
    assert (box.versions()["bronze.logs"], box.versions()["bronze.transactions"]) == (2, 1)
    state = box.lake.standing("bronze.logs").state
    assert (state.batch, [file["name"] for file in state.files]) == (2, ["c.log"])


def test_rows_say_what_they_came_with(box: Box) -> None:
    box.put("transactions/a.csv", HEADER + ROW)
    box.land()
    (row,), (file,) = box.bronze("transactions"), box.ledger()
    assert (row["source"], row["source_id"], row["position"]) == ("a.csv", file["sha256"], 0)
    assert (row["raw"], row["format"], row["header"]) == (ROW[:-1], "csv", HEADER[:-1].decode())
    assert (row["is_cut"], row["kafka_timestamp"], row["run_id"]) == (False, None, "run")
    assert row["ingested_at"] == file["seen_at"]


def test_statistics_let_readers_pass_over_files(box: Box) -> None:
    box.put("logs/a.log", LOG * 3)
    box.put("logs/b.log", LOG * 5)
    box.land()
    actions = pa.table(box.lake.open("bronze.logs").get_add_actions(flatten=True)).to_pylist()
    for action, (name, records) in zip(
        sorted(actions, key=lambda a: a["num_records"]), [("a.log", 3), ("b.log", 5)], strict=True
    ):
        (sha256,) = {row["source_id"] for row in box.bronze("logs") if row["source"] == name}
        path = box.folder / "bronze" / "logs" / action["path"]
        assert re.fullmatch(f"00000001-{sha256}-[0-9a-f]{{8}}.parquet", action["path"])
        assert action["size_bytes"] == path.stat().st_size
        assert action["num_records"] == action["null_count.kafka_timestamp"] == records
        ends = {"batch": (1, 1), "source": (name, name), "source_id": (sha256, sha256), "position": (0, records - 1)}
        for column, (least, greatest) in ends.items():
            assert (action[f"min.{column}"], action[f"max.{column}"]) == (least, greatest)
            assert action[f"null_count.{column}"] == 0


def test_other_names_are_ignored_and_listed(box: Box) -> None:
    names = [".a.csv", "_a.csv", "a.csv.tmp", "a.csv._COPYING_", "a.xlsx", "\x1b[31m.csv"]
    for name in names:
        box.put(f"transactions/{name}", HEADER + ROW)
    (box.inbox_folder / "transactions" / "folder.csv").mkdir()
    os.mkfifo(box.inbox_folder / "transactions" / "pipe.csv")
    box.put("sales/a.csv", HEADER + ROW)
    (box.inbox_folder / "transactions" / os.fsdecode(b"\xff.csv")).write_bytes(HEADER)
    landed = box.land()
    listed = dict(line.split(": ", 1) for line in landed.ignored)
    assert landed.decisions == []
    assert len(listed) == len(names) + 4
    assert listed["transactions/folder.csv"] == "a folder"
    assert listed["transactions/pipe.csv"] == "not a file"
    assert listed["sales"].startswith("not a folder of one of the datasets transactions, ")
    assert all(line.isprintable() for line in landed.ignored)


@pytest.mark.parametrize("kind", ["a file", "nothing"])
def test_an_inbox_that_is_no_folder_is_told(box: Box, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "no inbox"
    if kind == "a file":
        path.touch()
    assert Inbox(box.lake, path, box.lake.make_tables()).land("run").ignored == [
        f"the inbox: {path} is no folder (LAKEHOUSE_INBOX)"
    ]


def test_a_folder_that_cannot_be_looked_into_ends_the_run_by_its_name(box: Box) -> None:
    locked = box.put("logs/a.log", LOG).parent
    locked.chmod(0)
    # Without what lets root read everything.
    code = (
        "import sys; from pathlib import Path; from lakehouse.landing import inbox\n"
        "try: list(inbox.new_files(Path(sys.argv[1]), (), []))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    python = [sys.executable, "-c", code, str(locked.parent)]
    as_others = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "jobs")}
    done = subprocess.run([*as_others, *python], env=environ, capture_output=True, text=True, check=True)
    locked.chmod(0o700)
    assert f"ServiceError The folder {locked} of the inbox cannot be looked into (Permission denied)." in done.stdout


def test_a_gzip_bomb_is_refused(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_INFLATED", 4 << 20)
    box.put("logs/bomb.log.gz", gzip.compress(LOG * 100_000))
    box.put("logs/large.log.gz", gzip.compress(os.urandom(5 << 20)))
    box.put("logs/small.log.gz", gzip.compress(b"x" * (2 << 20)))
    box.land()
    found = {r["name"]: str(r["reason"]).partition(":")[0] for r in box.ledger() if r["status"] == "rejected"}
    assert found["bomb.log.gz"] == "ratio"
    assert "ratio" not in {found.get("large.log.gz"), found.get("small.log.gz")}


@pytest.mark.parametrize("target", ["../outside.log", "b.log", "nowhere.log"])
def test_a_link_is_refused(box: Box, target: str) -> None:
    box.put("outside.log", LOG)
    box.put("logs/b.log", LOG)
    (box.inbox_folder / "logs" / "a.log").symlink_to(target)
    box.land()
    rows = {r["name"]: r for r in box.ledger()}
    assert str(rows["a.log"]["reason"]).startswith("link: ")
    assert rows["b.log"]["status"] == "landed"


def test_an_unreadable_file_is_refused_once_and_tried_again(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_full_disk_ends_the_run_and_refuses_no_file(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("logs/a.log", LOG)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cut_file, "write_parquet", full)
    with pytest.raises(ServiceError, match=r"The folder for temporary files, .*, is full"):
        box.land()
    monkeypatch.undo()
    assert box.ledger() == []
    assert [d.status for d in box.land().decisions] == ["landed"]


def test_many_files_are_cut_by_several_processes_with_the_same_outcome(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "PARALLEL_BYTES", 0)
    box.put("logs/a.log", LOG)
    box.put("logs/b.log", LOG)
    box.put("transactions/a.csv", ROW)
    box.land()
    assert sorted((r["name"], r["status"], r["records"]) for r in box.ledger()) == [
        ("a.csv", "rejected", 0), ("a.log", "landed", 1), ("b.log", "duplicate", 1),
    ]  # fmt: skip


def test_times_that_no_calendar_has_are_no_hindrance(box: Box) -> None:
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


def test_rows_come_in_groups_that_spark_can_share_out(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_file, "ROW_GROUP", 10)
    box.put("logs/a.log", LOG * 25)
    box.land()
    assert pq.ParquetFile(box.data_files()[0]).num_row_groups == 3
    assert box.records("logs", box.ledger()[0]["sha256"]) == [LOG[:-1]] * 25

"""Landing, storage and the lock on the real HDFS."""

import getpass
import gzip
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import lock_cases
import pytest
import storage_cases
from hdfs import InsecureClient
from inbox_box import HEADER, LOG, ROW
from stack import RunningStack

from lakehouse import landing, paths
from lakehouse.errors import ServiceError
from lakehouse.lake import create_tables, open_table
from lakehouse.settings import Settings
from lakehouse.storage import storage

pytestmark = pytest.mark.stack


@pytest.fixture
def apart(stack: RunningStack, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a lake and an inbox of the test's own on the shared HDFS."""
    lake = f"hdfs://localhost:{stack.settings.ports['HDFS_RPC_PORT']}/apart/{request.node.name}"
    return replace(stack.settings, lake=lake, inbox=tmp_path / "inbox")


def test_files_are_written_read_listed_and_deleted(apart: Settings, tmp_path: Path) -> None:
    storage_cases.files_are_written_read_listed_and_deleted(apart, tmp_path)


def test_a_file_is_made_once(apart: Settings) -> None:
    storage_cases.a_file_is_made_once(apart)


def test_a_file_that_another_process_is_making_is_there_already(apart: Settings) -> None:
    client, path = InsecureClient(apart.webhdfs, user=getpass.getuser()), urlsplit(f"{apart.lake}/half").path
    with client.write(path) as writer:
        writer.write(b"half")
        deadline = time.monotonic() + 20
        while client.status(path, strict=False) is None:
            assert time.monotonic() < deadline
        assert not storage(apart).create(f"{apart.lake}/half", b"ours")
    assert storage(apart).read(f"{apart.lake}/half") == b"half"


def test_a_running_holder_of_the_lock_is_named(apart: Settings, stack: RunningStack) -> None:
    lock_cases.a_running_holder_is_named(apart, stack.environ)


def test_a_killed_holder_of_the_lock_is_taken_over_at_once(apart: Settings, stack: RunningStack) -> None:
    lock_cases.a_killed_holder_is_taken_over_at_once(apart, stack.environ)


def test_a_holder_of_the_lock_on_another_host_is_named_and_refused(apart: Settings) -> None:
    lock_cases.another_host_is_named_and_refused(apart)


def test_files_are_landed_once(apart: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data in {
        "logs/a.log": LOG * 2,
        "logs/b.log.gz": gzip.compress(LOG * 2),
        "transactions/a.csv": HEADER + ROW,
        "transactions/b.csv": ROW,
    }.items():
        path = apart.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    create_tables(apart.lake)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(landing, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            landing.land(apart, "run-1")
    landing.land(apart, "run-2")
    assert landing.land(apart, "run-3").decisions == []
    rows = open_table(apart.lake, "ledger.files").to_pyarrow_dataset().to_table(use_threads=False).to_pylist()
    assert sorted((r["dataset"], r["name"], r["status"], r["records"], r["run_id"]) for r in rows) == [
        ("logs", "a.log", "landed", 2, "run-2"),
        ("logs", "b.log.gz", "duplicate", 2, "run-2"),
        ("transactions", "a.csv", "landed", 1, "run-2"),
        ("transactions", "b.csv", "rejected", 0, "run-2"),
    ]
    landed = [f"{r['sha256']}.parquet" for r in rows if r["status"] == "landed" and r["dataset"] == "logs"]
    assert storage(apart).names(paths.landing(apart.lake, "logs")) == landed


def test_what_hdfs_refuses_is_told(apart: Settings) -> None:
    files = storage(apart)
    files.create(f"{apart.lake}/file", b"x")
    with pytest.raises(ServiceError, match=r"HDFS at http://localhost:\d+ refuses: "):
        files.create(f"{apart.lake}/file/below", b"x")

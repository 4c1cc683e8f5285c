"""Landing, storage and the lock on the real HDFS."""

import getpass
import gzip
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import lock_cases
import pytest
import requests
import storage_cases
from chain import hadoop_conf
from inbox_box import HEADER, LOG, ROW, Box
from stack import RunningStack

from lakehouse.crash import VARIABLE
from lakehouse.errors import ServiceError
from lakehouse.lake import Lake
from lakehouse.settings import ROOT

pytestmark = pytest.mark.stack

LAND = """
from lakehouse.lake import Lake
from lakehouse.landing.land import Inbox
from lakehouse.settings import load
lake = Lake.of(load())
Inbox(lake, load().inbox, lake.make_tables()).land("run-1")
"""


@pytest.fixture
def apart(stack: RunningStack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Box]:
    """A lake and an inbox of the test's own on the shared HDFS."""
    url = f"hdfs://localhost:{stack.settings.ports['HDFS_RPC_PORT']}/apart/{request.node.name.partition('[')[0]}"
    settings = replace(stack.settings, lake=url, inbox=tmp_path / "inbox")
    with hadoop_conf(stack):
        yield Box(settings, Lake.of(settings))


def test_files_are_written_read_and_deleted(apart: Box, tmp_path: Path) -> None:
    storage_cases.files_are_written_read_and_deleted(apart.lake, tmp_path)


def test_a_file_is_made_once(apart: Box) -> None:
    storage_cases.a_file_is_made_once(apart.lake)


def test_a_running_holder_of_the_lock_is_named(apart: Box, stack: RunningStack) -> None:
    lock_cases.a_running_holder_is_named(apart.lake, stack.environ)


def test_a_killed_holder_of_the_lock_is_taken_over_at_once(apart: Box, stack: RunningStack) -> None:
    lock_cases.a_killed_holder_is_taken_over_at_once(apart.lake, stack.environ)


def test_a_holder_of_the_lock_on_another_host_is_named_and_refused(apart: Box) -> None:
    lock_cases.another_host_is_named_and_refused(apart.lake)


def test_a_stopped_holder_of_the_lock_is_taken_over_and_writes_nothing_when_it_goes_on(
    apart: Box, stack: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_cases.a_stopped_holder_is_taken_over_and_writes_nothing_when_it_goes_on(apart.lake, stack.environ, monkeypatch)


def test_files_are_landed_once_whatever_is_killed(apart: Box, stack: RunningStack) -> None:
    for name, data in {
        "logs/a.log": LOG * 2,
        "logs/b.log.gz": gzip.compress(LOG * 2),
        "transactions/a.csv": HEADER + ROW,
        "transactions/b.csv": ROW,
    }.items():
        apart.put(name, data)
    environ = {"LAKEHOUSE_URL": apart.lake.url, "LAKEHOUSE_INBOX": str(apart.settings.inbox)}
    for point in ("bronze.transactions.after_data", "bronze.logs.after_commit", "ledger.files.before_data"):
        command = [sys.executable, "-c", LAND]
        killed = subprocess.run(command, env={**stack.environ, **environ, VARIABLE: point}, cwd=ROOT, check=False)
        assert killed.returncode == -9
    apart.inbox().land("run-2")
    assert apart.inbox().land("run-3").decisions == []
    assert sorted((r["dataset"], r["name"], r["status"], r["records"]) for r in apart.ledger()) == [
        ("logs", "a.log", "landed", 2),
        ("logs", "b.log.gz", "duplicate", 2),
        ("transactions", "a.csv", "landed", 1),
        ("transactions", "b.csv", "rejected", 0),
    ]
    assert [row["raw"] for row in apart.bronze("logs")] == [LOG[:-1]] * 2
    assert [row["raw"] for row in apart.bronze("transactions")] == [ROW[:-1]]


def test_what_hdfs_refuses_is_told(apart: Box) -> None:
    files = apart.lake.files
    files.create(f"{apart.lake.url}/file", b"x")
    with pytest.raises(ServiceError, match=r"HDFS at http://localhost:\d+ refuses: "):
        files.create(f"{apart.lake.url}/file/below", b"x")


def test_an_hdfs_without_room_is_told(apart: Box) -> None:
    files = apart.lake.files
    files.create(f"{apart.lake.url}/first", b"x")
    quota(apart, 1)
    with pytest.raises(ServiceError, match=r"HDFS at http://localhost:\d+ is full: .*quota.* Free some space there"):
        files.create(f"{apart.lake.url}/second", b"x")
    quota(apart, -1)
    assert files.create(f"{apart.lake.url}/second", b"x")


def quota(box: Box, most: int) -> None:
    """Let the lake's folder take so many bytes, as an administrator does; -1 for all that there is room for."""
    address = f"{box.settings.webhdfs}/webhdfs/v1{urlsplit(box.lake.url).path}"
    asked = {"op": "SETQUOTA", "storagespacequota": str(most), "user.name": getpass.getuser()}
    requests.put(address, params=asked, timeout=10).raise_for_status()

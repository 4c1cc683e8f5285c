"""An inbox on the real HDFS: the same rows and identities as from one on the local disk, and exact after a kill."""

import gzip
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chain import Chain, check, hadoop_conf, make_chain
from inbox_box import HEADER, LOG, POST, ROW, Box
from killing import contents
from stack import RunningStack

from lakehouse import crash
from lakehouse.errors import ServiceError
from lakehouse.lake import Lake
from lakehouse.lake.files_hdfs import client
from lakehouse.lake.hdfs_path import HdfsPath
from lakehouse.lake.scan import read
from lakehouse.landing import inbox
from lakehouse.landing.inbox import inbox_of
from lakehouse.landing.land import Inbox
from lakehouse.landing.sniff import RejectedError

pytestmark = pytest.mark.stack

FILES = {
    "transactions/a.csv": HEADER + ROW * 2,
    "transactions/bad.csv": ROW,
    "logs/a.log": LOG * 300_000,  # more than a block of what is read at a time
    "logs/a.log.1": LOG,
    "logs/same.log.gz": gzip.compress(LOG),
    "logs/cut.log.gz": gzip.compress(LOG * 9)[:-9],
    "logs/plain.log.gz": LOG,
    "logs/hidden.log": gzip.compress(LOG),
    "logs/empty.log": b"",
    "logs/b.log._COPYING_": LOG,
    "logs/folder.log/c.log": LOG,
    "social_data/a.json": b"[" + POST + b", {x}, " + POST + b"]",
    "social_data/ünïcode %20.json": POST,
    "others/a.csv": b"",
}


@pytest.fixture
def places(stack: RunningStack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Box]]:
    """An empty lake with an inbox on the local disk, and one with an inbox on HDFS; both lakes are on HDFS."""
    top = f"hdfs://localhost:{stack.settings.ports['HDFS_RPC_PORT']}/apart/{request.node.name.partition('[')[0]}"
    with hadoop_conf(stack):
        made, folders = {}, dict[str, Path | str](here=tmp_path / "inbox", hdfs=f"{top}/inbox")
        for where, folder in folders.items():
            settings = replace(stack.settings, lake=f"{top}/{where}", inbox=folder)
            made[where] = Box(settings, Lake.of(settings))
        yield made


def put(box: Box, name: str, data: bytes) -> None:
    """Put a file into the inbox of a box, wherever that is."""
    folder = inbox_of(box.settings)
    if isinstance(folder, Path):
        box.put(name, data)
    else:
        client(folder.webhdfs).write(f"{urlsplit(folder.url).path}/{name}", data, overwrite=True)


def open_inbox(box: Box) -> Inbox:
    return Inbox(box.lake, inbox_of(box.settings), box.lake.make_tables())


def test_files_come_to_bronze_as_from_a_local_inbox(places: dict[str, Box]) -> None:
    landed = {}
    for where, box in places.items():
        for name, data in FILES.items():
            put(box, name, data)
        landed[where] = open_inbox(box).land("run")
        assert open_inbox(box).land("again").decisions == []
    assert landed["hdfs"].ignored == landed["here"].ignored
    assert len(landed["here"].ignored) == 3
    assert contents(places["hdfs"].lake) == contents(places["here"].lake)


def test_a_file_that_changes_is_left_for_the_next_run(places: dict[str, Box], monkeypatch: pytest.MonkeyPatch) -> None:
    box, original = places["hdfs"], inbox.chunks
    put(box, "logs/a.log", LOG)

    def changing(of: HdfsPath) -> Iterator[bytes]:
        yield from original(of)
        put(box, "logs/a.log", LOG * 2)

    monkeypatch.setattr("lakehouse.landing.cut_file.chunks", changing)
    assert open_inbox(box).land("run").ignored == ["logs/a.log: still being written, left for the next run"]
    monkeypatch.undo()
    assert [(d.status, d.records) for d in open_inbox(box).land("run").decisions] == [("landed", 2)]


def test_a_file_that_may_not_be_read_is_refused(places: dict[str, Box], monkeypatch: pytest.MonkeyPatch) -> None:
    put(places["hdfs"], "logs/a.log", LOG)
    path = inbox_of(places["hdfs"].settings) / "logs" / "a.log"
    assert isinstance(path, HdfsPath)
    client(path.webhdfs).set_permission(urlsplit(path.url).path, "000")
    monkeypatch.setenv("HADOOP_USER_NAME", "somebody")
    with pytest.raises(RejectedError, match="unreadable: Permission denied"):
        list(inbox.chunks(path))


def test_a_file_is_read_from_its_beginning_and_tells_how_far(places: dict[str, Box]) -> None:
    box = places["hdfs"]
    data = bytes(range(256)) * 20_000
    put(box, "logs/a.log", data)
    with (inbox_of(box.settings) / "logs" / "a.log").open("rb") as file:
        assert file.peek(2).startswith(data[:2])
        for at in range(0, 3_000_000, 1_000_000):
            assert file.tell() == at
            assert file.read(1_000_000) == data[at : at + 1_000_000]
        assert file.read() == data[3_000_000:]
        assert (file.read(), file.tell()) == (b"", len(data))


def test_an_inbox_that_does_not_answer_is_a_service_that_is_away(places: dict[str, Box]) -> None:
    with pytest.raises(ServiceError, match=r"HDFS at http://localhost:9 does not answer"):
        list(HdfsPath("hdfs://localhost:9/inbox", "http://localhost:9").iterdir())
    assert not (inbox_of(places["hdfs"].settings) / "nothing").exists()


@pytest.fixture(scope="module")
def chain(stack: RunningStack) -> Iterator[Chain]:
    with hadoop_conf(stack):
        yield make_chain(stack, "inbox-hdfs", f"{stack.settings.lake}-inbox")


@pytest.mark.long
@pytest.mark.parametrize("point", ["bronze.logs.after_commit", "ledger.files.before_commit"])
def test_tasks_cut_the_files_and_a_killed_run_is_made_whole(chain: Chain, point: str) -> None:
    chain.files(300, len(point), 0.02)
    result = chain.job(**{crash.VARIABLE: point})
    assert result.returncode == 128 + signal.SIGKILL, result.stdout
    result = chain.job()
    assert result.returncode == 0, result.stdout
    check(chain)
    decided = [(row["name"], row["status"]) for row in read(chain.lake.open("ledger.files")).to_pylist()]
    assert len(decided) == len(set(decided)) == 3 if point.startswith("bronze") else 6
    assert {status for _, status in decided} == {"landed"}


def test_simulated_files_are_written_there_once(chain: Chain) -> None:
    command = (sys.executable, "-m", "producers.simulate", "--rows=10", "--datasets", "logs")
    first, again = chain.run(*command), chain.run(*command)
    assert f"  {chain.settings.inbox}/logs/logs-full-seed42-rows10.log" in first.stdout, first.stderr
    assert "there already" not in first.stdout
    assert "there already, unchanged" in again.stdout

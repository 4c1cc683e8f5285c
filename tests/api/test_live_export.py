"""Exports by the real server: memory stays flat, and an answer that is cut off is never taken for a whole one."""

import http.client
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import large_logs
import pytest
import sample_lake as maker
from api_live import Server
from waiting import wait_until

ROWS, FILES = 150_000, 4
# Bytes that a worker may grow by while it sends a table that is several times as large.
SLACK = 160 << 20
ARROW, CSV = "application/vnd.apache.arrow.stream", "text/csv"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake whose silver.logs has 600,000 rows more, a row group a file, with texts that hardly compress."""
    url = f"file://{tmp_path_factory.mktemp('export')}/lake"
    maker.build(url, 50)
    large_logs.append(url, ROWS, FILES)
    return url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lake: str) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), lake, API_WORKERS="1") as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.log_in("grace", "--groups", "engineer")["access"]


@contextmanager
def export(server: Server, token: str, kind: str) -> Iterator[http.client.HTTPResponse]:
    headers = {"Authorization": f"Bearer {token}", "Accept": kind}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        connection.request("GET", "/api/export/?table=silver.logs", headers=headers)
        with connection.getresponse() as answer:
            yield answer


def most_memory(pid: int) -> int:
    """Return the most bytes that a process had so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@pytest.mark.long
@pytest.mark.parametrize("kind", [ARROW, CSV])
def test_a_large_table_leaves_memory_flat(kind: str, server: Server, token: str) -> None:
    (worker,) = server.workers()
    before = most_memory(worker)
    with export(server, token, kind) as answer:
        assert answer.status == 200
        size, last = 0, b""
        while chunk := answer.read(1 << 20):
            size, last = size + len(chunk), chunk
    assert size == int(answer.headers["Content-Length"]) > 2 * SLACK - (60 << 20)
    assert int(answer.headers["X-Total-Rows"]) > FILES * ROWS
    assert most_memory(worker) - before < SLACK
    # The mark of an Arrow stream's end, beside the length.
    assert kind != ARROW or last.endswith(b"\xff\xff\xff\xff\0\0\0\0")


@pytest.mark.long
def test_no_file_stays(server: Server) -> None:
    folder = server.home / "api" / "exports"
    assert folder.is_dir()
    wait_until(lambda: not list(folder.iterdir()), 30, "files of exports are still there")


@pytest.mark.long
def test_an_answer_that_is_cut_off_is_an_error_for_the_client(server: Server, token: str) -> None:
    with export(server, token, CSV) as answer:
        assert answer.read(100_000)
        os.kill(server.workers()[0], signal.SIGKILL)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    wait_until(lambda: server._answers(), 30, "the server has not started another worker")


@pytest.mark.long
def test_a_read_that_fails_in_the_middle_is_no_answer(server: Server, token: str, lake: str) -> None:
    folder = Path(lake.removeprefix("file://")) / "silver/logs/quarantined=false"
    last = sorted(folder.glob("*.parquet"))[-1]
    data = last.read_bytes()
    broken = bytearray(data)
    broken[len(data) // 2 : len(data) // 2 + 100_000] = bytes(100_000)
    last.write_bytes(broken)
    try:
        for kind in (ARROW, CSV):
            with export(server, token, kind) as answer:
                assert answer.status == 503
    finally:
        last.write_bytes(data)

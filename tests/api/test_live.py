"""The real server: several worker processes, real sockets, real signals."""

import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
import sample_lake as maker
from api_live import ROOT, Server

METRIC = "/api/total-sales-per-product/"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('live')}/lake"
    maker.build(url, 100)
    return url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lake: str) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), lake, API_LOGIN_RATE="5") as running:
        yield running


@pytest.fixture(scope="module")
def pair(server: Server) -> dict[str, str]:
    return server.log_in("demo", "--groups", "engineer")


def until(condition: object, seconds: float = 8) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def exchange(one: Path, other: Path) -> None:
    """Swap two names in one step: a look in between would find no lake at all, which is no failure but a new lake."""
    libc, here, swap = ctypes.CDLL(None, use_errno=True), -100, 2
    if libc.renameat2(here, os.fsencode(one), here, os.fsencode(other), swap):
        raise OSError(ctypes.get_errno(), "renameat2", str(one))


def test_it_serves_on_loopback_alone(server: Server) -> None:
    listening = [
        c.laddr.ip
        for pid in (server.process.pid, *server.workers())
        for c in psutil.Process(pid).net_connections()
        if c.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}
    assert len(server.workers()) == 2


def test_a_metric_is_answered_and_304_the_second_time(server: Server, pair: dict[str, str]) -> None:
    first = server.get(METRIC, pair["access"])
    assert first.status == 200
    assert int(first.headers["Content-Length"]) == len(first.body)
    header = {"Authorization": f"Bearer {pair['access']}", "If-None-Match": first.headers["ETag"]}
    again = server.request("GET", METRIC, headers=header)
    assert (again.status, again.body) == (304, b"")
    assert "Content-Length" not in again.headers


@pytest.mark.parametrize("path", [METRIC, "/api/schema/", "/"])
def test_a_head_is_that_of_the_answer_and_nothing_follows_it(server: Server, pair: dict[str, str], path: str) -> None:
    whole = server.get(path, pair["access"])
    headers = f"Host: localhost\r\nAuthorization: Bearer {pair['access']}\r\nConnection: close"
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert said.startswith(b"HTTP/1.1 200")
    assert f"content-length: {len(whole.body)}\r\n".encode() in said.lower()
    assert said.endswith(b"\r\n\r\n")


def test_eight_refreshes_over_two_processes_give_one_pair(server: Server) -> None:
    refresh = server.log_in("refresher")["refresh"]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: server.request("POST", "/api/token/refresh/", {"refresh": refresh}), range(8))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 7


def test_requests_of_all_processes_are_added_up(server: Server) -> None:
    def count() -> float:
        text = server.get("/metrics").body.decode()
        found = re.search(
            r'^lakehouse_api_request_seconds_count\{.*"/api/runs/",status="401"\} (\S+)$', text, re.MULTILINE
        )
        return float(found[1]) if found else 0.0

    def have_both_answered() -> bool:
        server.get("/api/health/")
        return len(list((server.home / "api" / "requests").glob("histogram_*.db"))) == 2

    assert until(have_both_answered)
    before = count()
    for _ in range(20):
        assert server.get("/api/runs/").status == 401
    assert {count() for _ in range(8)} == {before + 20}, "whichever process is asked"


def test_logins_are_counted_once_for_all_processes(server: Server) -> None:
    def attempt(number: int) -> int:
        body = {"username": "nobody", "password": "x"}
        return server.request("POST", "/api/token/", body, {"X-Forwarded-For": f"10.0.0.{number}"}).status

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(attempt, range(16)))
    assert set(codes) == {401, 429}
    assert codes.count(401) <= 5


def raw(server: Server, sent: bytes) -> tuple[int, bytes, bytes]:
    """Send bytes and return status, head and body of the answer, read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head, body


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /api/health/ HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /api/health/ HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"POST /api/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    ],
    ids=["header", "tls", "version", "length"],
)
def test_what_is_no_http_is_400(sent: bytes, server: Server) -> None:
    assert raw(server, sent)[0] == 400


REFUSED = [
    ("GET /" + "a" * 9000, "Host: localhost", 414),
    ("GET /api/health/", "X-A: b", 400),
    ("GET /api/health/", "Host: localhost\r\nHost: elsewhere", 400),
    ("GET /api/health/", "Host: elsewhere", 400),
    ("GET /api/%ff/", "Host: localhost", 404),
    ("GET /api/status-code-counts/", "Host: localhost\r\nAuthorization: Bearer \xe9", 401),
]


@pytest.mark.parametrize(
    ("line", "headers", "code"), REFUSED, ids=["url", "no host", "two hosts", "host", "no utf-8", "latin-1"]
)
def test_what_is_refused_has_the_shape_of_all_errors(line: str, headers: str, code: int, server: Server) -> None:
    status, head, body = raw(server, f"{line} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert status == code
    assert b"application/json" in head
    error = json.loads(body)
    assert set(error) == {"error", "detail", "request_id"}
    assert f"x-request-id: {error['request_id']}".encode() in head.lower()


def test_many_kept_connections_and_new_ones_are_all_served(server: Server, pair: dict[str, str]) -> None:
    request = f"GET {METRIC} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {pair['access']}\r\n\r\n".encode()
    connections = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(40)]
    try:
        for _ in range(3):
            for connection in connections:
                connection.sendall(request)
            for connection in connections:
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        assert server.get(METRIC, pair["access"]).status == 200
    finally:
        for connection in connections:
            connection.close()


def test_a_new_version_is_seen_by_all_workers_without_a_restart(
    server: Server, pair: dict[str, str], lake: str
) -> None:
    before = server.get(METRIC, pair["access"])
    maker.write_gold(lake, "total_sales_per_product", [{"produit": "New", "total_ventes": Decimal("1500.25")}], 1)

    def seen() -> bool:
        return all(b"New" in server.get(METRIC, pair["access"]).body for _ in range(8))

    assert until(seen)
    after = server.get(METRIC, pair["access"])
    assert after.body == b'[{"produit": "New", "total_ventes": 1500.25}]'
    assert after.headers["ETag"] != before.headers["ETag"]


def test_a_lake_that_goes_away_and_comes_back_needs_no_restart(server: Server, pair: dict[str, str], lake: str) -> None:
    folder = Path(lake.removeprefix("file://"))
    version = server.get(METRIC, pair["access"]).headers["X-Table-Version"]
    away = folder.with_name("away")
    away.write_text("not a folder: every look fails")
    exchange(folder, away)
    try:
        assert until(lambda: all("X-Stale" in server.get(METRIC, pair["access"]).headers for _ in range(12)), 20)
        stale = server.get(METRIC, pair["access"])
        assert (stale.status, stale.headers["X-Table-Version"]) == (200, version)
        assert int(stale.headers["Age"]) >= 0
        assert server.get("/api/health/").status == 503
    finally:
        exchange(folder, away)
    assert until(lambda: all("X-Stale" not in server.get(METRIC, pair["access"]).headers for _ in range(6)))
    assert until(lambda: all(server.get("/api/health/").status == 200 for _ in range(6)))


def test_an_idle_worker_is_small_and_hardly_works(server: Server) -> None:
    workers = [psutil.Process(pid) for pid in server.workers()]
    assert max(worker.memory_info().rss for worker in workers) < 250e6
    before = sum(sum(worker.cpu_times()[:2]) for worker in workers)
    time.sleep(2)
    assert sum(sum(worker.cpu_times()[:2]) for worker in workers) - before < 0.4


def test_it_stops_at_once_and_with_a_good_exit_code(tmp_path: Path, lake: str) -> None:
    server = Server(tmp_path / "stop", lake)
    with server:
        started = time.monotonic()
    assert server.process.returncode == 0
    assert time.monotonic() - started < 8


def test_a_bad_setting_stops_the_start_with_one_line(tmp_path: Path, lake: str) -> None:
    server = Server(tmp_path / "bad", lake, API_SIGNING_KEY="short")
    done = subprocess.run(
        [sys.executable, "api/serve.py"],
        cwd=ROOT,
        env=server.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode != 0
    assert "API_SIGNING_KEY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("path", "clients"), [(f"{METRIC}?as_of=1", 12), ("/api/tables/", 40)])
def test_many_who_ask_for_the_same_at_once_are_answered(
    path: str, clients: int, server: Server, pair: dict[str, str]
) -> None:
    with ThreadPoolExecutor(clients) as pool:
        codes = list(pool.map(lambda _: server.get(path, pair["access"]).status, range(clients)))
    assert set(codes) <= {200, 429}
    assert codes.count(200) >= clients / 2

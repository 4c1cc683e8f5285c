"""Clients that read, send or wait as slowly as they like: an honest client beside them is answered at once."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sample_lake as maker
from api_live import Server

METRIC, BUNDLE = "/api/total-sales-per-product/", "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
CLIENTS = 200
# Seconds of an attack, and what 99 of 100 answers take at the most: beside other tests on two cores, and alone.
SHORT, LONG = (5, 2.0), (30, 0.3)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"file://{tmp_path_factory.mktemp('attacked')}/lake"
    maker.build(url, 100)
    with Server(tmp_path_factory.mktemp("server"), url) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.log_in()["access"]


def head(method: str, path: str, *more: str) -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *more, "", "")).encode()


def reads_no_file(_: str) -> tuple[bytes, bytes]:
    return head("GET", BUNDLE) * 10, b""


def reads_no_metric(token: str) -> tuple[bytes, bytes]:
    return head("GET", METRIC, f"Authorization: Bearer {token}") * 10, b""


def never_ends_its_head(_: str) -> tuple[bytes, bytes]:
    return b"GET /api/health/ HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a"


def never_ends_its_body(_: str) -> tuple[bytes, bytes]:
    return head("POST", "/api/token/", "Content-Type: application/json", "Content-Length: 60000") + b"{", b" "


def never_ends_its_chunks(_: str) -> tuple[bytes, bytes]:
    return head("POST", "/api/token/", "Content-Type: application/json", "Transfer-Encoding: chunked"), b"1\r\n \r\n"


def says_nothing(_: str) -> tuple[bytes, bytes]:
    return b"", b""


@contextmanager
def attack(port: int, first: bytes, each_second: bytes) -> Iterator[None]:
    """Keep CLIENTS connections that send `first`, then `each_second`, and never read; a closed one is opened again."""
    ended = threading.Event()

    def connect() -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(("127.0.0.1", port))
        client.sendall(first)
        client.setblocking(False)
        return client

    def keep(clients: list[socket.socket]) -> None:
        while not ended.wait(1):
            for place, client in enumerate(clients):
                try:
                    client.send(each_second)
                except BlockingIOError:
                    continue
                except OSError:
                    client.close()
                    clients[place] = connect()

    with ExitStack() as stack:
        clients = [connect() for _ in range(CLIENTS)]
        stack.callback(lambda: list(map(socket.socket.close, clients)))
        keeping = threading.Thread(target=keep, args=(clients,))
        keeping.start()
        stack.callback(keeping.join)
        stack.callback(ended.set)
        yield


@pytest.mark.parametrize(("seconds", "most"), [SHORT, pytest.param(*LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "kind",
    [reads_no_file, reads_no_metric, never_ends_its_head, never_ends_its_body, never_ends_its_chunks, says_nothing],
)
def test_an_honest_client_is_answered_at_once(
    kind: Callable[[str], tuple[bytes, bytes]], seconds: int, most: float, server: Server, token: str
) -> None:
    waits = []
    with attack(server.port, *kind(token)):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.perf_counter()
            assert server.get(METRIC, token).status == 200
            waits.append(time.perf_counter() - began)
            time.sleep(0.01)
    assert len(waits) > 5 * seconds
    assert sorted(waits)[int(len(waits) * 0.99)] < most


def test_a_login_in_chunks_is_a_login(server: Server) -> None:
    body = b'{"username": "nobody", "password": "x"}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:], b""))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        more = ("Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close")
        client.sendall(head("POST", "/api/token/", *more) + chunks)
        assert client.recv(65536).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("kind", ["Content-Length: 70000", "Transfer-Encoding: chunked"])
def test_a_body_over_the_limit_is_413(kind: str, server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head("POST", "/api/token/", "Content-Type: application/json", kind))
        body = b" " * 70_000
        client.sendall(body if "Length" in kind else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert client.recv(65536).startswith(b"HTTP/1.1 413")


def test_strangers_who_log_in_keep_no_metric_waiting(server: Server, token: str) -> None:
    codes: list[int] = []

    def log_in(number: int) -> None:
        body = {"username": f"stranger {number}", "password": "x"}
        codes.append(server.request("POST", "/api/token/", body).status)

    strangers = [threading.Thread(target=log_in, args=(number,)) for number in range(40)]
    for stranger in strangers:
        stranger.start()
    began = time.perf_counter()
    assert server.get(METRIC, token).status == 200
    assert time.perf_counter() - began < 1
    for stranger in strangers:
        stranger.join()
    assert set(codes) == {401, 429}

"""Measures the running API against its bars, as a table: `make bench-api`, or `python -m bench.api [build/demo.json]`.

The clients are coroutines that keep their connections and do nothing but send, so that on two cores the server and
not the measuring is measured.
"""

import asyncio
import http.client
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil

METRIC = "/api/status-code-counts/"
MIXED = (
    "/api/total-sales-per-product/",
    METRIC,
    "/api/avg-likes-per-product/",
    "/api/campaign-metrics/",
    "/api/campaign-metrics/?as_of=1",
    "/api/query-table/?" + urlencode({"table": "silver.logs", "filter": "status >= 500 AND path LIKE '/%'"}),
    "/api/query-table/?" + urlencode({"table": "gold.status_code_counts", "limit": 100}),
    "/api/tables/",
    "/api/health/",
    "/api/nowhere/",
)
QUERY = "/api/query-table/?" + urlencode(
    {"table": "silver.logs", "limit": 10, "filter": "status = 404 AND bytes > 100"}
)


@dataclass(frozen=True)
class Line:
    """A line of the table: what was measured, its bar, and whether more is better."""

    what: str
    value: float
    unit: str
    bar: float
    is_floor: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value is on the good side of the bar."""
        return self.value >= self.bar if self.is_floor else self.value <= self.bar

    def __str__(self) -> str:
        """Return the line as text."""
        sign = ">" if self.is_floor else "<"
        verdict = "ok" if self.is_met else "MISSED"
        return f"{self.what:<46}{self.value:>10,.1f} {self.unit:<5} {sign} {self.bar:>6,.0f}   {verdict}"


class Api:
    """The API of a credentials file, with a fresh token."""

    def __init__(self, path: Path) -> None:
        kept = json.loads(path.read_text(encoding="utf-8"))
        self.address = urlsplit(kept["url"])
        self.host, self.port = self.address.hostname or "127.0.0.1", self.address.port or 80
        self.token = self._log_in(kept)

    def _log_in(self, kept: dict[str, str]) -> str:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        body = json.dumps({"username": kept["username"], "password": kept["password"]})
        connection.request("POST", "/api/token/", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        pair: dict[str, str] = json.loads(answer.read())
        if answer.status != 200:
            sys.exit(f"Logging in gave {answer.status}: {pair}. Run `make user`, or wait a minute after five logins.")
        return pair["access"]

    def request(self, path: str, etag: str = "") -> bytes:
        """Return a GET request as bytes."""
        match = f"If-None-Match: {etag}\r\n" if etag else ""
        head = f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
        return f"{head}{match}\r\n".encode()

    def workers(self) -> list[psutil.Process]:
        """Return the server's worker processes, where it runs on this machine; they share the socket it listens on."""
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
        owner = next((psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == self.port), None)
        if owner is None:
            return []
        master = owner if owner.children() else owner.parent()
        return master.children() if master else []


@dataclass
class Seen:
    """What the clients of one measurement saw: seconds of each request, status codes, and the last answer's head."""

    seconds: list[float]
    codes: set[bytes]
    head: str = ""


async def _client(api: Api, requests: Iterator[bytes], seen: Seen) -> None:
    reader, writer = await asyncio.open_connection(api.host, api.port)
    for request in requests:
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if int(length or b"0") and head[9:12] != b"304":
            await reader.readexactly(int(length))
        seen.seconds.append(time.perf_counter() - started)
        seen.codes.add(head[9:12])
        seen.head = head.decode("latin-1")
        if b"connection: close" in head:
            reader, writer = await asyncio.open_connection(api.host, api.port)
    writer.close()


def measure(api: Api, requests: Sequence[bytes], clients: int, each: int) -> tuple[Seen, float]:
    """Send `each` requests from each of `clients` at once; return what was seen, and requests per second."""
    seen = Seen([], set())

    async def run() -> float:
        started = time.perf_counter()
        streams = [iter([requests[(n + k) % len(requests)] for k in range(each)]) for n in range(clients)]
        await asyncio.gather(*(_client(api, stream, seen) for stream in streams))
        return time.perf_counter() - started

    total = asyncio.run(run())
    seen.seconds.sort()
    return seen, len(seen.seconds) / total


def _median(seen: Seen) -> float:
    return statistics.median(seen.seconds) * 1000


def metric_lines(api: Api) -> Iterator[Line]:
    """Measure a metric route with 8 and 4 clients, and its 304."""
    measure(api, [api.request(METRIC)], 8, 50)
    seen, rate = measure(api, [api.request(METRIC)], 8, 500)
    if seen.codes != {b"200"}:
        sys.exit(f"{METRIC} answered {seen.codes}: is gold built? Run `make pipeline`.")
    etag = seen.head.partition("etag: ")[2].partition("\r\n")[0]
    yield Line("metric, 8 clients, median", _median(seen), "ms", 5)
    yield Line("metric, 8 clients, p99", seen.seconds[int(len(seen.seconds) * 0.99)] * 1000, "ms", 30)
    yield Line("metric, 8 clients, requests a second", rate, "/s", 300, is_floor=True)
    yield Line("metric, 4 clients, median", _median(measure(api, [api.request(METRIC)], 4, 500)[0]), "ms", 15)
    seen, _ = measure(api, [api.request(METRIC, etag)], 1, 500)
    if seen.codes != {b"304"}:
        sys.exit(f"If-None-Match: {etag} gave {seen.codes}.")
    yield Line("metric, 304, 1 client, median", _median(seen), "ms", 3)


def other_lines(api: Api) -> Iterator[Line]:
    """Measure the query with a filter, and memory before and after 10,000 mixed requests."""
    yield Line("memory of the largest worker", _memory(api), "MB", 250)
    seen, _ = measure(api, [api.request(QUERY)], 1, 10)
    if seen.codes == {b"200"}:
        rows = int(seen.head.partition("x-rows-scanned: ")[2].partition("\r\n")[0] or 0)
        yield Line(f"query, filter over {rows:,} rows, median", _median(seen), "ms", 400)
    measure(api, [api.request(path) for path in MIXED], 8, 1250)
    yield Line("memory after 10,000 mixed requests", _memory(api), "MB", 250)


def _memory(api: Api) -> float:
    return max((process.memory_info().rss for process in api.workers()), default=0) / 1e6


def main(arguments: list[str]) -> None:
    """Print the table; ends with 1 where a bar is missed."""
    path = Path(arguments[0] if arguments else "build/demo.json")
    if not path.exists():
        sys.exit(f"{path} is not there. Run `make api` and `make user` first.")
    try:
        api = Api(path)
        is_met = True
        for line in itertools.chain(metric_lines(api), other_lines(api)):
            sys.stdout.write(f"{line}\n")
            is_met = is_met and line.is_met
    except OSError as error:
        sys.exit(f"The API of {path} does not answer ({error}). Run `make api`.")
    sys.exit(int(not is_met))


if __name__ == "__main__":
    main(sys.argv[1:])

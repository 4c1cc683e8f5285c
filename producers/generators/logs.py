"""Requests to the shop's web server, as they stand in a log in Combined format."""

from functools import lru_cache

from faker import Faker

from lakehouse.datasets.logs import DATASET
from producers.generators.breakage import CSV_BREAKAGES, JSON_BREAKAGES, Breakage, absent, garbled, wrong
from producers.generators.catalogue import PRODUCTS
from producers.generators.drawing import Draw, Record, Rng, between, moment, pick, wheel
from producers.generators.sequence import Generator

_REQUESTS = wheel(
    (
        (("GET", "/"), 30),
        (("GET", "/cart"), 14),
        (("GET", "/login"), 8),
        (("GET", "/search?q=gift"), 6),
        (("GET", "/static/app.js"), 16),
        (("POST", "/api/orders"), 10),
        (("POST", "/login"), 6),
        (("PUT", "/api/cart"), 6),
        (("DELETE", "/api/cart"), 2),
        (("HEAD", "/"), 2),
        *((("GET", f"/products/{p.slug}"), p.weight) for p in PRODUCTS),
    )
)
_PROTOCOLS = wheel((("HTTP/1.1", 7), ("HTTP/2.0", 3)))
_STATUS_WEIGHTS = {200: 760, 304: 80, 301: 25, 302: 30, 404: 55, 401: 12, 403: 10, 400: 8, 429: 4, 500: 10, 503: 6}
_STATUSES = wheel(_STATUS_WEIGHTS.items())
_REFERER_WEIGHTS: dict[str | None, int] = {
    None: 9,
    "https://shop.example.com/": 6,
    "https://search.example.org/?q=shop": 4,
    "https://news.example.net/deals": 1,
}
_REFERERS = wheel(_REFERER_WEIGHTS.items())


@lru_cache(maxsize=4)
def prepare(seed: int) -> Draw:
    """Return the function that draws a request from this seed's addresses (a tenth IPv6), users and agents."""
    fake = Faker("en_US")
    fake.seed_instance(f"{seed}:visitors")
    addresses = [fake.ipv4_public() for _ in range(1800)] + [fake.ipv6() for _ in range(200)]
    agents = [*(fake.user_agent() for _ in range(300)), "curl/8.5.0", 'Shopping "friend" bot/1.0']
    users: list[str | None] = [*(fake.user_name() for _ in range(40)), *[None] * 360]

    def draw(rng: Rng, _: str) -> Record:
        (method, path), status = pick(rng, _REQUESTS), pick(rng, _STATUSES)
        return {
            "IP_Address": pick(rng, addresses),
            "User": pick(rng, users),
            "Timestamp": moment(rng),
            "Method": method,
            "URL": path,
            "Protocol": pick(rng, _PROTOCOLS),
            "Status_Code": status,
            "Bytes": 0 if status == 304 or method == "HEAD" else between(rng, 180, 48_000),
            "Referer": pick(rng, _REFERERS),
            "Agent": pick(rng, agents),
        }

    return draw


def _request(name: str, request: bytes) -> Breakage:
    def garble(raw: bytes) -> bytes:
        head, _, tail = raw.split(b'"', 2)
        return b'%s"%s"%s' % (head, request, tail)

    return garbled(name, "bad_request_line", ("log",), garble)


BREAKAGES = (
    wrong("status_not_known", "status", "Status_Code", "999", "000", "abc"),
    wrong("address_out_of_range", "ip", "IP_Address", "256.1.1.1", "10.0.0.999"),
    wrong("date_that_does_not_exist", "date", "Timestamp", "2025-02-31 10:00:00", "2025-06-01 25:00:00"),
    wrong("date_out_of_range", "date_range", "Timestamp", "2099-01-01 00:00:00", "1999-12-31 23:59:59"),
    wrong("latin_1_bytes", "encoding", "Agent", "Caf\udce9/1.0"),
    _request("request_is_a_dash", b"-"),
    _request("request_is_empty", b""),
    _request("tls_on_the_http_port", rb"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    absent("URL", targets=("csv", "topic")),
    absent("Status_Code", targets=("csv", "topic")),
    *CSV_BREAKAGES,
    *JSON_BREAKAGES,
)

GENERATOR = Generator(
    DATASET,
    prepare,
    BREAKAGES,
    partition_by="IP_Address",
    simple=("IP_Address", "URL", "Status_Code", "Timestamp"),
    file_formats={"full": "log", "simple": "csv"},
)

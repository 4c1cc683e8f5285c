"""Source records of the sample lake and what silver makes of them: deterministic, with hostile text on purpose."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from random import Random

from lakehouse.judging.judge import judge
from lakehouse.model import Dataset

HOSTILE = (
    "<script>alert('x')</script>",
    '<img src=x onerror=alert(1)> & "quotes"',
    "$\\frac{1}{2}$ $50 _each_ ^now",
    "abc\u202egpj.exe",
    "Party 🎉 pack \u0645\u0631\u062d\u0628\u0627",
    "A product whose name is far longer than any label on any chart should ever have to be, with ${jndi:ldap://x}",
    "=HYPERLINK(1)\ttab",
)
PRODUCTS = (*(f"{kind} {size}" for kind in ("Lamp", "Chair", "Desk", "Shelf", "Sofa") for size in "SMLX"), *HOSTILE)
CSV_HEADER = "TransactionID,ClientID,ClientName,TransactionDate,Product,Quantity,UnitPrice,Amount,PaymentMethod"
START = datetime(2024, 10, 1, tzinfo=UTC)
DAYS = 90
BROKEN = 12  # every twelfth record is broken


@dataclass(frozen=True)
class Record:
    """A record as it came, with its typed silver columns, or with the rules that it broke."""

    raw: bytes
    format: str
    header: str | None
    values: dict[str, object]
    reasons: tuple[str, ...] = ()


def _moment(rng: Random) -> datetime:
    # More events towards the end and during the day, so that a volume chart has a shape.
    day = int(DAYS * rng.random() ** 0.6)
    return START + timedelta(days=day, seconds=int(rng.triangular(0, 86_399, 54_000)))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set('",\n') & set(text) else text


def transaction(rng: Random, number: int) -> Record:
    product = PRODUCTS[int(len(PRODUCTS) * rng.random() ** 1.7)]
    quantity, price = rng.randint(1, 5), Decimal(rng.randint(199, 49_999)) / 100
    values: dict[str, object] = {
        "transaction_id": f"T{number:06d}",
        "client_id": f"C{rng.randint(1, 80):04d}",
        "client_name": f"Personal Name {rng.randint(1, 80)}",
        "transaction_date": _moment(rng),
        "product": product,
        "quantity": quantity,
        "unit_price": price,
        "amount": quantity * price,
        "payment_method": rng.choice(("card", "card", "card", "transfer", "cash")),
    }
    raw = ",".join(_quoted(str(value)) for value in values.values()).encode()
    reasons = (
        ("duplicate",),
        ("date",),
        ("number_format",),
        ("required", "date"),
        ("amount_mismatch",),
        ("conflict",),
    )
    return Record(raw, "csv", CSV_HEADER, values, _broken(rng, number, reasons))


def request(rng: Random, number: int) -> Record:
    status = rng.choices((200, 304, 301, 404, 500, 403, 503), (600, 120, 60, 90, 25, 20, 8))[0]
    path = f"/products/{rng.randint(1, 40)}?q={HOSTILE[0] if number % 50 == 0 else 'lamp'}"
    moment, size, ip = _moment(rng), int(rng.lognormvariate(8, 1.5)), f"203.0.113.{rng.randint(1, 250)}"
    line = f'{ip} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" {status} {size} "-" "Mozilla/5.0"'
    values: dict[str, object] = {
        "ip": ip,
        "time": moment,
        "method": "GET",
        "path": path,
        "protocol": "HTTP/1.1",
        "status": status,
        "bytes": size,
        "agent": "Mozilla/5.0",
    }
    return Record(
        line.encode(), "log", None, values, _broken(rng, number, (("status",), ("bad_request_line",), ("ip",)))
    )


def post(rng: Random, number: int) -> Record:
    named = rng.random() < 0.85
    product = rng.choice(PRODUCTS) if named else None
    message = f"Look at {product or 'this'} ({number % 6})"
    values: dict[str, object] = {
        "post_id": f"P{number:06d}",
        "user": f"personal_user_{rng.randint(1, 60)}",
        "message": message,
        "product": product,
        "post_date": _moment(rng),
        "likes": int(rng.lognormvariate(3.5, 1.1)),
        "retweets": int(rng.lognormvariate(1.5, 1.0)),
    }
    reasons = (("syntax",), ("trailing_data",), ("required",), ("duplicate",))
    return Record(_json(values), "json", None, values, _broken(rng, number, reasons))


def advert(rng: Random, number: int) -> Record:
    start = _moment(rng).date()
    impressions = rng.randint(200, 9_000)
    clicks = int(impressions * rng.triangular(0.0, 0.12, 0.02))
    values: dict[str, object] = {
        "event_id": f"E{number:06d}",
        "campaign_id": f"campaign-{1 + int(40 * rng.random() ** 1.5):03d}",
        "start_date": start,
        "end_date": start + timedelta(days=rng.randint(1, 30)),
        "budget": Decimal(rng.randint(10_000, 900_000)) / 100,
        "clicks": clicks,
        "impressions": impressions,
        "ctr": clicks / impressions,
    }
    return Record(
        _json(values),
        "json",
        None,
        values,
        _broken(rng, number, (("clicks_above_impressions",), ("tombstone",), ("not_object",))),
    )


def of_cases(dataset: Dataset) -> Callable[[Random, int], Record]:
    """Return a maker for a dataset that has none here: what its table of cases is judged to be, varied.

    So metrics have groups and charts something to draw; records are no longer the bytes of their values.
    """
    cases = import_module(f"test_judge_{dataset.name}").CASES
    judged = judge(import_module("judging_cases").bronze(cases), dataset).to_pylist()
    both = list(zip(cases, judged, strict=True))
    good, bad = ([pair for pair in both if bool(pair[1]["reasons"]) is is_bad] for is_bad in (False, True))

    def make(rng: Random, number: int) -> Record:
        case, row = rng.choice((good, bad)[number % BROKEN == 0])
        values = {column.name: row[column.name] for column in dataset.columns if row[column.name] is not None}
        for column in dataset.columns:
            some = number if column.name == dataset.key else rng.randint(1, 9)
            if column.name not in values or column.type == "boolean":
                continue
            if column.type in ("date", "timestamp"):
                values[column.name] = _moment(rng) if column.type == "timestamp" else _moment(rng).date()
            elif column.type == "string":
                values[column.name] = f"{'Personal' if column.personal else values[column.name]} {some}"
            else:
                values[column.name] += some
        return Record(case.raw, case.format, case.header, values, tuple(row["reasons"]))

    return make


def _json(values: dict[str, object]) -> bytes:
    return json.dumps(values, default=str, ensure_ascii=False).encode()


def _broken(rng: Random, number: int, reasons: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return rng.choice(reasons) if number % BROKEN == 0 else ()

"""Corners of the formats that the catalogue of bad input does not name: read exactly, or refused."""

import pickle
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from judging_cases import Case, Row, bad, bronze, check, good, judge_cases

from lakehouse.datasets import DATASETS
from lakehouse.judging.judge import judge
from lakehouse.settings import ROOT

HEADER = "ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod"


def sale(product: str = "Lamp", amount: str = "1", date: str = "2025-01-05") -> str:
    return f'"ClientID": "c", "ClientName": "n", "TransactionDate": "{date}", "Product": {product}, "Amount": {amount}'


def json_sale(**changes: str) -> bytes:
    return f'{{{sale(**({"product": chr(34) + "Lamp" + chr(34)} | changes))}, "PaymentMethod": "card"}}'.encode()


def row(product: str = "Lamp") -> bytes:
    return f"c,n,2025-01-05,{product},1,card".encode()


def csv_good(id: str, raw: bytes, **columns: object) -> Case:
    return good(id, raw, format="csv", header=HEADER, **columns)


def csv_bad(id: str, raw: bytes, *reasons: str, header: str | None = HEADER) -> Case:
    return bad(id, raw, *reasons, format="csv", header=header)


SALES = [
    # RFC 8259
    *(good(f"JSON amount {text}", json_sale(amount=text), amount=Decimal(value)) for text, value in (
        ("1e3", "1000"), ("1.25E1", "12.5"), ("25e-1", "2.5"), ("1.0E7", "10000000"), ("-0", "0"),
        ('"12.30"', "12.3"))),
    *(bad(f"JSON amount {text}", json_sale(amount=text), *reasons) for text, reasons in (
        ("1e-3", ("scale",)), ("1.230", ("scale",)), ("1e99", ("overflow",)), ("1e400", ("number_format",)),
        ('"1e3"', ("number_format",)), ("[1]", ("number_format",)), ("true", ("number_format",)),
        ("NaN", ("number_format",)), ("-Infinity", ("number_format",)), ("01", ("syntax",)), ("+1", ("syntax",)),
        ("9" * 4_301, ("overflow",)))),
    good("the last of two equal keys", json_sale(amount='7, "Amount": 8'), amount=Decimal(8)),
    good("a key with an escape", json_sale().replace(b'"Product"', rb'"Pr\u006fduct"'), product="Lamp"),
    good("escapes", json_sale(product=r'"\"\\\/\u00e9\ud83d\ude00\t"'), product='"\\/é\N{GRINNING FACE}'),
    good("an object as text", json_sale(product='{"a": [1, "]"]}'), product='{"a": [1, "]"]}'),
    good("an array over two lines", json_sale(product="[1,\n2]"), product="[1,\n2]"),
    good("the text null", json_sale(product='"null"'), product="null"),
    good("500 arrays", json_sale(product="[" * 499 + "]" * 499), product="[" * 499 + "]" * 499),
    bad("501 arrays", json_sale(product="[" * 500 + "]" * 500), "depth"),
    good("brackets in a text", json_sale(product='"' + "[" * 900 + '"'), product="[" * 900),
    bad("half a surrogate pair", json_sale(product=r'"\ud83d"'), "encoding"),
    bad("half a surrogate pair in a new field", json_sale(product=r'"x", "new": "\udc00"'), "encoding"),
    bad("an escaped control character", json_sale(product=r'"a\bb"'), "control_char"),
    bad("a raw control character", json_sale(product='"a\tb"'), "syntax"),
    bad("a blank that JSON does not know", json_sale().replace(b'": ', b'":\x0c'), "syntax"),
    bad("a byte-order mark", b"\xef\xbb\xbf" + json_sale(), "syntax"),
    # RFC 4180
    csv_good("quotes around all", b'"c","n","2025-01-05","Lamp","1","card"', product="Lamp"),
    csv_good("a quoted comma", row('"a,b"'), product="a,b"),
    csv_good("an empty quoted field", row("x")[:-4] + b'"ca""rd"', payment_method='ca"rd'),
    csv_good("a blank before a quote", row(' "a"'), product='"a"'),
    csv_good("a long quoted field", row('"' + "x" * 200_000 + '"'), product="x" * 200_000),
    csv_good("line end", row() + b"\r\n", payment_method="card"),
    csv_bad("text behind a quote", row('"a"b'), "syntax"),
    csv_bad("a line break without quotes", row("a\nb"), "syntax"),
    csv_bad("few fields and a quote", b'c,5" pipe', "few_fields"),
    csv_bad("no header", row(), "syntax", header=None),
    csv_bad("a header that is none", row(), "syntax", header="a\nb"),
    bad("an unknown format", row(), "syntax", format="xml", header=HEADER),
    csv_bad("a price too large for an amount", b"1,c,n,2025-01-05,Lamp,2000000000,999999.99,,card", "overflow",
            header="TransactionID,ClientID,ClientName,TransactionDate,Product,Quantity,UnitPrice,Amount,PaymentMethod"),
]  # fmt: skip


def line(
    head: str = "10.0.0.1 - -", time: str = "10/Oct/2025:13:55:36 +0000", rest: str = '"GET / HTTP/1.1" 200 1'
) -> bytes:
    return f"{head} [{time}] {rest}".encode()


def log_good(id: str, raw: bytes, **columns: Any) -> Case:
    return good(id, raw, format="log", **columns)


def log_bad(id: str, raw: bytes, *reasons: str) -> Case:
    return bad(id, raw, *reasons, format="log")


LINES = [
    log_good("an escaped quote in the URL", line(rest=r'"GET /a\"b HTTP/1.1" 200 1'), path='/a"b'),
    log_good("an escaped backslash before the last quote", line(rest=r'"GET / HTTP/1.1" 200 1 "-" "a\\"'), agent="a\\"),
    log_good("private-use characters", line(rest='"GET /\ue000\ue001 HTTP/1.1" 200 1'), path="/\ue000\ue001"),
    log_good("carriage return", line() + b"\r", bytes=1),
    log_good("a zone for an address", line("fe80::1%eth0 - -"), ip="fe80::1%eth0"),
    log_bad("something behind the agent", line(rest='"GET / HTTP/1.1" 200 1 "-" "a" 7'), "syntax"),
    log_bad("something before the request", line(rest='x "GET / HTTP/1.1" 200 1'), "syntax"),
    log_bad("a time without a zone", line(time="10/Oct/2025:13:55:36"), "syntax"),
    log_bad("no bracket", line().replace(b"]", b""), "syntax"),
    log_bad("a quote that never closes", line(rest='"GET / HTTP/1.1'), "syntax"),
    *(log_bad(f"address {ip}", line(f"{ip} - -"), "ip") for ip in ("1:2:3:4:5:6:7:8:9", "12345::", "-a", "a" * 254)),
    *(log_bad(f"time {time}", line(time=time), "date") for time in (
        "10/Oct/2025:13:55:60 +0000", "10/oct/2025:13:55:36 +0000", "10/Oct/2025:13:55:36 +1801",
        "10/Oct/2025:13:55:36 +0060")),
]  # fmt: skip

TIMES = [
    *(good(text, json_sale(date=text), transaction_date=value) for text, value in (
        ("2024-02-29", datetime(2024, 2, 29)),
        ("2025-01-05 10:00", datetime(2025, 1, 5, 10)),
        ("2025-01-05T10:00:01.5", datetime(2025, 1, 5, 10, 0, 1, 500_000)),
        ("2025-01-05T10:00:01.000001Z", datetime(2025, 1, 5, 10, 0, 1, 1)),
        ("2025-01-05 10:00:01 -0130", datetime(2025, 1, 5, 11, 30, 1)),
        ("2025-01-05T10:00:01+18:00", datetime(2025, 1, 4, 16, 0, 1)),
        ("2025-01-05T10:00Z", datetime(2025, 1, 5, 10)),
    )),
    *(bad(text, json_sale(date=text), "date") for text in (
        "2023-02-29", "2025-13-01", "2025-00-10", "2025-01-05T", "2025-01-05 10", "2025-01-05 10:60",
        "2025-01-05 10:00:60", "2025-01-05T10:00:00.", "2025-01-05T10:00:00.1234567", "2025-01-05T10:00:00+18:01",
        "2025-01-05T10:00:00+05", "2025-01-05T10:00:00+05:60", "2025-01-05t10:00:00z", "2025-01-05  10:00:00",
        "2025-01-05Z", "\u0662025-01-05")),
]  # fmt: skip

TABLES = {"transactions": [*SALES, *TIMES], "logs": LINES}
CASES = [(dataset, case) for dataset, cases in TABLES.items() for case in cases]


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Row]]:
    return {dataset: judge_cases(dataset, cases) for dataset, cases in TABLES.items()}


@pytest.mark.parametrize(("dataset", "case"), CASES, ids=[case.id[:60] for _, case in CASES])
def test_a_corner_is_judged(rows: dict[str, dict[str, Row]], dataset: str, case: Case) -> None:
    check(rows[dataset][case.id], case)


@pytest.mark.parametrize("ctr", ["1e309", "-1e309", "1e-9999", "NaN", "Infinity"])
def test_a_fraction_beyond_all_numbers_is_no_number(ctr: str) -> None:
    event = f'{{"campaign_id": "c", "start_date": "2025-01-01", "end_date": "2025-01-01", "budget": 1, "clicks": 1, ' \
            f'"impressions": 1, "ctr": {ctr}}}'.encode()  # fmt: skip
    assert judge_cases("ad_campaigns", [bad("event", event)])["event"]["reasons"] == ["number_format"]


def test_the_time_of_a_rule_is_the_records_own() -> None:
    batch = bronze([csv_bad("ahead", row())])
    place, field = batch.schema.get_field_index("ingested_at"), batch.schema.field("ingested_at")
    early = batch.set_column(place, field, pa.array([datetime(2025, 1, 1, tzinfo=UTC)], field.type))
    assert judge(batch, DATASETS["transactions"])["reasons"].to_pylist() == [[]]
    assert judge(early, DATASETS["transactions"])["reasons"].to_pylist() == [["date_range"]]


def test_judging_travels_to_other_processes() -> None:
    batch = bronze([csv_bad("sale", row())])
    for dataset in DATASETS.values():
        function, same = pickle.loads(pickle.dumps((judge, dataset)))
        assert function(batch, same).equals(judge(batch, dataset))


def test_judging_needs_no_spark() -> None:
    code = "import sys, lakehouse.datasets, lakehouse.judging.judge; sys.exit('pyspark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "jobs")}, check=False)
    assert done.returncode == 0

"""How log lines are judged, by the ids of the catalogue of bad input."""

from datetime import datetime
from typing import Any

import pytest
from judging_cases import Case, Row, bad, check, good, judge_cases

SIMPLE = "IP_Address,URL,Status_Code,Timestamp"


def line(
    ip: str = "10.0.0.1", time: str = "10/Oct/2025:13:55:36 +0000", request: str = "GET /a?b=1 HTTP/1.1",
    status: str = "200", size: str = "2326", rest: str = ' "https://example.org/" "Mozilla/5.0 (X11)"',
) -> bytes:  # fmt: skip
    return f'{ip} - ada [{time}] "{request}" {status} {size}{rest}'.encode()


def log_good(id: str, raw: bytes, **columns: Any) -> Case:
    return good(id, raw, format="log", **columns)


def log_bad(id: str, raw: bytes, *reasons: str) -> Case:
    return bad(id, raw, *reasons, format="log")


CASES = [
    log_good("L01 Combined", line(), ip="10.0.0.1", user="ada", time=datetime(2025, 10, 10, 13, 55, 36), method="GET",
             path="/a?b=1", protocol="HTTP/1.1", status=200, bytes=2326, referer="https://example.org/",
             agent="Mozilla/5.0 (X11)"),
    log_good("L01 Common", line(rest=""), status=200, referer=None, agent=None),
    log_good("L02 escaped quote", line(rest=' "-" "a \\"b\\" \\\\"'), agent='a "b" \\', referer=None),
    *(log_bad(f"L03 request {text!r}", line(request=text), "bad_request_line")
      for text in ("-", "", r"\x16\x03\x01\x02", "GET", "get /a HTTP/1.1", "GET /a b HTTP/1.1")),
    log_good("L04 no protocol", line(request="GET /a"), path="/a", protocol=None),
    log_good("L05 no bytes", line(size="-"), bytes=0),
    *(log_bad(f"L06 status {text}", line(status=text), *reasons) for text, reasons in (
        ("000", ("status",)), ("999", ("status",)), ("099", ("status",)), ("600", ("status",)),
        ("abc", ("number_format", "status")), ("2000", ("status",)))),
    *(log_good(f"L06 status {text}", line(status=text), status=int(text)) for text in ("100", "404", "599")),
    *(log_good(f"L07 {ip}", line(ip=ip), ip=ip)
      for ip in ("2001:db8::1", "::1", "::ffff:10.0.0.1", "host-1.example.org", "localhost")),
    *(log_bad(f"L07 {ip}", line(ip=ip), "ip") for ip in ("256.1.1.1", "1.2.3", "1.2.3.4.5", "a:b", "<script>")),
    *(log_bad(f"L09 {text}", line(time=text), "date") for text in (
        "31/Feb/2025:00:00:00 +0000", "10/Okt/2025:00:00:00 +0000", "10/anF/2025:00:00:00 +0000",
        "10/Oct/2025:24:00:00 +0000", "2025:13:55:36 +0000")),
    log_good("L10 +0530", line(time="10/Oct/2025:05:30:00 +0530"), time=datetime(2025, 10, 10)),
    log_good("L10 -0000", line(time="10/Oct/2025:05:30:00 -0000"), time=datetime(2025, 10, 10, 5, 30)),
    log_bad("L10 +9999", line(time="10/Oct/2025:05:30:00 +9999"), "date"),
    log_bad("L11 ahead", line(time="01/Jan/2026:00:06:00 +0000"), "date_range"),
    log_good("L11 a little ahead", line(time="01/Jan/2026:00:04:00 +0000"), status=200),
    log_bad("L11 before 2000", line(time="31/Dec/1999:23:59:59 +0000"), "date_range"),
    *(log_good(f"L20 {text}", line(rest=f' "-" "{text}"'), agent=text)
      for text in ("${jndi:ldap://x/a}", "<script>alert(1)</script>", "\\x1b[31m")),
    log_bad("encoding", line() + b"\xff", "encoding"),
    log_bad("not a line", b"hello world", "syntax"),
    log_bad("half a line", line()[:40], "syntax"),
    good("older layout", b"10.0.0.1,/index.html,404,2025-10-10 13:55:36", format="csv", header=SIMPLE,
         ip="10.0.0.1", path="/index.html", status=404, time=datetime(2025, 10, 10, 13, 55, 36), method=None),
    good("by topic", b'{"IP_Address": "10.0.0.1", "URL": "/a", "Status_Code": 200, "Timestamp": "2025-10-10"}',
         status=200, time=datetime(2025, 10, 10), bytes=None),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return judge_cases("logs", CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_log_line_is_judged(rows: dict[str, Row], case: Case) -> None:
    check(rows[case.id], case)

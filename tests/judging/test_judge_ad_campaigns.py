"""How advertising events are judged, by the ids of the catalogue of bad input."""

import json
from datetime import date
from decimal import Decimal

import pytest
from judging_cases import Case, Row, bad, check, good, judge_cases

EVENT = {
    "event_id": "e1", "campaign_id": "c1", "start_date": "2025-01-01", "end_date": "2025-02-01", "budget": 1000.5,
    "clicks": 10, "impressions": 1000, "ctr": 0.01,
}  # fmt: skip


def event(**changes: object) -> bytes:
    return json.dumps(EVENT | changes).encode()


CASES = [
    good("plain", event(), campaign_id="c1", clicks=10, impressions=1000, ctr=0.01, budget=Decimal("1000.50"),
         start_date=date(2025, 1, 1), end_date=date(2025, 2, 1)),
    good("a large budget, which Spark writes with an exponent", event(budget=123456789012.34),
         budget=Decimal("123456789012.34")),
    good("a round large budget", event(budget=50000000.0), budget=Decimal("50000000.00")),
    good("a small ctr with an exponent", event(clicks=1, impressions=100000, ctr=1e-05), ctr=1e-05),
    good("nothing shown", event(clicks=0, impressions=0, ctr=0), ctr=0.0),
    good("ctr rounded", event(clicks=1, impressions=3, ctr=0.333), clicks=1),
    bad("budget too fine", event(budget=1.234), "scale"),
    bad("large budget too fine", event(budget=12345678.901), "scale"),
    bad("budget too large", event(budget=1234567890123456), "overflow"),
    bad("K06 an array", b"[1]", "not_object"),
    bad("K22 more clicks than impressions", event(clicks=2000, ctr=2.0), "clicks_above_impressions"),
    bad("K22 negative clicks", event(clicks=-1, ctr=-0.001), "negative"),
    bad("K22 end before start", event(end_date="2024-12-31"), "end_before_start"),
    bad("K22 ctr", event(ctr=0.02), "ctr_mismatch"),
    bad("date with a time", event(start_date="2025-01-01 10:00:00"), "date"),
    bad("no such date", event(start_date="2025-02-30"), "date"),
    bad("clicks beyond 64 bits", event(clicks=10**30), "overflow"),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return judge_cases("ad_campaigns", CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_event_is_judged(rows: dict[str, Row], case: Case) -> None:
    check(rows[case.id], case)

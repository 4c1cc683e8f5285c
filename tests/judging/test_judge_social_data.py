"""How social posts are judged, by the ids of the catalogue of bad input."""

import json
from datetime import datetime

import pytest
from judging_cases import Case, Row, bad, check, good, judge_cases

POST = {
    "post_id": "p1", "user": "ada", "message": "nice", "product": "Lamp", "post_date": "2025-01-05", "likes": 3,
    "retweets": 1,
}  # fmt: skip


def post(**changes: object) -> bytes:
    return json.dumps({name: value for name, value in (POST | changes).items() if value is not ...}).encode()


def raw_likes(text: str) -> bytes:
    return post(likes="@").replace(b'"@"', text.encode())


CASES = [
    good("plain", post(), post_id="p1", likes=3, retweets=1, post_date=datetime(2025, 1, 5), product="Lamp"),
    good("blanks around", b"  " + post() + b" \r", likes=3),
    good("without id and product", post(post_id=..., product=...), post_id=None, product=None),
    *(bad(f"J05 {text!r}", post() + text, "trailing_data")
      for text in (b" garbage", post(), b"," + post(), b"]", b"}", b'],{"_end":""}')),
    *(bad(f"J06 J17 {text!r}", text, "syntax") for text in (
        post()[:-5], b'{"post_id": "p1",}', b"{post_id: 1}", b"{'post_id': 1}", b'{"post_id": 1 /* c */}', b"nonsense",
        b"{")),
    bad("J10 another case", post(likes=..., Likes=3), "required"),
    good("J11 text", post(likes="3"), likes=3),
    bad("J11 3.5", post(likes="3.5"), "number_format"),
    bad("J11 3.0", post(likes=3.0), "number_format"),
    bad("J11 true", post(likes=True), "number_format"),
    bad("J11 99999999999", post(likes=99999999999), "overflow"),
    *(bad(f"J14 {text}", raw_likes(text), "number_format") for text in ("NaN", "Infinity", "1e400")),
    *(bad(f"J18 {text!r}", text, "not_object") for text in (b"null", b"3", b'"x"', b"[]", b"-1", b"[1]", b" true ")),
    bad("J18 {}", b"{}", "required"),
    bad("J23 NUL", post(message="a\x00b"), "control_char"),
    bad("J24 depth", b'{"post_id": ' + b"[" * 3000 + b"]" * 3000 + b"}", "depth"),
    good("J26 a new field", post(more={"a": [1]}), likes=3),
    good("J28 seconds", post(post_date=1735732800), post_date=datetime(2025, 1, 1, 12)),
    good("J28 milliseconds", post(post_date=1735732800123), post_date=datetime(2025, 1, 1, 12, 0, 0, 123000)),
    bad("J28 eleven digits", post(post_date=17357328001), "date"),
    good("J33 emoji", post(message="\N{PARTY POPPER} <b>\u202e"), message="\N{PARTY POPPER} <b>\u202e"),
    bad("negative likes", post(likes=-1), "negative"),
    bad("null", post(user=None), "required"),
    bad("K01 tombstone", None, "tombstone"),
    bad("K01 empty", b"", "empty"),
    bad("blank", b" \t ", "empty"),
    bad("K04 schema registry", b"\x00\x00\x00\x00\x01\xfe\xff", "encoding"),
    bad("K23 another dataset's message", b'{"campaign_id": "c", "clicks": 1}', "required"),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return judge_cases("social_data", CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_post_is_judged(rows: dict[str, Row], case: Case) -> None:
    check(rows[case.id], case)

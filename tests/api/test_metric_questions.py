"""Metrics with questions over HTTP: `from`, `to`, `by` and values, of a pinned version."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sample_lake as maker
from deltalake import write_deltalake
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, scan
from lakehouse.metrics import METRICS
from lakehouse.query import limits
from lakes.refresher import Refresher
from metrics import travel
from query import slots

TIMED = [name for name, metric in METRICS.items() if DATASETS[metric.dataset].time_column]
SALES, CODES = "/api/total-sales-per-product/", "/api/status-code-counts/"


def test_by_day_stands_in_front_and_sorts(client: Client, served: str) -> None:
    answer = client.get(CODES, {"by": "day", "from": "2024-11-01", "to": "2024-12-01"})
    rows = answer.json()
    assert answer.status_code == 200
    assert list(rows[0]) == ["day", "status_code", "count_requests"]
    assert rows == sorted(rows, key=lambda row: (row["day"], row["status_code"]))
    assert all("2024-11-01" <= row["day"] <= "2024-11-30" for row in rows)


@pytest.mark.parametrize("metric", TIMED)
def test_asked_for_all_time_a_body_is_that_without_parameters(metric: str, client: Client, served: str) -> None:
    route = f"/api/{metric.replace('_', '-')}/"
    plain, asked = client.get(route), client.get(route, {"from": "0001-01-01", "to": "9999-12-31"})
    assert asked.content == plain.content
    assert asked["X-Table-Version"] == plain["X-Table-Version"]
    assert asked["ETag"] != plain["ETag"]
    assert asked["X-Source-Version"] == str(Lake(served).open(f"silver.{METRICS[metric].dataset}").version())
    assert "X-Source-Version" not in plain


def test_an_answer_that_the_client_has_is_not_sent_again(client: Client, served: str) -> None:
    tag = client.get(SALES, {"by": "week"})["ETag"]
    assert client.get(SALES, {"by": "week"}, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(SALES, {"by": "month"}, headers={"If-None-Match": tag}).status_code == 200


def test_an_answer_may_be_csv(client: Client, served: str) -> None:
    text = client.get(SALES, {"by": "month"}, headers={"Accept": "text/csv"}).content.decode()
    wanted = json.loads(client.get(SALES, {"by": "month"}).content, parse_float=str, parse_int=str)
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"from": "soon"}, "from must be a date"),
        ({"from": "2024-02-01", "to": "2024-01-01"}, "from must be before to"),
        ({"by": "hour"}, "day, week, month"),
        ({"client_name": "Ada"}, "There is no parameter 'client_name'; there are: page, as_of, run, from, to, by"),
        ({"from": ["2024-01-01", "2024-01-02"]}, "more than once"),
    ],
)
def test_what_cannot_be_asked_is_400_and_says_why(
    given: dict[str, str], said: str, client: Client, served: str
) -> None:
    answer = client.get(SALES, given)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_pages_go_on_in_the_answer(client: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakes.snapshot.PAGE", 30)
    asked = {"by": "day", "payment_method": "card"}
    first = client.get(SALES, asked)
    total = int(first["X-Total-Rows"])
    assert total > 30
    rows = [row for n in range(1, -(-total // 30) + 1) for row in client.get(SALES, asked | {"page": str(n)}).json()]
    assert len(rows) == total
    assert 'rel="next"' in first["Link"]
    assert "by=day" in first["Link"]
    assert client.get(SALES, asked | {"page": "999"}).status_code == 404


def test_an_answer_belongs_to_the_silver_version_of_its_gold(
    tmp_path: Path, client: Client, serve_lake: Callable[[str], Refresher]
) -> None:
    url = (tmp_path / "lake").as_uri()
    maker.copy(url, rows=40)
    serve_lake(url)
    before = client.get(CODES, {"by": "month"})
    lake = Lake(url)
    again = scan.read(lake.open("silver.logs"))
    write_deltalake(lake.address("silver.logs"), again, mode="append", partition_by=["quarantined"])
    travel._ANSWERS.clear()
    after = client.get(CODES, {"by": "month"})
    assert (after.content, after["X-Source-Version"]) == (before.content, before["X-Source-Version"])
    assert client.get(CODES, {"by": "month", "as_of": "0"}).json() == []


def test_a_silver_version_that_is_gone_is_404_in_words(
    tmp_path: Path, client: Client, serve_lake: Callable[[str], Refresher]
) -> None:
    url = (tmp_path / "lake").as_uri()
    maker.copy(url, rows=40)
    serve_lake(url)
    for path in (tmp_path / "lake/silver/logs").rglob("*.parquet"):
        path.unlink()
    answer = client.get(CODES, {"by": "month"})
    assert answer.status_code == 404
    assert "silver.logs" in answer.json()["detail"]


def test_a_user_has_so_many_questions_at_a_time(client: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.objects.get(username="ada")
    held = [slots.take(settings.STATE / "slots", user.pk, "questions", limits.QUESTIONS) for _ in range(4)]
    try:
        answer = client.get(SALES, {"by": "day", "from": "2024-05-05"})
        assert answer.status_code == 429
        assert "4 questions" in answer.json()["detail"]
        assert client.get(SALES).status_code == 200
    finally:
        for release in held:
            release()
    assert client.get(SALES, {"by": "day", "from": "2024-05-05"}).status_code == 200


def test_a_question_needs_a_token(anonymous: Client, served: str) -> None:
    assert anonymous.get(SALES, {"by": "day"}).status_code == 401

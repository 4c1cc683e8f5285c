"""Metrics asked for a range of time, by period and by value, against plain Python over the rows of silver."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sample_gold import METRIC_ROWS

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, scan
from lakehouse.metrics import METRICS
from lakehouse.query import limits, questions
from lakehouse.query.errors import QueryError

Row = dict[str, Any]
# A dataset may have no time.
TIMED = [name for name, metric in METRICS.items() if DATASETS[metric.dataset].time_column]
# They end inside a period, at a day's start and in its middle, and in a zone.
RANGES: list[dict[str, str]] = [
    {"from": "2024-11-15"},
    {"to": "2024-12-18T13:37:00Z"},
    {"from": "2024-11-20T06:30:00+02:00", "to": "2024-12-24"},
    {"from": "2024-12-01", "to": "2024-12-02"},
    {"from": "1900-01-01", "to": "2024-01-01"},
    {"from": "0001-01-01", "to": "9999-12-31T23:59:59.999999"},
]


def silver(lake: str, metric: str) -> list[Row]:
    rows: list[Row] = scan.read(Lake(lake).open(f"silver.{METRICS[metric].dataset}")).to_pylist()
    return [row for row in rows if not row["quarantined"]]


def at(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)


def moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def first_day(value: date, by: str) -> date:
    day = at(value).date()
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[by]


def expected(lake: str, metric: str, given: Mapping[str, str]) -> list[Row]:
    """Return what plain Python makes of the rows of silver."""
    column = str(DATASETS[METRICS[metric].dataset].time_column)
    since, until = moment(given.get("from", "0001-01-01")), moment(given.get("to", "9999-12-31T23:59:59.999999"))
    rows = [row for row in silver(lake, metric) if since <= at(row[column]) < until]
    groups: dict[date | None, list[Row]] = defaultdict(list)
    for row in rows:
        groups[first_day(row[column], given["by"]) if "by" in given else None].append(row)
    names = [c.name for c in METRICS[metric].columns]
    return [
        ({given["by"]: day} if "by" in given else {}) | {name: found[name] for name in names}
        for day, own in groups.items()
        for found in METRIC_ROWS[metric](own)
    ]


def answered(lake: str, metric: str, given: Mapping[str, str]) -> list[Row]:
    question = questions.read(METRICS[metric], given)
    assert question is not None
    table = Lake(lake).open(f"silver.{METRICS[metric].dataset}")
    rows: list[Row] = questions.answer(table, METRICS[metric], question).to_pylist()
    return rows


def ordered(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=repr)


@pytest.mark.parametrize("metric", TIMED)
def test_over_all_time_a_metric_is_its_gold_table(metric: str, sample_lake: str) -> None:
    names = [column.name for column in METRICS[metric].columns]
    gold = scan.read(Lake(sample_lake).open(f"gold.{metric}"), names).to_pylist()
    assert gold
    assert ordered(answered(sample_lake, metric, {"from": "0001-01-01"})) == ordered(gold)


@pytest.mark.parametrize("metric", METRIC_ROWS)
@pytest.mark.parametrize("by", [None, *questions.PERIODS])
def test_ranges_and_periods_are_those_of_plain_python(metric: str, by: str | None, sample_lake: str) -> None:
    found = 0
    for given in RANGES:
        asked = given | ({"by": by} if by else {})
        rows = answered(sample_lake, metric, asked)
        assert ordered(rows) == ordered(expected(sample_lake, metric, asked)), asked
        found += len(rows)
    assert found > 20


@pytest.mark.parametrize("metric", METRIC_ROWS)
def test_two_ranges_that_meet_hold_each_record_once(metric: str, sample_lake: str) -> None:
    column = str(DATASETS[METRICS[metric].dataset].time_column)
    middle = sorted(at(row[column]) for row in silver(sample_lake, metric))[100].isoformat()
    parts = [{"to": middle}, {"from": middle}]
    whole = sum(len(expected(sample_lake, metric, part)) for part in parts)
    assert sum(len(answered(sample_lake, metric, part)) for part in parts) == whole > 0


@pytest.mark.parametrize(
    ("metric", "dimension", "column"),
    [
        ("total_sales_per_product", "payment_method", "payment_method"),
        ("total_sales_per_product", "produit", "product"),
        ("status_code_counts", "method", "method"),
        ("status_code_counts", "status_code", "status"),
        ("avg_likes_per_product", "contenu", "product"),
        ("campaign_metrics", "campaign_id", "campaign_id"),
    ],
)
def test_a_value_leaves_its_records_alone(metric: str, dimension: str, column: str, sample_lake: str) -> None:
    rows, names = silver(sample_lake, metric), [c.name for c in METRICS[metric].columns]
    values = {row[column] for row in rows if row[column] is not None}
    assert values
    for value in values:
        wanted = METRIC_ROWS[metric]([row for row in rows if row[column] == value])
        found = answered(sample_lake, metric, {dimension: str(value)})
        assert ordered(found) == ordered([{name: row[name] for name in names} for row in wanted])


@pytest.mark.parametrize("text", ["'", "' OR '1' = '1", "\\' OR 1=1 --", "%", "é\x00", "x'); DROP TABLE t; --", ""])
def test_a_value_is_never_more_than_a_text(text: str, sample_lake: str) -> None:
    assert answered(sample_lake, "total_sales_per_product", {"payment_method": text}) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"from": "yesterday"}, "from must be a date such as"),
        ({"from": ""}, "from must be a date such as"),
        ({"to": "2024-02-30"}, "to must be a date such as"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "to must be a date such as"),
        ({"from": "2024-01-02", "to": "2024-01-02"}, "from must be before to"),
        ({"from": "2024-01-02", "to": "2023-01-02"}, "from must be before to"),
        ({"by": "year"}, "by must be one of day, week, month"),
        ({"by": ""}, "by must be one of day, week, month"),
    ],
)
def test_what_cannot_be_asked_is_said(given: dict[str, str], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        questions.read(METRICS["status_code_counts"], given)


def test_without_a_question_there_is_none() -> None:
    assert questions.read(METRICS["status_code_counts"], {"page": "1", "as_of": "3"}) is None


def test_only_files_of_the_range_count_against_the_limit(sample_lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES", 0)
    with pytest.raises(QueryError, match="are allowed"):
        answered(sample_lake, "total_sales_per_product", {"from": "2024-01-01"})
    assert answered(sample_lake, "total_sales_per_product", {"to": "2001-01-01"}) == []


def test_an_answer_has_a_most_of_rows(sample_lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GROUPS", 5)
    assert len(answered(sample_lake, "status_code_counts", {"status_code": "404"})) == 1
    with pytest.raises(QueryError, match="more than 5 rows"):
        answered(sample_lake, "total_sales_per_product", {"by": "day"})

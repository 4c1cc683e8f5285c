"""Paging through a pinned version, and reading tables as they were."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlparse

import pytest
import sample_lake as maker
from api_query import URL, rows_of
from deltalake import DeltaTable, write_deltalake
from django.test import Client

from lakehouse.lake import Lake


@pytest.fixture
def own(scratch: str, serve_lake: Callable[[str], object]) -> str:
    """A lake that the test may change, served."""
    maker.copy(scratch, rows=120)
    serve_lake(scratch)
    return scratch


def more(url: str, name: str) -> None:
    """Append a table's rows to it once more, in a commit of its own."""
    table = Lake(url).open(name)
    data = table.to_pyarrow_dataset().to_table(use_threads=False)
    write_deltalake(Lake(url).address(name), data, mode="append")


def walk(client: Client, asked: dict[str, str]) -> list[dict[str, str | None]]:
    """Return the rows of all pages."""
    rows, answer = [], client.get(URL, asked)
    while True:
        assert answer.status_code == 200, answer.content
        rows += rows_of(answer)
        if "X-Next-Page" not in answer.headers:
            return rows
        answer = client.get(URL, {**asked, "page": answer.headers["X-Next-Page"]})


@pytest.mark.parametrize("limit", ["1", "7", "50", "1000"])
@pytest.mark.parametrize("condition", [{}, {"filter": "status >= 300"}, {"filter": "status = 1"}])
def test_the_pages_together_are_the_table_each_row_once(
    limit: str, condition: dict[str, str], engineer: Client, own: str
) -> None:
    more(own, "silver.logs")
    asked = {"table": "silver.logs", "columns": "position,status", **condition}
    whole = rows_of(engineer.get(URL, {**asked, "limit": "1000"}))
    assert walk(engineer, {**asked, "limit": limit}) == whole
    assert whole or condition == {"filter": "status = 1"}


def test_a_page_goes_on_in_the_version_it_began_in(engineer: Client, own: str) -> None:
    asked = {"table": "silver.transactions", "limit": "30"}
    before = rows_of(engineer.get(URL, {**asked, "limit": "1000"}))
    first = engineer.get(URL, asked)
    more(own, "silver.transactions")
    second = engineer.get(URL, {**asked, "page": first.headers["X-Next-Page"]})
    assert rows_of(first) + rows_of(second) == before[:60]
    assert second.headers["X-Table-Version"] == first.headers["X-Table-Version"]
    assert len(rows_of(engineer.get(URL, {**asked, "limit": "1000"}))) == 2 * len(before)


def test_a_page_of_a_vacuumed_version_is_410(engineer: Client, own: str) -> None:
    asked = {"table": "gold.campaign_metrics", "limit": "1"}
    page = engineer.get(URL, asked).headers["X-Next-Page"]
    maker.write_gold(own, "campaign_metrics", [], 1)
    table = Lake(own).open("gold.campaign_metrics")
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    answer = engineer.get(URL, {**asked, "page": page})
    assert answer.status_code == 410
    assert answer.json()["error"] == "gone"


def test_a_page_of_a_table_that_was_made_anew_is_410(engineer: Client, own: str, tmp_path: Path) -> None:
    asked = {"table": "gold.campaign_metrics", "limit": "1"}
    page = engineer.get(URL, asked).headers["X-Next-Page"]
    (tmp_path / "lake/gold/campaign_metrics").rename(tmp_path / "old")
    Lake(own).make_tables()
    maker.write_gold(own, "campaign_metrics", [{"campaign_id": "c", "total_clicks": 1, "total_impressions": 2}], 1)
    assert engineer.get(URL, {**asked, "page": page}).status_code == 410


def test_a_token_is_refused_for_another_table_or_filter_and_when_altered(engineer: Client, own: str) -> None:
    asked = {"table": "silver.logs", "limit": "5", "filter": "status > 0"}
    page = engineer.get(URL, asked).headers["X-Next-Page"]
    assert engineer.get(URL, {**asked, "page": page, "limit": "9"}).status_code == 200
    for changed in (
        {"table": "silver.transactions", "filter": "quantity > 0"},
        {"filter": "status > 1"},
        {"page": page[:-2] + ("aa" if page[-2:] != "aa" else "bb")},
        {"page": page + "x"},
    ):
        assert engineer.get(URL, {**asked, "page": page, **changed}).status_code == 400


def test_as_of_reads_an_older_version_by_number_or_time(engineer: Client, own: str) -> None:
    asked = {"table": "gold.campaign_metrics", "limit": "1000"}
    old = rows_of(engineer.get(URL, asked))
    stamp = DeltaTable(Lake(own).address("gold.campaign_metrics")).history(1)[0]["timestamp"]
    maker.write_gold(own, "campaign_metrics", [{"campaign_id": "c", "total_clicks": 1, "total_impressions": 2}], 1)
    rewrite_time(own, 0, stamp - 120_000)
    rewrite_time(own, 1, stamp - 60_000)
    at = _iso(stamp - 30_000)
    for as_of in ("1", at, at.replace("+00:00", "Z"), at.replace("+00:00", "")):
        answer = engineer.get(URL, {**asked, "as_of": as_of})
        assert answer.headers["X-Table-Version"] == "1", as_of
        assert rows_of(answer) == old
    assert len(rows_of(engineer.get(URL, asked))) == 1
    assert len(rows_of(engineer.get(URL, {**asked, "as_of": "2"}))) == 1


@pytest.mark.parametrize("as_of", ["99", "2000-01-01", "2000-01-01T00:00:00Z", "999999999999999"])
def test_as_of_outside_the_kept_range_is_404_naming_it(as_of: str, engineer: Client, own: str) -> None:
    answer = engineer.get(URL, {"table": "gold.campaign_metrics", "as_of": as_of})
    assert answer.status_code == 404
    assert "is kept from version 0" in answer.json()["detail"]
    assert "to version 1" in answer.json()["detail"]


def test_as_of_a_vacuumed_version_is_404_naming_what_can_be_read(engineer: Client, own: str) -> None:
    maker.write_gold(own, "campaign_metrics", [], 1)
    Lake(own).open("gold.campaign_metrics").vacuum(0, dry_run=False, enforce_retention_duration=False)
    answer = engineer.get(URL, {"table": "gold.campaign_metrics", "as_of": "1"})
    assert answer.status_code == 404
    assert "is kept from version 2" in answer.json()["detail"]


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


def rewrite_time(url: str, version: int, milliseconds: int) -> None:
    """Let a commit of gold.campaign_metrics have happened at another time."""
    folder = Path(urlparse(Lake(url).address("gold.campaign_metrics")).path)
    file = folder / "_delta_log" / f"{version:020}.json"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        if "commitInfo" in line:
            line["commitInfo"]["timestamp"] = milliseconds
    file.write_text("\n".join(json.dumps(line) for line in lines))

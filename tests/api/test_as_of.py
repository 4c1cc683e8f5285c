"""Metrics as they were: `?as_of=` a version or a time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable
from django.test import Client
from empty_lake import make_empty
from sample_lake import write_gold

from lakehouse.catalogue.versions import iso, kept, parse
from lakehouse.lake import Lake
from lakehouse.lake.schemas import RUNS
from lakes import reads
from metrics import travel

GOLD = "gold.total_sales_per_product"
URL = "/api/total-sales-per-product/"


@pytest.fixture
def history(scratch: str, serve_lake: Callable[[str], object]) -> str:
    """Three computed versions, the n-th holding one product sold for n."""
    make_empty(scratch)
    for version in (1, 2, 3):
        write_gold(scratch, "total_sales_per_product", [{"produit": "A", "total_ventes": Decimal(version)}], 1)
        time.sleep(0.005)  # commits are told apart by milliseconds
    serve_lake(scratch)
    return scratch


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_version_is_answered_as_it_was(version: int, client: Client, history: str) -> None:
    answer = client.get(URL, {"as_of": str(version)})
    assert answer.json() == [{"produit": "A", "total_ventes": float(version)}]
    assert answer["X-Table-Version"] == str(version)
    assert "X-Stale" not in answer


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_time_of_a_commit_names_its_version(version: int, client: Client, history: str) -> None:
    committed = kept(Lake(history), GOLD).committed(version)
    assert client.get(URL, {"as_of": iso(committed)})["X-Table-Version"] == str(version)


def test_a_time_between_two_commits_names_the_earlier(client: Client, history: str) -> None:
    before = kept(Lake(history), GOLD).committed(3) - timedelta(milliseconds=1)
    assert client.get(URL, {"as_of": iso(before)})["X-Table-Version"] == "2"


def test_now_names_the_newest(client: Client, history: str) -> None:
    assert client.get(URL, {"as_of": datetime.now(UTC).isoformat()})["X-Table-Version"] == "3"


def test_a_run_names_what_it_left_on_both_routes(client: Client, history: str) -> None:
    at = kept(Lake(history), GOLD).committed(2) + timedelta(milliseconds=1)
    run = {"run_id": "run-2", "job": "gold"}
    begun = {"run_id": "run-3", "job": "gold", "status": "started", "at": at}
    Lake(history).append(RUNS, [run | {"status": "started", "at": at}, run | {"status": "succeeded", "at": at}, begun])
    assert client.get(URL, {"run": "run-2"})["X-Table-Version"] == "2"
    assert client.get("/api/query-table/", {"table": GOLD, "run": "run-2"})["X-Table-Version"] == "2"
    for unknown in ("run-3", "' OR 1=1 --"):
        assert client.get(URL, {"run": unknown}).status_code == 404
    assert client.get(URL, {"run": "run-2", "as_of": "2"}).status_code == 400


def test_version_0_is_the_empty_table_on_both_routes(client: Client, history: str) -> None:
    assert client.get(URL, {"as_of": "0"}).json() == []
    rows = client.get("/api/query-table/", {"table": GOLD, "as_of": "0"}).json()["ResultSet"]["Rows"]
    assert len(rows) == 1


@pytest.mark.parametrize("outside", ["4", "999999999999999", "1999-01-01", "2999-01-01T00:00:00Z"])
def test_outside_the_kept_range_is_404_naming_it(outside: str, client: Client, history: str) -> None:
    answer = client.get(URL, {"as_of": outside})
    assert answer.status_code == 404
    assert "from version 0 (" in answer.json()["detail"]
    assert "to version 3 (" in answer.json()["detail"]


@pytest.mark.parametrize("text", ["", "yesterday", "-1", "1.5", "2024-13-01", "٣", "1" * 16, "2024-01-01T25:00", "1;2"])
def test_what_is_neither_version_nor_time_is_400(text: str, client: Client, history: str) -> None:
    assert client.get(URL, {"as_of": text}).status_code == 400


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("7", 7),
        ("2024-01-02", datetime(2024, 1, 2, tzinfo=UTC)),
        ("2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02 03:04", datetime(2024, 1, 2, 3, 4, tzinfo=UTC)),
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05+02:00", datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05 02:00", datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ],
)
def test_versions_and_times_are_read_in_these_forms(text: str, meaning: int | datetime) -> None:
    assert parse(text) == meaning


def test_a_vacuumed_version_is_404_naming_what_is_left(client: Client, history: str) -> None:
    url = Lake(history).address(GOLD)
    DeltaTable(url).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    answer = client.get(URL, {"as_of": "1"})
    assert answer.status_code == 404
    assert "from version 3 (" in answer.json()["detail"]


def test_a_log_that_was_cleaned_up_starts_at_its_checkpoint(history: str) -> None:
    url = Lake(history).address(GOLD)
    DeltaTable(url, version=2).create_checkpoint()
    for version in (0, 1):
        (Path(url.removeprefix("file://")) / f"_delta_log/{version:020}.json").unlink()
    assert (kept(Lake(history), GOLD).first, kept(Lake(history), GOLD).last) == (2, 3)


def test_the_newest_version_by_number_needs_no_lake(client: Client, history: str) -> None:
    Path(history.removeprefix("file://")).rename(f"{history.removeprefix('file://')}.away")
    assert client.get(URL, {"as_of": "3"}).status_code == 200


def test_a_lake_that_hangs_is_503_within_the_deadline(
    client: Client, history: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "SECONDS", 0.05)
    monkeypatch.setattr(travel, "_read", lambda *_: time.sleep(0.3))
    answer = client.get(URL, {"as_of": "1"})
    assert answer.status_code == 503
    assert answer["Retry-After"]


@pytest.mark.parametrize(
    "failure", [ValueError("a broken log"), OSError("refused"), type("Panic", (BaseException,), {})()]
)
def test_whatever_goes_wrong_in_the_lake_is_503(
    failure: BaseException, client: Client, history: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise failure

    monkeypatch.setattr(travel, "_read", fails)
    assert client.get(URL, {"as_of": "1"}).status_code == 503

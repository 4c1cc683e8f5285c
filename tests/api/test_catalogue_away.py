"""A lake that fails, or hangs, is 503 within the time limit, and says nothing about where it is."""

import threading
from collections.abc import Iterator

import pytest
from deltalake.exceptions import DeltaError
from django.test import Client

from lakehouse.lake import store
from lakes import reads

ROUTES = ("tables/", "tables/silver.logs/", "tables/silver.logs/history/", "tables/gold.campaign_metrics/lineage/")
ALL = (*ROUTES, "ledger/", "ledger/sources/?source=*", "runs/")


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("route", ALL)
def test_a_lake_that_hangs_is_503_after_the_limit(
    route: str, engineer: Client, served: str, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "SECONDS", 0.01)
    monkeypatch.setattr(store, "DeltaTable", lambda *_, **__: release.wait(30))
    answer = engineer.get(f"/api/{route}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("error", [OSError("hdfs://secret:8020 refused"), DeltaError("hdfs://secret:8020 broke")])
@pytest.mark.parametrize("route", ALL)
def test_a_lake_that_fails_is_503(
    route: str, error: Exception, engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(store, "DeltaTable", fails)
    answer = engineer.get(f"/api/{route}")
    assert answer.status_code == 503
    assert b"secret" not in answer.content


def test_where_every_place_hangs_the_next_request_does_not_wait(
    engineer: Client, served: str, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads.READS, "_most", 1)
    monkeypatch.setattr(reads, "SECONDS", 0.01)
    monkeypatch.setattr(store, "DeltaTable", lambda *_, **__: release.wait(30))
    assert engineer.get("/api/tables/").status_code == 503
    monkeypatch.setattr(reads, "SECONDS", 3_600.0)
    answer = engineer.get("/api/tables/silver.logs/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")

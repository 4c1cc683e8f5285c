"""The refresher while the lake is frozen: it accepts and never answers."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from empty_lake import make_empty
from sample_lake import write_gold

from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from lakes import refresher, watcher
from lakes.refresher import Refresher
from lakes.watcher import Log, Reader, State, Watcher

SALES = "total_sales_per_product"
URL = "/api/total-sales-per-product/"
Serve = Callable[[str], Refresher]


def sold(url: str, *rows: tuple[str, str]) -> None:
    """Write a gold version with these products and amounts."""
    write_gold(url, SALES, [{"produit": name, "total_ventes": Decimal(amount)} for name, amount in rows], 1)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A lake that accepts and never answers, until the event is set; looks come every 10 ms."""
    thawed = threading.Event()
    look = Log.look

    def hang(log: Log, seen: Any) -> Any:
        thawed.wait(20)
        return look(log, seen)

    monkeypatch.setattr(Log, "look", hang)
    monkeypatch.setattr(refresher, "INTERVAL", 0.01)
    return thawed


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_a_frozen_lake_hangs_no_request_and_is_marked_once_overdue(
    client: Client, scratch: str, serve_lake: Serve, frozen: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_empty(scratch)
    sold(scratch, ("A", "1.00"))
    looking = serve_lake(scratch)
    looking.watchers[SALES].start(0.01)
    started = time.monotonic()
    assert client.get(URL).status_code == 200
    assert time.monotonic() - started < 1
    monkeypatch.setattr(refresher, "OVERDUE", 0.0)
    assert client.get(URL)["X-Stale"] == "true"
    monkeypatch.setattr(refresher, "OVERDUE", 5.0)
    frozen.set()
    sold(scratch, ("A", "2.00"))
    assert eventually(lambda: b"2.0" in client.get(URL).content)


def test_a_look_that_hangs_for_ever_is_left_to_itself(
    client: Client, scratch: str, serve_lake: Serve, frozen: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_empty(scratch)
    sold(scratch, ("A", "1.00"))
    monkeypatch.setattr(watcher, "PATIENCE", 0.1)
    looking = serve_lake(scratch)
    looking.watchers[SALES].look()
    assert (client.get(URL).status_code, client.get(URL)["X-Stale"]) == (200, "true")
    # The next one opens the table anew, and does not wait for what hangs.
    looking.watchers[SALES].look()
    assert "X-Stale" not in client.get(URL)
    frozen.set()


def test_looks_that_hang_one_after_the_other_are_fewer_each_time(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    thawed, watched = threading.Event(), Watcher(Lake(scratch), METRICS[SALES])
    monkeypatch.setattr(watcher, "PATIENCE", 0.05)
    monkeypatch.setattr(Reader, "look", lambda *_: State() if thawed.wait(20) else None)
    watched._patience = 0.05
    for seconds in (0.05, 0.1, 0.2):
        started = time.monotonic()
        watched.look()
        assert seconds <= time.monotonic() - started < seconds + 5
        assert watched.state.failing
    thawed.set()
    watched.look()
    assert (watched.state.failing, watched._patience) == (False, 0.05)

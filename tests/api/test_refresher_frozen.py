"""The refresher while the lake is frozen: it accepts and never answers."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from sample_lake import write_gold

from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from lakes import refresher
from lakes.log import Log
from lakes.refresher import Refresher

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

    def hang(log: Log, seen: object) -> bool:
        thawed.wait(20)
        return look(log, seen)  # type: ignore[arg-type]

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
    Lake(scratch).make_tables()
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
    looking.watchers[SALES].given_up = True


def test_a_look_that_hangs_for_ever_is_left_to_itself(
    client: Client, scratch: str, serve_lake: Serve, frozen: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(scratch).make_tables()
    sold(scratch, ("A", "1.00"))
    looking = serve_lake(scratch)
    hanging = looking.watchers[SALES]
    hanging.start(0.01)
    assert eventually(lambda: hanging.busy_since is not None)
    looking.replace_hanging(time.monotonic())
    assert looking.watchers[SALES] is hanging
    looking.replace_hanging(time.monotonic() + refresher.PATIENCE + 1)
    spare = looking.watchers[SALES]
    assert spare is not hanging
    assert eventually(lambda: spare.has_looked() and not looking.known(SALES).stale)
    assert client.get(URL).json() == [{"produit": "A", "total_ventes": 1.0}]
    spare.given_up = True
    frozen.set()


def test_spares_are_counted_so_that_threads_cannot_pile_up(scratch: str) -> None:
    looking = Refresher(scratch, {SALES: METRICS[SALES]})
    started: list[float] = []
    for _ in range(refresher.SPARES + 5):
        looking.watchers[SALES].busy_since = 0.0
        before = looking.watchers[SALES]
        looking.replace_hanging(refresher.PATIENCE + 1)
        if looking.watchers[SALES] is not before:
            started.append(1)
        looking.watchers[SALES].given_up = True
    assert len(started) == refresher.SPARES

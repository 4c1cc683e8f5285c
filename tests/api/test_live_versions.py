"""Two workers and many publishes: a client that has seen a version gets no older one."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sample_lake as maker
from api_live import Server

METRIC, PUBLISHES, CLIENTS = "/api/total-sales-per-product/", 50, 8


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('versions')}/lake"
    maker.build(url, 10)
    return url


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, lake: str) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), lake) as running:
        yield running


def test_versions_never_go_back(server: Server, lake: str) -> None:
    token, newest, lock, faults = server.log_in()["access"], 0, threading.Lock(), []
    ended = threading.Event()

    def ask() -> None:
        nonlocal newest
        while not ended.is_set():
            with lock:
                seen = newest
            answer = server.get(METRIC, token)
            version = int(answer.headers.get("X-Table-Version", -1))
            with lock:
                newest = max(newest, version)
            if answer.status != 200 or version < seen:
                faults.append((answer.status, seen, version))

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for number in range(PUBLISHES):
        maker.write_gold(lake, "total_sales_per_product", [{"produit": "A", "total_ventes": Decimal(number)}], 1)
    until = time.monotonic() + 60
    while not faults and newest < PUBLISHES and time.monotonic() < until:
        time.sleep(0.05)
    ended.set()
    for client in clients:
        client.join()
    assert not faults
    assert newest >= PUBLISHES

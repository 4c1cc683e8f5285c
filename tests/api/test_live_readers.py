"""Readers while tables are published and compacted: no error, nothing empty, no two versions in one answer."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import sample_lake as maker
from api_live import Reply, Server

from lakehouse.lake import Lake, maintenance

METRIC, TABLE = "/api/total-sales-per-product/", "/api/query-table/?table=gold.total_sales_per_product&limit=1000"
SILVER = "/api/query-table/?table=silver.logs&limit=1000&columns=status"
ROWS, PUBLISHES, COMPACTIONS, RATE, CLIENTS = 50, 50, 20, 50, 5

pytestmark = pytest.mark.long


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('readers')}/lake"
    maker.build(url, 100)
    return url


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, lake: str) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), lake) as running:
        yield running


def publish(lake: str, number: int) -> None:
    """Commit a version of the metric whose every group has the number as its value."""
    rows: list[dict[str, Any]] = [{"produit": f"P{n:02}", "total_ventes": Decimal(number)} for n in range(ROWS)]
    maker.write_gold(lake, "total_sales_per_product", rows, 1)


def compact(lake: str) -> None:
    """Write the files of a silver table again, as compaction does: other files, the same rows."""
    opened = Lake(lake)
    standing = opened.standing("silver.logs")
    maintenance.compact(opened, "silver.logs", standing, [[file for file in standing.files if file.side is False]])


def values(answer: Reply) -> set[float]:
    """Return the values of all groups in an answer of either route; there are all of them."""
    found = answer.json()
    if isinstance(found, dict):
        found = [{"total_ventes": float(row["Data"][1]["VarCharValue"])} for row in found["ResultSet"]["Rows"][1:]]
    assert len(found) == ROWS
    return {float(row["total_ventes"]) for row in found}


def test_readers_see_whole_versions_while_others_write(server: Server, lake: str) -> None:
    # A user each, for the reads and queries of one user at a time are limited.
    tokens = [server.log_in(f"reader{number}", "--groups", "engineer")["access"] for number in range(CLIENTS)]
    token, ended, faults, asked = tokens[0], threading.Event(), list[tuple[object, ...]](), list[str]()
    publish(lake, 1)
    first = Lake(lake).open("gold.total_sales_per_product").version()
    good = len(server.get(SILVER, token).json()["ResultSet"]["Rows"])
    until = time.monotonic() + 10
    while server.get(METRIC, token).headers["X-Table-Version"] != str(first):
        assert time.monotonic() < until

    def ask(token: str, chance: Random) -> None:
        while not ended.is_set():
            began = time.monotonic()
            newest = Lake(lake).open("gold.total_sales_per_product").version()
            wanted = chance.randrange(first, newest + 1)
            path = chance.choice([METRIC, TABLE, SILVER, f"{METRIC}?as_of={wanted}", f"{TABLE}&as_of={wanted}"])
            answer = server.get(path, token)
            asked.append(path)
            if answer.status != 200:
                faults.append((path, answer.status, answer.body))
            elif path == SILVER:
                if (rows := len(answer.json()["ResultSet"]["Rows"])) != good:
                    faults.append((path, rows))
            elif values(answer) != {int(answer.headers["X-Table-Version"]) - first + 1.0}:
                faults.append((path, answer.headers["X-Table-Version"], values(answer)))
            elif "as_of" in path and answer.headers["X-Table-Version"] != str(wanted):
                faults.append((path, answer.headers["X-Table-Version"]))
            time.sleep(max(0.0, CLIENTS / RATE - (time.monotonic() - began)))

    clients = [threading.Thread(target=ask, args=(token, Random(number))) for number, token in enumerate(tokens)]
    for client in clients:
        client.start()
    for number in range(2, PUBLISHES + 2):
        publish(lake, number)
        if number % (PUBLISHES // COMPACTIONS) == 0:
            compact(lake)
        time.sleep(0.1)
    ended.set()
    for client in clients:
        client.join()
    assert faults == []
    assert len(asked) > 100

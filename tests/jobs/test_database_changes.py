"""Changes of a database through silver and gold: sales per product are those of the table as it is."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from killing import contents, killed_at_each
from postgres_shop import Shop
from pyspark.sql import SparkSession
from test_database_tables import SALES, read

import forget
import gold
import replay
import silver
import what_if
from lakehouse.lake import Lake, ledger, scan
from lakehouse.landing.land import Inbox
from lakehouse.metrics import METRICS
from lakehouse.settings import Settings
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

(METRIC,) = [metric for metric in METRICS.values() if metric.dataset == SALES.name]
NAME = f"silver.{SALES.name}"


def begin(settings: Settings) -> Run:
    lake = Lake.of(settings)
    return Run("pipeline", settings, lake, lake.make_tables())


def layers(job: Run) -> None:
    if silver.has_news(job, SALES):
        silver.judge(job, SALES)
    if gold.is_stale(job, METRIC):
        gold.refresh(job, METRIC)


def follow(settings: Settings) -> Run:
    """Bring what is new through all layers, as a run of its own does."""
    layers(read(settings))
    return begin(settings)


def totals(job: Run) -> dict[str, Decimal]:
    rows = scan.read(job.lake.open(f"gold.{METRIC.name}")).to_pylist()
    return {row["produit"]: row["total_ventes"] for row in rows}


def verdicts(job: Run) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Return what silver says of each record of the table: its reasons, or its product and amount."""
    rows = scan.read(job.lake.open(NAME)).to_pylist()
    found = {
        (row["source_id"], row["position"]): tuple(row["reasons"] or (row["product"], str(row["amount"])))
        for row in rows
    }
    assert len(found) == len(rows), "a record is there twice"
    return found


def is_whole(job: Run) -> bool:
    (line,) = [line for line in ledger.balance(job.lake) if line.dataset == SALES.name]
    return line.is_closed and line.waiting == 0 and line.bronze == len(verdicts(job))


def test_of_a_row_the_last_version_counts(shop: Shop, spark: SparkSession, tmp_path: Path) -> None:
    shop.ready()
    settings = shop.settings(tmp_path)
    shop.sell("T1", "T2", "T3")
    assert totals(follow(settings)) == {"Lamp": Decimal("30.00")}
    shop.set("T1", "11.50")
    shop.delete("T2")
    shop.sell("T4", product="Chair")
    shop.set("T4", "20.00")
    job = follow(settings)
    assert totals(job) == shop.totals() == {"Lamp": Decimal("21.50"), "Chair": Decimal("20.00")}
    assert verdicts(job) == {
        ("0", 0): ("superseded",),
        ("0", 1): ("superseded",),
        ("0", 2): ("Lamp", "10.00"),
        ("0", 3): ("Lamp", "11.50"),
        ("0", 4): ("deleted",),
        ("0", 5): ("superseded",),
        ("0", 6): ("Chair", "20.00"),
    }
    assert is_whole(job)


def test_a_row_that_breaks_a_rule_counts_nowhere_until_it_is_mended(
    shop: Shop, spark: SparkSession, tmp_path: Path
) -> None:
    shop.ready("changed")
    settings = shop.settings(tmp_path, "changed")
    shop.sell("T1")
    follow(settings)
    shop.set("T1", "-5.00")
    job = follow(settings)
    assert totals(job) == {}
    assert verdicts(job) == {("0", 0): ("superseded",), ("0", 1): ("not_sold",)}
    shop.set("T1", "7.00")
    job = follow(settings)
    assert totals(job) == {"Lamp": Decimal("7.00")}
    assert verdicts(job)["0", 1] == ("not_sold",)
    assert is_whole(job)


def test_what_came_by_file_gives_way_to_the_table_and_comes_second_to_it(
    shop: Shop, spark: SparkSession, tmp_path: Path
) -> None:
    shop.ready()
    settings = shop.settings(tmp_path / "lake")
    header = "TransactionID,ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod\n"
    line = "T1,c,Ada,2025-01-05T10:00:00Z,Lamp,10.00,card\n"

    def land(name: str, *lines: str) -> None:
        folder = tmp_path / "inbox" / SALES.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(header + "".join(lines))
        job = begin(settings)
        Inbox(job.lake, tmp_path / "inbox", job.standings).land("run")
        layers(job)

    land("before.csv", line.replace("10.00", "99.00"))
    shop.sell("T1")
    follow(settings)
    land("after.csv", line, line.replace("10.00", "98.00"), line.replace("T1", "T2"))
    job = begin(settings)
    rows = scan.read(job.lake.open(NAME)).to_pylist()
    assert sorted((row["source"], row["position"], tuple(row["reasons"] or ())) for row in rows) == [
        ("after.csv", 0, ("duplicate",)),
        ("after.csv", 1, ("conflict",)),
        ("after.csv", 2, ()),
        ("before.csv", 0, ("superseded",)),
        ("public.sales", 0, ()),
    ]
    assert totals(job) == {"Lamp": Decimal("20.00")}
    before = contents(job.lake)
    what_if.ask(job, SALES, publish=True)
    assert contents(begin(settings).lake) == before


def test_a_table_that_is_emptied_or_read_anew_counts_as_it_is(shop: Shop, spark: SparkSession, tmp_path: Path) -> None:
    shop.ready()
    settings = shop.settings(tmp_path)
    shop.sell("T1", "T2")
    follow(settings)
    shop.sql.execute("TRUNCATE sales")
    job = follow(settings)
    assert totals(job) == {}
    assert set(verdicts(job).values()) == {("superseded",)}
    shop.sell("T1", "T3")
    follow(settings)
    shop.sql.execute("SELECT pg_drop_replication_slot('lakehouse_transactions')")
    shop.delete("T3")
    layers(read(settings, accepts_loss=True))
    job = begin(settings)
    assert totals(job) == shop.totals() == {"Lamp": Decimal("10.00")}
    assert is_whole(job)


@pytest.mark.parametrize("cursor", ["changed", ""], ids=["by cursor", "by slot"])
def test_a_row_without_the_key_is_told(shop: Shop, spark: SparkSession, tmp_path: Path, cursor: str) -> None:
    shop.ready(cursor)
    settings = shop.settings(tmp_path, cursor)
    shop.sql.execute(
        'ALTER TABLE sales DROP CONSTRAINT sales_pkey; ALTER TABLE sales ALTER "TransactionID" DROP NOT NULL'
    )
    shop.sell("T1")
    shop.sql.execute('UPDATE sales SET "TransactionID" = NULL')
    job = follow(settings)
    assert verdicts(job) == {("0", 0): ("no_key",)}


def disturb(shop: Shop, chance: Random, number: int) -> None:
    """Let something happen in the shop; amounts below zero break a rule."""
    known = [key for (key,) in shop.sql.execute('SELECT "TransactionID" FROM sales ORDER BY 1').fetchall()]
    kind = chance.choices(["sell", "set", "delete", "rename", "truncate"], [6, 6, 3, 2, 0.3])[0]
    if kind == "sell" or not known:
        shop.sell(f"N{number}", product=chance.choice(["Lamp", "Chair", "Desk"]), amount=str(chance.randrange(1, 50)))
    elif kind == "set":
        shop.set(chance.choice(known), str(chance.randrange(-5, 50)))
    elif kind == "delete":
        shop.delete(chance.choice(known))
    elif kind == "rename":
        new, old = f"R{number}", chance.choice(known)
        shop.sql.execute('UPDATE sales SET "TransactionID" = %s WHERE "TransactionID" = %s', (new, old))
    else:
        shop.sql.execute("TRUNCATE sales")


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=[pytest.mark.long, pytest.mark.profile]) for seed in range(2, 8))]
)
def test_after_any_changes_gold_is_what_the_table_says(
    shop: Shop, spark: SparkSession, tmp_path: Path, seed: int
) -> None:
    shop.ready()
    settings, chance = shop.settings(tmp_path), Random(seed)
    for step in range(5):
        for number in range(chance.randrange(12)):
            disturb(shop, chance, 100 * step + number)
        job = follow(settings)
        assert totals(job) == shop.totals('WHERE "Amount" >= 0')
        assert is_whole(job)
    told = verdicts(job)
    before = contents(job.lake)
    what_if.ask(job, SALES, publish=True)
    assert verdicts(job) == told, "judged as a whole it is the same as change by change"
    replay.replay(job, SALES)
    gold.refresh(job, METRIC)
    assert contents(begin(settings).lake) == before


def test_layers_killed_at_each_of_their_changes_in_turn_end_as_ones_that_were_not(
    shop: Shop, spark: SparkSession, tmp_path: Path
) -> None:
    shop.ready()
    struck = shop.settings(tmp_path)
    shop.sell("T1", "T2", "T3")
    follow(struck)
    shop.set("T1", "11.00")
    shop.delete("T2")
    passed = {point for point, _ in killed_at_each(lambda: layers(read(struck)))}
    assert {f"{NAME}.{moment}_commit" for moment in ("before", "after")} <= passed
    job = begin(struck)
    assert totals(job) == shop.totals()
    assert is_whole(job)
    assert sorted(verdicts(job).values()) == [
        ("Lamp", "10.00"),
        ("Lamp", "11.00"),
        ("deleted",),
        ("superseded",),
        ("superseded",),
    ]


def test_a_row_that_is_forgotten_is_refused_when_it_changes(shop: Shop, spark: SparkSession, tmp_path: Path) -> None:
    shop.ready()
    settings = replace(shop.settings(tmp_path / "lake"), inbox=tmp_path / "inbox")
    shop.sell("T1", "T2")
    follow(settings)
    shop.set("T1", "11.00")
    follow(settings)
    forget.run(begin(settings), SALES.name, "transaction_id", "T1", dry_run=False, with_topic=False)
    assert totals(begin(settings)) == {"Lamp": Decimal("10.00")}
    shop.set("T1", "12.00")
    shop.delete("T1")
    shop.set("T2", "13.00")
    job = follow(settings)
    assert totals(job) == {"Lamp": Decimal("13.00")}
    (line,) = [line for line in ledger.balance(job.lake) if line.dataset == SALES.name]
    assert (line.from_tables, line.forgotten, line.is_closed) == (6, 4, True)
    kept = scan.read(job.lake.open(f"bronze.{SALES.name}"), ["raw"])["raw"].to_pylist()
    assert [raw for raw in kept if b'"T1"' in raw] == []

"""A shop's table flowing into sales per product: `make demo-jdbc [ROWS=100000]`, on services of its own.

PostgreSQL, HDFS and Kafka start, the shop's sales are there, and the pipeline reads them by logical replication; then a
stream follows while rows are sold, changed and deleted. It ends with 1 where gold ever says other than the table.
"""

import argparse
import shutil
import subprocess
import time
from collections.abc import Callable
from decimal import Decimal

import postgres_shop as shops
from postgres_shop import PASSWORD, USER, Shop
from stack import RunningStack

from balance import sheet
from bench.options import whole
from bench.place import BENCH, BenchError, running
from bench.stream.job import Job, streaming
from docker.native.console import run
from lakehouse.lake import Lake, scan
from lakehouse.lake.ledger import balance
from lakehouse.logs import say
from lakehouse.settings import ROOT
from producers.generators import DATASETS

DATASET = DATASETS["transactions"]
METRIC = "gold.total_sales_per_product"
# Seconds that a change has to be in gold, and looks at it a second.
PATIENCE, LOOKS = 60.0, 20
SHOWN = 5


def main() -> None:
    """Show it, stage by stage."""
    parser = argparse.ArgumentParser(prog="python -m bench.jdbc", description=__doc__)
    parser.add_argument("--rows", type=whole, default=1_000, help="rows of the shop's table at the beginning")
    rows = parser.parse_args().rows
    folder = BENCH / "postgres"
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    server = shops.start(folder)
    try:
        say(f"  {'PostgreSQL starts':<44}{time.monotonic() - began:7.1f} s")
        with running("jdbc", STREAM_INTERVAL="1") as stack:
            _show(stack, Shop(server, "shop"), rows)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _show(stack: RunningStack, shop: Shop, rows: int) -> None:
    fill(shop, rows)
    shop.ready()
    passwords = BENCH / "jdbc" / "pgpass"
    passwords.touch(mode=0o600)
    passwords.write_text(f"127.0.0.1:*:*:{USER}:{PASSWORD}\n")
    stack.environ.update(shop.environ(), PGPASSFILE=str(passwords))
    lake = Lake.of(stack.settings)
    began = time.monotonic()
    done = subprocess.run(
        ["jobs/submit.sh", "jobs/pipeline.py"], cwd=ROOT, env=stack.environ, capture_output=True, text=True
    )
    if done.returncode:
        raise BenchError(f"The pipeline failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    what = f"{rows:,} rows from the table to gold"
    say(f"  {what:<44}{time.monotonic() - began:7.1f} s, with Spark's start\n")
    say("".join(f"    {line}\n" for line in done.stdout.splitlines()))
    _compare(shop, lake)
    with streaming(stack, BENCH / "jdbc" / "stream.log") as job:
        _follow(shop, lake, job)
        if job.interrupt() == float("inf"):
            raise BenchError(f"The stream did not end as it should:\n{job.last_lines()}")
    say("\nBalance sheet, in records\n")
    lines = balance(lake)
    say(sheet(lines))
    if not all(line.is_closed for line in lines):
        raise BenchError("The balance sheet does not close.")
    say("\nGold is what the table says. Nothing is left running.")


def fill(shop: Shop, rows: int) -> None:
    """Put simulated sales into the shop's table."""
    columns = ", ".join(f'"{name}"' for name in DATASET.columns("full"))
    with shop.sql.cursor().copy(f"COPY sales ({columns}) FROM STDIN") as copy:
        for record in DATASET.records(7, 0, rows):
            copy.write_row([record[name] for name in DATASET.columns("full")])


def totals(lake: Lake) -> dict[str, Decimal]:
    """Return the sales per product as gold has them."""
    rows = scan.read(lake.open(METRIC)).to_pylist()
    return {row["produit"]: row["total_ventes"] for row in rows}


def _compare(shop: Shop, lake: Lake) -> None:
    found, wanted = totals(lake), shop.totals()
    if found != wanted:
        raise BenchError(f"Gold says {found}, and the table {wanted}.")
    say(f"  {'product':<28}{'in the table':>14}{'in gold':>14}")
    for product in sorted(wanted, key=lambda name: -wanted[name])[:SHOWN]:
        say(f"  {product:<28}{wanted[product]:>14,}{found[product]:>14,}")
    say(f"  … {len(wanted) - SHOWN} more, all equal\n" if len(wanted) > SHOWN else "")


def _follow(shop: Shop, lake: Lake, job: Job) -> None:
    """Let things happen in the shop, and say after how many seconds each is in gold."""
    first = next(iter(DATASET.records(7, 0, 1)))
    key, name = str(first["TransactionID"]), str(first["Product"])
    cheap = 'UPDATE sales SET "Quantity" = 1, "UnitPrice" = 0.01, "Amount" = 0.01 WHERE "TransactionID" = %s'
    _wait(job, lambda: "streaming every" in job.last_lines(30))
    say("  The stream runs.")
    changes: tuple[tuple[str, Callable[[], object]], ...] = (
        ("a lamp is sold", lambda: shop.sell("D1", product="Demo lamp", amount="19.99")),
        (f"a sale of {name} becomes 0.01", lambda: shop.sql.execute(cheap, [key])),
        ("the lamp becomes 29.99", lambda: shop.set("D1", "29.99")),
        ("the sale is deleted", lambda: shop.delete(key)),
        ("the lamp is deleted", lambda: shop.delete("D1")),
    )
    for what, change in changes:
        change()
        began = time.monotonic()
        wanted = shop.totals()
        _wait(job, lambda wanted=wanted: totals(lake) == wanted)  # type: ignore[misc]
        say(f"  {what:<44} in gold after {time.monotonic() - began:4.1f} s")


def _wait(job: Job, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        job.check()
        if time.monotonic() > deadline:
            raise BenchError(f"It is not in gold after {PATIENCE:g} s:\n{job.last_lines()}")
        time.sleep(1 / LOOKS)


if __name__ == "__main__":
    run(main)

"""Where a record went, and what a number is made of, without Spark.

`make trace SOURCE=transactions.csv SOURCE_ID=<sha256> POSITION=17`: its bytes, what was decided about it and why, and
the gold rows that it counts in. `make trace METRIC=total_sales_per_product GROUP=Lamp [PAGE=2]`: the records behind a
row of gold. By hand: `PYTHONPATH=jobs python jobs/passport.py record transactions.csv <sha256> 17`.
"""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from lakehouse import command
from lakehouse.lake import Lake
from lakehouse.lake.passport import PAGE, Name, members, passport
from lakehouse.lake.printing import plain, safe
from lakehouse.lake.relations import WHERE_FROM
from lakehouse.metrics import METRICS

# Characters of a value that are shown.
_SHOWN = 200


def told(found: dict[str, Any]) -> Iterator[str]:
    """Yield a passport in lines."""
    bronze, silver, file = found["bronze"], found["silver"], found["file"]
    yield _line("record", f"{bronze['position']} of {bronze['source']} ({found['dataset']})")
    if file:
        yield _line("file", f"{file['records']:,} records, {file['sha256']}, landed {plain(file['seen_at'])}")
    yield _line("bronze", f"batch {bronze['batch']}, {plain(bronze['ingested_at'])}, run {bronze['run_id']}")
    yield _line("", plain(bronze["raw"]))
    if silver is None:
        yield _line("silver", "not judged yet: run `make silver`")
        return
    verdict = "in quarantine" if silver["quarantined"] else "good"
    yield _line(
        "silver", f"{verdict}, batch {silver['batch']}, rules {silver['rules_version']}, run {silver['run_id']}"
    )
    for name, means in found["reasons"].items():
        yield _line("", f"{name}: {means}")
    passing = {"quarantined", "batch", "bronze_batch", "key_hash", "content_hash", "raw", "reasons", "rules_version"}
    passing |= {"run_id", *(column.name for column in WHERE_FROM)}
    values = {name: value for name, value in silver.items() if name not in passing and value is not None}
    for name, value in values.items():
        yield _line("", f"{name} = {plain(value)}")
    for metric, row in found["gold"].items():
        shown = ", ".join(f"{name} {plain(value)}" for name, value in row.items()) if row else "not computed yet"
        yield _line("gold", f"{metric}: {shown}")


def _line(part: str, text: str) -> str:
    return f"{part:<8}{safe(text)[:_SHOWN]}"


def arguments(words: list[str] | None) -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(prog="trace", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    record = kinds.add_parser("record", help="where a record went")
    record.add_argument("source", help="its file's name, its topic, or its table")
    record.add_argument("source_id", help="SHA-256 of the file, or the partition")
    record.add_argument("position", type=command.number, help="its number from 0, or its offset")
    group = kinds.add_parser("group", help="the records behind a row of gold")
    group.add_argument("metric", choices=METRICS)
    group.add_argument("group", help="a value of the metric's first column")
    pages = partial(command.number, low=1)
    group.add_argument("--page", type=pages, default=1, help=f"which {PAGE} of them (default: 1)")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Print a passport or a page of records, and return the exit code: 2 where there is no such record."""
    asked = arguments(words)

    def work(lake: Lake) -> None:
        if asked.kind == "record":
            lines = list(told(passport(lake, Name(asked.source, asked.source_id, asked.position))))
        else:
            found = members(lake, METRICS[asked.metric], asked.group, asked.page)
            lines = [f"{safe(row['source'])} {row['source_id']} {row['position']}" for row in found]
        sys.stdout.write("".join(f"{line}\n" for line in lines))

    return command.run("trace", work)


if __name__ == "__main__":
    sys.exit(main())

"""Print the balance sheet of the lake, or of single sources, without Spark: `make balance [SOURCE=access.log]`.

A source is a file by its name, a pattern of such (`*.csv`, `logs/*`), a topic, a partition of one (`logs_topic/0`), or
a database's table.
By hand: `PYTHONPATH=jobs python jobs/balance.py --source 'logs/*'`.
"""

import argparse
import sys
import textwrap

from lakehouse import command
from lakehouse.lake import Lake, losses
from lakehouse.lake.ledger import Balance, balance
from lakehouse.lake.printing import safe
from lakehouse.lake.sources import SourceBalance, sources

# What records of a source that bronze has no row of are, by what is known of the source.
_ABSENT = {
    "landed": "missing",
    "duplicate": "in another file of the same content",
    "rejected": "rejected",
    "undone": "taken back",
    "lost": "lost",
    "read": "gaps or lost",
    "unknown": "that nothing tells of",
}
_HEADINGS = ("dataset", "files", "topic", "table", "bronze", "silver", "quarantined", "waiting", "")
_ROW = "  {:<{width}}{:>11}{:>11}{:>11}{:>11}{:>11}{:>13}{:>9}  {}"


def sheet(lines: list[Balance]) -> str:
    """Return the balance sheet as text, a line per dataset and below it the reasons of its quarantined records."""
    width = max([14, *(len(line.dataset) for line in lines)])
    rows = [_ROW.format(*_HEADINGS, width=width).rstrip()]
    for line in lines:
        counts = (
            line.from_files,
            line.source - line.from_files - line.from_tables,
            line.from_tables,
            line.bronze,
            line.silver,
            line.quarantined,
            line.waiting,
        )
        lost = f", {line.lost:,} lost" if line.lost else ""
        forgotten = f", {line.forgotten:,} forgotten" if line.forgotten else ""
        verdict = _verdict(line.is_closed) + lost + forgotten
        rows.append(_ROW.format(line.dataset, *(f"{n:,}" for n in counts), verdict, width=width))
        reasons = ", ".join(f"{reason}\N{NO-BREAK SPACE}{n:,}" for reason, n in line.reasons.items())
        rows += textwrap.wrap(reasons, 100, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
    return "\n".join(rows).replace("\N{NO-BREAK SPACE}", " ")


def of_source(found: SourceBalance) -> str:
    """Return the sheet of a source as text: where its records are, and the reasons of quarantined ones."""
    forgotten = f" + {found.forgotten:,} forgotten" if found.forgotten else ""
    lines = [
        f"{safe(found.source)}  {found.dataset}  {found.status}  {safe(found.source_id or '')}".rstrip(),
        f"{'':6}{found.came:,} in = {found.bronze:,} bronze{forgotten} + {found.absent:,} {_ABSENT[found.status]}",
        f"{'':6}{found.bronze:,} bronze = {found.good:,} good + {found.quarantined:,} quarantined + "
        f"{found.waiting:,} waiting  {_verdict(found.is_closed)}",
    ]
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in found.reasons.items())
    return "\n".join([*lines, *([f"{'':6}{reasons}"] if reasons else [])])


def _verdict(is_closed: bool) -> str:
    return "closes" if is_closed else "DOES NOT CLOSE"


def main(words: list[str] | None = None) -> int:
    """Print the sheet; return 1 where it does not close, cannot be read, or a data file is not what was written.

    Rows that bronze holds and silver has not judged yet are waiting, not lost: with them the sheet closes.
    """

    parser = argparse.ArgumentParser(prog="balance", description=__doc__)
    parser.add_argument("--source", default="", help="only this file, pattern, topic or partition")
    source = parser.parse_args(words).source

    def work(lake: Lake) -> int:
        standings = lake.standings()
        losses.check(lake, standings)
        for name, standing in standings.items():
            losses.check_files(lake, name, standing.files)
        if source:
            found = sources(lake, source)
            sys.stdout.write("".join(f"{of_source(one)}\n" for one in found))
            return 0 if all(one.is_closed for one in found) else 1
        lines = balance(lake)
        sys.stdout.write(f"{sheet(lines)}\n")
        return 0 if all(line.is_closed for line in lines) else 1

    return command.run("balance", work)


if __name__ == "__main__":
    sys.exit(main())

"""Print the balance sheet of the lake, without Spark: `make balance`."""

import sys
import textwrap

from lakehouse import command
from lakehouse.lake import Lake, losses
from lakehouse.lake.ledger import Balance, balance
from lakehouse.lake.schemas import tables

_HEADINGS = ("dataset", "files", "topic", "bronze", "silver", "quarantined", "waiting", "")


def sheet(lines: list[Balance]) -> str:
    """Return the balance sheet as text, a line per dataset and below it the reasons of its quarantined records."""
    rows = [_row(_HEADINGS)]
    for line in lines:
        counts = (
            line.from_files,
            line.source - line.from_files,
            line.bronze,
            line.silver,
            line.quarantined,
            line.waiting,
        )
        verdict = "closes" if line.is_closed else "DOES NOT CLOSE"
        lost = f", {line.lost:,} lost" if line.lost else ""
        rows.append(_row((line.dataset, *(f"{n:,}" for n in counts), verdict + lost)))
        reasons = ", ".join(f"{reason}\N{NO-BREAK SPACE}{n:,}" for reason, n in line.reasons.items())
        rows += textwrap.wrap(reasons, 100, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
    return "\n".join(rows).replace("\N{NO-BREAK SPACE}", " ")


def _row(cells: tuple[str, ...]) -> str:
    name, files, topic, bronze, silver, quarantined, waiting, note = cells
    return f"  {name:<14}{files:>11}{topic:>11}{bronze:>11}{silver:>11}{quarantined:>13}{waiting:>9}  {note}".rstrip()


def main() -> int:
    """Print the sheet; return 1 where it does not close, cannot be read, or a data file is not what was written.

    Rows that bronze holds and silver has not judged yet are waiting, not lost: with them the sheet closes.
    """

    def work(lake: Lake) -> int:
        standings = {name: lake.standing(name) for name in tables()}
        losses.check(lake, standings)
        for name, standing in standings.items():
            losses.check_files(lake, name, standing.files)
        lines = balance(lake)
        sys.stdout.write(f"{sheet(lines)}\n")
        return 0 if all(line.is_closed for line in lines) else 1

    return command.run("balance", work)


if __name__ == "__main__":
    sys.exit(main())

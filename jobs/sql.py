"""Ad-hoc SQL over the tables of the lake by name, without Spark: `make sql Q="SELECT …" [FORMAT=table|csv|json]`.

With MASKED=1 personal columns are hidden and no more is read than over HTTP, for what is to be shown to others.

By hand: `PYTHONPATH=jobs python jobs/sql.py "SELECT count(*) FROM silver.transactions" --format csv`. Without a query
it lists the tables with their columns.
"""

import argparse
import sys
import time

from lakehouse import command, logs
from lakehouse.lake import Lake, printing, relations
from lakehouse.query import sql as adhoc


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Return the query and the format of a command line."""
    parser = argparse.ArgumentParser(prog="sql", description="Ask the lake in SQL; nothing can be changed.")
    parser.add_argument("query", nargs="?", default="", help="one SELECT; without it the tables are listed")
    parser.add_argument("--format", choices=printing.FORMATS, default="table")
    parser.add_argument("--masked", action="store_true", help="hide personal columns, read no more than the API")
    return parser.parse_args(words)


def listing() -> str:
    """Return the tables with their columns, one table a line."""
    found = relations.views().values()
    width = max(len(view.name) for view in found)
    return "\n".join(f"{view.name:<{width}}  {', '.join(column.name for column in view.columns)}" for view in found)


def main(words: list[str] | None = None) -> int:
    """Answer one query and return the exit code: 0, 2 for SQL that cannot be run, 1 for a lake that does not answer."""
    asked = arguments(words)
    if not asked.query.strip():
        logs.say(f'{listing()}\n\nmake sql Q="SELECT product, sum(amount) FROM silver.transactions GROUP BY 1"')
        return 0
    started = time.monotonic()
    layers = {view.layer for view in relations.views().values()} if asked.masked else None

    def work(lake: Lake) -> None:
        rows = adhoc.run(lake, asked.query, masked=asked.masked, layers=layers)
        count = printing.write(sys.stdout, rows, asked.format)
        if asked.format == "table":
            sys.stderr.write(f"{count:,} {'row' if count == 1 else 'rows'}  {time.monotonic() - started:.1f} s\n")

    return command.run("sql", work)


if __name__ == "__main__":
    sys.exit(main())

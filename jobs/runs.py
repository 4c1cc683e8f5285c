"""The newest runs of the jobs, without Spark: `make runs [LIMIT=20]`; one without an end was killed, or is running."""

import argparse
import sys
from functools import partial

from lakehouse import command
from lakehouse.lake import Lake, printing, runs

_SHOWN = ["started_at", "job", "status", "seconds", "run_id", "code_version", "error"]


def main(words: list[str] | None = None) -> int:
    """Print the runs, newest first, and return the exit code."""
    parser = argparse.ArgumentParser(prog="runs", description=__doc__)
    parser.add_argument("--limit", type=partial(command.number, low=1), default=20, help="how many (default: 20)")
    limit = parser.parse_args(words).limit

    def work(lake: Lake) -> None:
        printing.write(sys.stdout, runs.newest(lake, limit).select(_SHOWN).to_reader(), "table")

    return command.run("runs", work)


if __name__ == "__main__":
    sys.exit(main())

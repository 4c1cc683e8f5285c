"""The newest runs of the jobs, without Spark: `make runs [LIMIT=20]`; one without an end was killed, or is running."""

import argparse
import os
import sys

from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake, printing, runs
from lakehouse.settings import load

_SHOWN = ["started_at", "job", "status", "seconds", "run_id", "code_version", "error"]


def main(words: list[str] | None = None) -> int:
    """Print the runs, newest first, and return the exit code."""
    parser = argparse.ArgumentParser(prog="runs", description=__doc__)
    parser.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
    limit = parser.parse_args(words).limit
    try:
        settings = load()
        os.environ.setdefault("HADOOP_CONF_DIR", str(settings.hadoop_conf))
        found = runs.newest(Lake.of(settings), max(limit, 1)).select(_SHOWN)
        printing.write(sys.stdout, found.to_reader(), "table")
    except LakehouseError as error:
        sys.stderr.write(f"runs: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

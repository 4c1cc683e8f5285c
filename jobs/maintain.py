"""Small files put together and what no kept version needs deleted, without Spark: `make maintain [DRY_RUN=1]`.

By hand: `PYTHONPATH=jobs python jobs/maintain.py [--dry-run]`. Jobs put small files together by themselves; this goes
further, over every table, and deletes what only versions older than 7 days read.
"""

import argparse
import sys
from functools import partial

from lakehouse import command
from lakehouse.lake import Lake, losses, maintenance


def maintain(lake: Lake, *, dry_run: bool) -> None:
    """Maintain every table of the lake, a line each; with `dry_run` only say what would be done."""
    standings = lake.make_tables()
    losses.check(lake, standings)
    for name, standing in standings.items():
        if dry_run:
            small = sum(map(len, maintenance.together(standing.files)))
            done = f"{small} files would be put together" if small else "its files stay"
        else:
            before = len(standing.files)
            standing = maintenance.compact(lake, name, standing, maintenance.together(standing.files))
            done = f"{before} files are {len(standing.files)} now"
        gone = maintenance.vacuum(lake, name, standing, dry_run=dry_run)
        sys.stdout.write(f"{name:<32}{done}; {len(gone)} {'would be' if dry_run else 'were'} deleted\n")


def main(words: list[str] | None = None) -> int:
    """Maintain the lake and return the exit code."""
    parser = argparse.ArgumentParser(prog="maintain", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would go")
    dry_run = parser.parse_args(words).dry_run

    return command.run("maintain", partial(maintain, dry_run=dry_run), is_writer=True)


if __name__ == "__main__":
    sys.exit(main())

"""Tables of the lake as they were, without Spark: what is newer is news for the next run, and gold follows then.

`make restore TABLE=silver.transactions VERSION=12` takes one table back, and with bronze the silver made from it.
`make restore RUN=<run_id>` takes all tables back to before a run (`make runs` lists them). DRY_RUN=1 only tells. By
hand: `PYTHONPATH=jobs python jobs/restore.py table silver.transactions 12 --dry-run`.
"""

import argparse
import sys
from functools import partial

from lakehouse import command
from lakehouse.errors import IntegrityError
from lakehouse.lake import Lake, restoring
from lakehouse.lake.runs import new_run_id, recorded, started_at
from lakehouse.lake.schemas import tables


def restore(lake: Lake, asked: argparse.Namespace) -> None:
    """Take the tables back that are asked for, a line each."""
    if asked.kind == "run":
        if (moment := started_at(lake, asked.run)) is None:
            raise IntegrityError(f"There is no run {asked.run}. `make runs` lists them.")
        steps = restoring.to_before(lake, moment)
    else:
        steps = restoring.to_version(lake, asked.table, asked.version)
    for step in steps:
        to = f"version {step.version}" if step.version else "version 0, empty"
        sys.stdout.write(f"{step.name:<32}{'would go' if asked.dry_run else 'goes'} back to {to}\n")
    if not steps:
        sys.stdout.write("Nothing to restore: no table has changed since\n")
    if asked.dry_run or not steps:
        return
    standings, run_id = {step.name: lake.standing(step.name) for step in steps}, new_run_id()
    with recorded(lake, "restore", run_id, {step.name: {"version": step.version} for step in steps}):
        restoring.restore(lake, steps, standings, run_id)
    sys.stdout.write("`make pipeline` brings in again what came since, and gold up to date\n")


def arguments(words: list[str] | None) -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(prog="restore", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would go back")
    kinds = parser.add_subparsers(dest="kind", required=True)
    table = kinds.add_parser("table", help="one table back to a version")
    table.add_argument("table", choices=[name for name in tables() if not name.startswith("ledger.")])
    table.add_argument("version", type=command.number)
    run = kinds.add_parser("run", help="all tables back to before a run")
    run.add_argument("run")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Restore what is asked for and return the exit code."""
    return command.run("restore", partial(restore, asked=arguments(words)), is_writer=True)


if __name__ == "__main__":
    sys.exit(main())

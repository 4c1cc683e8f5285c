"""Quarantined records judged again by the rules of now: what passes moves to silver, what fails keeps its new reasons.

Run it with `make replay DATASET=transactions [REASON=date] [DRY_RUN=1]`, or `source conf/env.sh && spark-submit
jobs/replay.py transactions --reason date --dry-run`. Without a dataset it is for all of them.
"""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from functools import partial
from logging import DEBUG, INFO

import gold
from lakehouse.datasets import DATASETS
from lakehouse.model import Dataset
from lakehouse.spark import changes, rejudging
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run


def run(job: Run, datasets: Sequence[str], reason: str, *, dry_run: bool) -> None:
    """Replay the quarantine of each dataset; bring gold up to what silver has become."""
    for name in datasets:
        replay(job, DATASETS[name], reason, dry_run=dry_run)
    if not dry_run:
        gold.run(job, datasets)


def replay(job: Run, dataset: Dataset, reason: str = "", *, dry_run: bool = False, is_told: bool = True) -> None:
    """Judge the quarantined records of a dataset again, those with one reason where it is told, in one commit.

    `is_told` says that moves are told with samples of their records.
    Where rows of a database are among a dataset's records, all of them are judged again, whatever their reason.
    Without a change of a verdict and of the rules nothing is committed, so a second replay changes nothing.
    """
    started, name, dataset = time.monotonic(), f"silver.{dataset.name}", job.grown(dataset)
    files = job.standings[name].files
    if not any(file.side for file in files):
        LOG.log(INFO if is_told else DEBUG, "%s: nothing is in quarantine", dataset.name)
        return
    quarantine, good = (rejudging.silver_side(job, dataset, quarantined=side) for side in (True, False))
    # Which version of a database's row counts, all of them decide.
    all_of_it = changes.of_dataset(job.standings[f"bronze.{dataset.name}"]) is not None
    reason = "" if all_of_it else reason
    chosen = quarantine.where(f"array_contains(reasons, '{reason}')") if reason else quarantine
    old = quarantine.unionByName(good) if all_of_it else chosen
    stored = [] if all_of_it else [file for file in files if file.side is False]
    with rejudging.judged_again(job, dataset, old, stored, all_of_it=all_of_it) as verdict:
        found = rejudging.moves(verdict)
        for line in rejudging.tell_moves(dataset.name, verdict.records, found):
            LOG.log(INFO if is_told else DEBUG, "%s", line)
        if dry_run or not (found or verdict.older):
            return
        kept = quarantine.where(f"NOT array_contains(reasons, '{reason}')") if reason else None
        rows = verdict.new if kept is None else verdict.new.unionByName(kept)
        job.write(rows, name, verdict.following, removed=[file for file in files if file.side or all_of_it])
        passed = sum(move.records for move in found if not move.after)
    job.report(name, time.monotonic() - started, judged=verdict.records, passed=passed)


def reason_name(text: str) -> str:
    """Return a reason's name; one of rules of old may not be in the list of today."""
    if not re.fullmatch("[a-z][a-z0-9_]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a reason, such as duplicate")
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="replay", description=__doc__)
    parser.add_argument("dataset", nargs="?", choices=DATASETS, help="all where none is named")
    parser.add_argument("--reason", type=reason_name, help="only records with this reason")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would move")
    asked = parser.parse_args()
    work = partial(
        run,
        datasets=[asked.dataset] if asked.dataset else list(DATASETS),
        reason=asked.reason or "",
        dry_run=asked.dry_run,
    )
    sys.exit(main("replay", work, is_reader=asked.dry_run))

"""All of bronze judged by the rules as they are now, beside what the lake holds: what would move, what gold would say.

Run it with `make what-if [DATASET=transactions] [PUBLISH=1]`, or `source conf/env.sh && spark-submit jobs/what_if.py
transactions --publish`. Without `--publish` no table of the lake is written to; with it what was told is made so.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial

import gold
from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.model import Dataset
from lakehouse.spark import rejudging
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run


def run(job: Run, datasets: Sequence[str], *, publish: bool) -> None:
    """Ask the question of each dataset, and publish the answers where that is wished."""
    for name in datasets:
        ask(job, DATASETS[name], publish=publish)


def ask(job: Run, dataset: Dataset, *, publish: bool = False) -> None:
    """Tell which records of a dataset would move and which numbers of gold change; publish in one commit a table.

    Publishing replaces all of silver, so that every row is judged by the rules of now, and brings its metrics up to it.
    """
    started, name, dataset = time.monotonic(), f"silver.{dataset.name}", job.grown(dataset)
    if not job.standings[name].files:
        LOG.info("%s: nothing was judged yet", dataset.name)
        return
    good, bad = (rejudging.silver_side(job, dataset, quarantined=side) for side in (False, True))
    with rejudging.judged_again(job, dataset, good.unionByName(bad), (), all_of_it=True) as verdict:
        lines = rejudging.tell_moves(dataset.name, verdict.records, rejudging.moves(verdict))
        for metric in METRICS.values():
            if metric.dataset == dataset.name:
                lines += rejudging.tell_groups(metric, *rejudging.changed_groups(verdict, metric))
        for line in lines:
            LOG.info("%s", line)
        if not publish:
            return
        sides = job.write(verdict.new, name, verdict.following, removed=job.standings[name].files)
    job.report(name, time.monotonic() - started, rows=sides.get(False, 0), quarantined=sides.get(True, 0))
    gold.run(job, [dataset.name])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="what-if", description=__doc__)
    parser.add_argument("dataset", nargs="?", choices=DATASETS, help="all where none is named")
    parser.add_argument("--publish", action="store_true", help="make it so")
    asked = parser.parse_args()
    work = partial(run, datasets=[asked.dataset] if asked.dataset else list(DATASETS), publish=asked.publish)
    sys.exit(main("what-if", work, is_reader=not asked.publish))

"""Bronze, silver and gold in one Spark session; with --continuous until Ctrl-C.

Run it with `make pipeline` or `make stream`, or `source conf/env.sh && spark-submit jobs/pipeline.py [--continuous]`.
"""

import argparse
import sys
import time
from contextlib import suppress
from functools import partial

import bronze
import gold
import silver
from lakehouse.datasets import DATASETS
from lakehouse.errors import LakehouseError
from lakehouse.lake.progress import Reporter
from lakehouse.landing.land import Inbox
from lakehouse.model import Dataset
from lakehouse.spark.main import asked_to_end, main
from lakehouse.spark.run import LOG, Run
from lakehouse.upstream import Stand, Upstream


def run(job: Run) -> None:
    """Bring everything that is new through all layers."""
    silver.tell_older_rules(job)
    inbox = bronze.open_inbox(job)
    with Upstream(job.settings) as upstream:
        if not step(job, inbox, upstream):
            LOG.info("nothing new")


def follow(job: Run) -> None:
    """Keep all layers up to date until Ctrl-C, which ends it after the running step."""
    inbox, reporter = bronze.open_inbox(job), Reporter(job.lake, job.run_id)
    silver.tell_older_rules(job)
    job.warm_up()
    with Upstream(job.settings) as upstream:
        LOG.info("streaming every %d s; Ctrl-C ends it", job.settings.stream_interval)
        try:
            with suppress(KeyboardInterrupt):
                while not asked_to_end.is_set():
                    started, before = time.monotonic(), _judged(job)
                    step(job, inbox, upstream)
                    reporter.step(_judged(job) - before, time.monotonic() - started)
                    asked_to_end.wait(max(0.0, started + job.settings.stream_interval - time.monotonic()))
            LOG.info("ended by Ctrl-C")
        finally:
            # What ended the stream matters more than a last word to a lake that is away.
            with suppress(LakehouseError):
                reporter.end()


def _judged(job: Run) -> int:
    """Return how many records this run has brought to silver."""
    counts = [kept for name, kept in job.counts.items() if name.startswith("silver.")]
    return sum(int(kept["rows"] + kept["quarantined"]) for kept in counts)


def step(job: Run, inbox: Inbox, upstream: Upstream) -> bool:
    """Bring what is new now through all layers, dataset beside dataset; return whether there was anything."""
    now = bronze.look(job, upstream)
    if inbox.news([]) or any(_is_behind(job, dataset, now) for dataset in DATASETS.values()):
        job.warm_up()
    bronze.land(job, inbox)
    behind = [dataset for dataset in DATASETS.values() if _is_behind(job, dataset, now)]
    job.side_by_side([partial(_follow, job, dataset, upstream, now) for dataset in behind])
    return bool(behind)


def _is_behind(job: Run, dataset: Dataset, now: Stand) -> bool:
    """Return whether one of a dataset's tables has something to read."""
    is_behind = bronze.has_news(job, dataset, now) or silver.has_news(job, dataset)
    return is_behind or bool(gold.stale(job, [dataset.name]))


def _follow(job: Run, dataset: Dataset, upstream: Upstream, now: Stand) -> None:
    bronze.read(job, dataset, upstream, now)
    if silver.has_news(job, dataset):
        silver.judge(job, dataset)
    for metric in gold.stale(job, [dataset.name]):
        gold.refresh(job, metric)
    for layer in ("bronze", "silver"):
        job.tidy(f"{layer}.{dataset.name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--continuous", action="store_true", help="keep running until Ctrl-C")
    parser.add_argument("--accept-loss", action="store_true", help=bronze.ACCEPT_LOSS)
    asked = parser.parse_args()
    if asked.continuous:
        sys.exit(main("stream", follow, is_continuous=True, accepts_loss=asked.accept_loss))
    sys.exit(main("pipeline", run, accepts_loss=asked.accept_loss))

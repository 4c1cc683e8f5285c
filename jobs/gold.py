"""Silver into gold: the metrics, each brought up to the newest batch of its silver table.

Run it with `make gold`, or `source conf/env.sh && spark-submit jobs/gold.py`.
"""

import sys
import time
from collections.abc import Collection
from functools import partial

from pyspark.errors import ArithmeticException

from lakehouse.datasets import DATASETS
from lakehouse.errors import LakehouseError
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakehouse.spark.aggregates import aggregate, merge
from lakehouse.spark.main import main
from lakehouse.spark.run import Run


def run(job: Run, datasets: Collection[str] = DATASETS) -> None:
    """Bring the metrics of datasets up to the newest batch of silver; those that are there stay as they are."""
    job.side_by_side([partial(refresh, job, metric) for metric in stale(job, datasets)])


def stale(job: Run, datasets: Collection[str]) -> list[Metric]:
    """Return the metrics of datasets that are stale."""
    return [metric for metric in METRICS.values() if metric.dataset in datasets and is_stale(job, metric)]


def is_stale(job: Run, metric: Metric) -> bool:
    """Return whether silver has moved since its metric was computed, or the metric is computed in another way now."""
    silver, state = job.standings[f"silver.{metric.dataset}"], job.state(f"gold.{metric.name}")
    if state.source is None:
        return silver.state.batch > 0
    there = (state.source.id, state.source.batch, state.source.epoch, state.code)
    return there != (silver.id, silver.state.batch, silver.state.epoch, metric.code)


def refresh(job: Run, metric: Metric) -> None:
    """Merge the new batches of silver into a metric; compute it anew where that is not the same."""
    started, name = time.monotonic(), f"gold.{metric.name}"
    silver, state = job.standings[f"silver.{metric.dataset}"], job.state(name)
    following = state.next(job.run_id, source=silver.as_source(), code=metric.code)
    is_merged = can_merge(job, metric)
    read_to = state.source_batch if is_merged else 0
    new = job.rows_after(f"silver.{metric.dataset}", read_to, side=False)
    rows = merge(job.rows_after(name), new, metric) if is_merged else aggregate(new, metric)
    try:
        written = job.write(rows, name, following, removed=job.standings[name].files)
    except ArithmeticException as error:
        raise LakehouseError(
            f"{name} stays as it is, for one of its expressions has no value: {error.getCondition()}. A sum may be too "
            f"large for its column: sum decimal(38,0), in jobs/lakehouse/metrics/{metric.name}.py."
        ) from error
    job.report(name, time.monotonic() - started, rows=sum(written.values()))


def can_merge(job: Run, metric: Metric) -> bool:
    """Return whether gold and the new rows of silver give what computing it anew would: silver has only grown."""
    silver, state = job.standings[f"silver.{metric.dataset}"], job.state(f"gold.{metric.name}")
    if state.source is None or not metric.is_mergeable or state.code != metric.code:
        return False
    is_same = (state.source.id, state.source.epoch) == (silver.id, silver.state.epoch)
    return is_same and state.source.batch <= silver.state.batch


if __name__ == "__main__":
    sys.exit(main("gold", run))

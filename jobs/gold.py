"""Silver into gold: the metrics, each computed again where its silver table has moved.

Run it with `make gold`, or `source conf/env.sh && spark-submit jobs/gold.py`.
"""

import json
import sys
import time
from functools import partial
from importlib import import_module

from lakehouse import tables
from lakehouse.frames import sum_of
from lakehouse.lake import open_table
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakehouse.runs import Run, main


def run(job: Run) -> None:
    """Bring every metric up to the newest version of its silver table; those that are there stay as they are."""
    stale = [metric for metric in METRICS.values() if is_stale(job.settings.lake, metric)]
    job.start([partial(_refresh, job, metric) for metric in stale])
    for metric in METRICS.values():
        if metric not in stale and job.interval is None:
            _report(job, metric, 0.0)


def is_stale(lake: str, metric: Metric) -> bool:
    """Return whether a silver table has a newer version than the one that its metric was computed from."""
    metadata = open_table(lake, f"gold.{metric.name}").history(1)[0].get("userMetadata")
    computed_from = json.loads(metadata)["silver_version"] if metadata else None
    return bool(open_table(lake, f"silver.{metric.dataset}").version() != computed_from)


def _refresh(job: Run, metric: Metric) -> None:
    lake, started = job.settings.lake, time.monotonic()
    source = open_table(lake, f"silver.{metric.dataset}")
    rows = tables.table(job.spark, lake, f"silver.{metric.dataset}", source.version()).where("NOT quarantined")
    result = import_module(f"lakehouse.metrics.{metric.name}").compute(rows.select(*metric.inputs))
    metadata = {"silver_version": source.version(), "silver_id": str(source.metadata().id), "run_id": job.run_id}
    tables.overwrite(result, lake, f"gold.{metric.name}", metadata)
    _report(job, metric, time.monotonic() - started)


def _report(job: Run, metric: Metric, seconds: float) -> None:
    rows = sum_of(open_table(job.settings.lake, f"gold.{metric.name}"), "num_records")
    job.report(f"gold.{metric.name}", seconds, rows=rows)


if __name__ == "__main__":
    sys.exit(main("gold", run))

"""Silver into gold: the metrics, each computed again where its silver table has moved.

Run it with `make gold`, or `source conf/env.sh && spark-submit jobs/gold.py`.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from lakehouse import tables
from lakehouse.frames import sum_of
from lakehouse.lake import open_table
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakehouse.runs import Run, main


def run(job: Run) -> None:
    """Bring every metric up to the newest version of its silver table."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda metric: _refresh(job, metric), METRICS.values()))


def silver_version(lake: str, metric: Metric) -> int | None:
    """Return the silver version that a gold table was computed from, None where it never was."""
    metadata = open_table(lake, f"gold.{metric.name}").history(1)[0].get("userMetadata")
    return int(json.loads(metadata)["silver_version"]) if metadata else None


def _refresh(job: Run, metric: Metric) -> None:
    lake, started = job.settings.lake, time.monotonic()
    source = open_table(lake, f"silver.{metric.dataset}")
    version = source.version()
    if silver_version(lake, metric) != version:
        rows = tables.table(job.spark, lake, f"silver.{metric.dataset}", version).where("NOT quarantined")
        result = import_module(f"lakehouse.metrics.{metric.name}").compute(rows.select(*metric.inputs))
        metadata = {"silver_version": version, "silver_id": str(source.metadata().id), "run_id": job.run_id}
        tables.overwrite(result, lake, f"gold.{metric.name}", metadata)
    rows_there = sum_of(open_table(lake, f"gold.{metric.name}"), "num_records")
    job.report(f"gold.{metric.name}", time.monotonic() - started, rows=rows_there)


if __name__ == "__main__":
    sys.exit(main("gold", run))

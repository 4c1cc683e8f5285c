"""Bronze into silver: every record parsed, typed and judged, good ones and quarantined ones in one commit.

Run it with `make silver`, or `source conf/env.sh && spark-submit jobs/silver.py`.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError
from lakehouse.judging import drift
from lakehouse.judging.version import rules_version
from lakehouse.lake import scan
from lakehouse.lake.data_files import DataFile
from lakehouse.model import Dataset
from lakehouse.spark import session, tables
from lakehouse.spark.judging import judged, silver_rows
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run

# Stands for the longest record of a file whose statistics do not tell it.
UNKNOWN = 1 << 30

# Up to so many stored rows, and bytes of new ones, one task that reads them all is faster than three jobs that do not.
MOST_STORED, MOST_BYTES = 500_000, 128 << 20


def run(job: Run) -> None:
    """Judge everything that is new in bronze."""
    tell_older_rules(job)
    fresh = [dataset for dataset in DATASETS.values() if has_news(job, dataset)]
    job.side_by_side([partial(judge, job, dataset) for dataset in fresh])


def tell_older_rules(job: Run) -> None:
    """Say how many rows of each dataset other rules than those of now have judged, where there are any."""
    for dataset in DATASETS.values():
        version = rules_version(dataset)
        older = sum(rows for name, rows in job.state(f"silver.{dataset.name}").rules.items() if name != version)
        if older:
            LOG.info(
                "silver  %-26s %s rows were judged by other rules than those of now; `make what-if DATASET=%s` shows "
                "what these would change",
                *(dataset.name, f"{older:,}", dataset.name),
            )


def has_news(job: Run, dataset: Dataset) -> bool:
    """Return whether bronze has batches that silver has not judged."""
    source = job.state(f"silver.{dataset.name}").source
    return job.state(f"bronze.{dataset.name}").batch > (source.batch if source else 0)


def judge(job: Run, dataset: Dataset) -> None:
    """Judge what is new in bronze and append it to silver in one batch; raise LossError where a row is missing."""
    started, name = time.monotonic(), f"silver.{dataset.name}"
    bronze, state = job.standings[f"bronze.{dataset.name}"], job.state(name)
    read_to = state.source.batch if state.source else 0
    expected = _count_after(job, f"bronze.{dataset.name}", read_to)
    longest = max((int(file.greatest.get("size", UNKNOWN)) for file in bronze.files_after(read_to)), default=0)
    spark = session.for_records(job.spark, longest)
    new = job.rows_after(f"bronze.{dataset.name}", read_to, spark=spark)
    version = rules_version(dataset)
    rules = {**state.rules, version: state.rules.get(version, 0) + expected}
    following = state.next(job.run_id, source=bronze.as_source(), rules=rules)
    seen = job.observer(dataset)
    is_small = expected <= tables.ONE_TASK and expected * longest <= MOST_BYTES

    def write(stored: Sequence[DataFile]) -> list[DataFile]:
        others = tables.read(spark, job.lake, name, stored) if stored else None
        in_one_task = is_small and sum(file.rows for file in stored) <= MOST_STORED
        with judged(new, dataset, others, expected, in_one_task=in_one_task, observe=seen.add) as rows:
            return tables.write(silver_rows(rows, dataset, following), job.lake, name, following.batch)

    stored = job.standings[name].files_after(0, side=False) if dataset.key is not None else []
    added = write([] if is_small else stored)
    if is_small and stored:
        # Seldom is a key there already; then the rows are written again with a look at the files that may hold it.
        good = [file for file in added if file.side is False]
        if holding := job.keys.files_with(name, good, stored):
            for file in added:
                job.lake.files.delete(f"{job.lake.address(name)}/{file.path}")
            added = write(holding)
    if (written := sum(file.rows for file in added)) != expected:
        raise LossError(
            f"{name}: batches {read_to + 1} to {bronze.state.batch} of bronze.{dataset.name} have {expected:,} "
            f"records, but {written:,} were judged.",
            "Run it again; where that says the same, `make balance` tells whether bronze is whole.",
        )
    changes, known = drift.compare(dataset, state.seen, seen.value, expected)
    sides = job.commit(name, added, replace(following, seen=known))
    job.report(name, time.monotonic() - started, rows=sides.get(False, 0), quarantined=sides.get(True, 0))
    job.report_drift(name, changes)


def _count_after(job: Run, name: str, batch: int) -> int:
    """Return the number of rows of later batches, by the log where no file holds earlier ones too."""
    standing = job.standings[name]
    files = standing.files_after(batch)
    if all(file.follows(batch) for file in files):
        return sum(file.rows for file in files)
    return scan.count_after(job.lake.open(name, standing.version), batch)


if __name__ == "__main__":
    sys.exit(main("silver", run))

"""Bronze into silver: every record parsed, typed and judged, good ones and quarantined ones in one commit.

Run it with `make silver`, or `source conf/env.sh && spark-submit jobs/silver.py`.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from lakehouse import checkpoints, ledger, rules, tables
from lakehouse.catalogue import FILES, bronze, silver
from lakehouse.datasets import DATASETS
from lakehouse.frames import query, rows_by_partition
from lakehouse.judge import judge, resolve, silver_rows, with_content_hash
from lakehouse.lake import open_table
from lakehouse.model import Dataset
from lakehouse.runs import Run, main
from lakehouse.streams import drain


def run(job: Run) -> None:
    """Judge everything that is new in bronze; raise IntegrityError where bronze and silver disagree."""
    started = time.monotonic()
    drain(start(job))
    seconds = time.monotonic() - started
    for line in ledger.check(job.settings, with_silver=True):
        job.report(f"silver.{line.dataset}", seconds, rows=line.silver, quarantined=line.quarantined)


def start(job: Run) -> list[StreamingQuery]:
    """Start the stream of each dataset, but for those without news."""
    with ThreadPoolExecutor() as pool:
        news = list(pool.map(lambda dataset: _has_news(job, dataset), DATASETS.values()))
    return job.start([partial(_start, job, d) for d, is_new in zip(DATASETS.values(), news, strict=True) if is_new])


def _has_news(job: Run, dataset: Dataset) -> bool:
    """Check a stream's checkpoint and return whether there is anything to judge."""
    lake, name = job.settings.lake, silver(dataset).name
    source, target = open_table(lake, bronze(dataset).name), open_table(lake, name)
    binding = {bronze(dataset).name: str(source.metadata().id), name: str(target.metadata().id)}
    checkpoints.check(job.settings, checkpoints.Stream(name, binding, bool(rows_by_partition(target))))
    return job.interval is not None or not checkpoints.has_read_table(job.settings, name, source.version())


def _start(job: Run, dataset: Dataset) -> StreamingQuery:
    lake, name = job.settings.lake, silver(dataset).name

    def append(batch: DataFrame, batch_id: int) -> None:
        tables.append(_judged(job, dataset, batch), lake, name, batch_id)

    return tables.start_batches(
        tables.table_stream(job.spark, lake, bronze(dataset).name), lake, name, append, job.interval
    )


def _judged(job: Run, dataset: Dataset, batch: DataFrame) -> DataFrame:
    judged = judge(batch, dataset, rules.module(dataset.name), _headers(job, dataset))
    hashed = with_content_hash(judged, dataset)
    if dataset.key is not None:
        hashed = resolve(hashed, dataset.key, _existing(job, dataset, batch))
    return silver_rows(hashed, dataset, rules.VERSION, job.run_id)


def _headers(job: Run, dataset: Dataset) -> list[str]:
    """Return the header lines that the dataset's CSV files have, from the ledger."""
    found = query(
        f"SELECT DISTINCT header FROM files WHERE dataset = '{dataset.name}' AND status = 'landed' AND header <> ''",
        files=open_table(job.settings.lake, FILES.name),
    )
    return sorted(found["header"])


def _existing(job: Run, dataset: Dataset, batch: DataFrame) -> DataFrame | None:
    """Return key and content hash of the good rows that are stored already, None where there are none."""
    name = silver(dataset).name
    if not rows_by_partition(open_table(job.settings.lake, name)).get(False):
        return None
    stored = tables.table(batch.sparkSession, job.settings.lake, name)
    return stored.where(f"NOT quarantined AND {dataset.key} IS NOT NULL").select(str(dataset.key), "content_hash")


if __name__ == "__main__":
    sys.exit(main("silver", run))

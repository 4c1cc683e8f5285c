"""Bronze into silver: every record parsed, typed and judged, good ones and quarantined ones in one commit.

Run it with `make silver`, or `source conf/env.sh && spark-submit jobs/silver.py`.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

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
    """Start the stream of each dataset."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda dataset: _start(job, dataset), DATASETS.values()))


def _start(job: Run, dataset: Dataset) -> StreamingQuery:
    lake, name = job.settings.lake, silver(dataset).name
    tables_of = {n: open_table(lake, n) for n in (bronze(dataset).name, name)}
    binding = {n: str(table.metadata().id) for n, table in tables_of.items()}
    has_rows = bool(rows_by_partition(tables_of[name]))
    checkpoints.check(job.settings, checkpoints.Stream(name, binding, has_rows))

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

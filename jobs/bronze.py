"""Source records into bronze, as they came: files by way of landing, topics straight from Kafka.

Run it with `make bronze`, or `source conf/env.sh && spark-submit jobs/bronze.py`.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from lakehouse import checkpoints, ledger, tables
from lakehouse.catalogue import FILES, bronze
from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError
from lakehouse.frames import sum_of
from lakehouse.lake import open_table
from lakehouse.landing import land
from lakehouse.model import Dataset
from lakehouse.runs import LOG, Run, main
from lakehouse.streams import drain
from lakehouse.topics import Topic, ensure_topics

FILES_STREAM = "bronze.files"


def run(job: Run) -> None:
    """Bring everything that is new into bronze; raise IntegrityError where a record is missing or there twice."""
    started = time.monotonic()
    before = {name: _rows(job, dataset) for name, dataset in DATASETS.items()}
    drain(start(job))
    seconds = time.monotonic() - started
    for line in ledger.check(job.settings, with_silver=False):
        new = line.bronze - before[line.dataset]
        job.report(f"bronze.{line.dataset}", seconds, rows=line.bronze, new=new)


def _rows(job: Run, dataset: Dataset) -> int:
    return sum_of(open_table(job.settings.lake, bronze(dataset).name), "num_records")


def start(job: Run) -> list[StreamingQuery]:
    """Look at the inbox once and start the streams of files and topics, but for those without news."""
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ensure_topics, job.settings)
        look_at_inbox(job)
        topics = asked.result()
        _check_checkpoints(job, {name: topic.id for name, topic in topics.items()})
        list(pool.map(lambda dataset: _check_kept(job, dataset, topics[dataset.topic]), DATASETS.values()))
        starts = [] if _is_idle_files(job) else [partial(start_files, job)]
        starts += [
            partial(_start_topic, job, d) for d in DATASETS.values() if not _is_idle_topic(job, d, topics[d.topic])
        ]
        return job.start(starts)


def _is_idle_files(job: Run) -> bool:
    version = open_table(job.settings.lake, FILES.name).version()
    return job.interval is None and checkpoints.has_read_table(job.settings, FILES_STREAM, version)


def _is_idle_topic(job: Run, dataset: Dataset, topic: Topic) -> bool:
    stream = ledger.topic_stream_name(dataset)
    return job.interval is None and checkpoints.has_read_topic(job.settings, stream, dataset.topic, topic.ends)


def look_at_inbox(job: Run) -> None:
    """Land what is new in the inbox and say what was decided."""
    landed = land(job.settings, job.run_id)
    for decision in landed.decisions:
        reason = f"  {decision.reason}" if decision.reason else ""
        LOG.info(
            "landing %s/%s  %s  %s records%s",
            decision.dataset,
            decision.name,
            decision.status,
            f"{decision.records:,}",
            reason,
        )
    if job.interval is None:
        for line in landed.ignored:
            LOG.info("ignored %s", line)


def _check_checkpoints(job: Run, topic_ids: dict[str, str]) -> None:
    lake = job.settings.lake
    opened = {d.name: open_table(lake, bronze(d).name) for d in DATASETS.values()}
    ids = {name: str(table.metadata().id) for name, table in opened.items()}
    from_files = {name: ledger.file_rows(table) for name, table in opened.items()}
    files = str(open_table(lake, FILES.name).metadata().id)
    binding = {FILES.name: files} | {f"bronze.{name}": one for name, one in ids.items()}
    checkpoints.check(job.settings, checkpoints.Stream(FILES_STREAM, binding, any(from_files.values())))
    for dataset in DATASETS.values():
        binding = {f"bronze.{dataset.name}": ids[dataset.name], f"topic {dataset.topic}": topic_ids[dataset.topic]}
        has_rows = sum_of(opened[dataset.name], "num_records") > from_files[dataset.name]
        checkpoints.check(job.settings, checkpoints.Stream(ledger.topic_stream_name(dataset), binding, has_rows))


def _check_kept(job: Run, dataset: Dataset, topic: Topic) -> None:
    """Raise IntegrityError where Kafka has dropped offsets that were not read."""
    read = checkpoints.consumed(job.settings, ledger.topic_stream_name(dataset), dataset.topic)
    lost = [
        f"partition {partition} from {end} to {topic.starts[int(partition)] - 1}"
        for partition, (_, end) in read.items()
        if topic.starts.get(int(partition), 0) > end
    ]
    if lost:
        raise IntegrityError(
            f"Kafka no longer has offsets of {dataset.topic} that were not read: {', '.join(lost)}. Nothing was read. "
            f"Send those records again to a new topic or by file, or start a new lake."
        )


def start_files(job: Run) -> StreamingQuery:
    """Start the stream of landed files."""
    stream = tables.table_stream(job.spark, job.settings.lake, FILES.name)

    def append(batch: DataFrame, batch_id: int) -> None:
        _append_landed(job, batch, batch_id)

    return tables.start_batches(stream, job.settings.lake, FILES_STREAM, append, job.interval)


def _append_landed(job: Run, batch: DataFrame, batch_id: int) -> None:
    """Append the records of a micro-batch of landed files to the bronze tables, each table once."""
    rows = batch.where("status = 'landed' AND records > 0").select("dataset", "sha256", "records").collect()
    hashes = {name: [row["sha256"] for row in rows if row["dataset"] == name] for name in DATASETS}
    found = {
        name: tables.landed_records(batch.sparkSession, job.settings.lake, name, there)
        for name, there in hashes.items()
        if there
    }
    if not found:
        return
    _check_counts(found, {(row["dataset"], row["sha256"]): row["records"] for row in rows})
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda item: _append_dataset(job, batch, batch_id, *item), found.items()))


def _check_counts(found: dict[str, DataFrame], expected: dict[tuple[str, str], int]) -> None:
    """Raise IntegrityError where a landed file does not hold as many records as the ledger counted."""
    hashes = [records.select(F.lit(name).alias("dataset"), "sha256") for name, records in found.items()]
    counted = reduce(DataFrame.unionAll, hashes).groupBy("dataset", "sha256").count().collect()
    there = {(row["dataset"], row["sha256"]): row["count"] for row in counted}
    for (dataset, sha256), count in expected.items():
        if there.get((dataset, sha256), 0) != count:
            raise IntegrityError(
                f"landing/{dataset}/{sha256}.parquet holds {there.get((dataset, sha256), 0):,} records, but "
                f"ledger.files counted {count:,}: it was changed after it landed. Delete it, bring the "
                f"source file back under a new name, and move checkpoint {FILES_STREAM} and bronze away."
            )


def _append_dataset(job: Run, batch: DataFrame, batch_id: int, name: str, records: DataFrame) -> None:
    files = F.broadcast(batch.where((F.col("status") == "landed") & (F.col("dataset") == name)))
    rows = records.join(files.select("sha256", "name", "format", "header"), on="sha256", how="inner").select(
        F.col("name").alias("source"),
        F.col("sha256").alias("source_id"),
        "position",
        "raw",
        "format",
        "header",
        "is_cut",
        F.lit(None).cast("timestamp").alias("kafka_timestamp"),
        *_ingested(job),
    )
    tables.append(rows, job.settings.lake, f"bronze.{name}", batch_id)


def _start_topic(job: Run, dataset: Dataset) -> StreamingQuery:
    rows = tables.topic_stream(job.spark, job.settings, dataset).select(
        F.col("topic").alias("source"),
        F.col("partition").cast("string").alias("source_id"),
        F.col("offset").alias("position"),
        F.col("value").alias("raw"),
        F.lit("json").alias("format"),
        F.lit(None).cast("string").alias("header"),
        F.lit(False).alias("is_cut"),
        F.col("timestamp").alias("kafka_timestamp"),
        *_ingested(job),
    )
    name = ledger.topic_stream_name(dataset)
    return tables.start_into_table(rows, job.settings.lake, name, f"bronze.{dataset.name}", job.interval)


def _ingested(job: Run) -> Sequence[Column]:
    """Return when and by which run a record came in: one time for a whole run, so that its order is the runs' order."""
    at = F.lit(job.started_at) if job.interval is None else F.current_timestamp()
    return at.cast("timestamp").alias("ingested_at"), F.lit(job.run_id).alias("run_id")


if __name__ == "__main__":
    sys.exit(main("bronze", run))

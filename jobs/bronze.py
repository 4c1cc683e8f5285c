"""Source records into bronze, as they came: files by way of landing, topics straight from Kafka, tables of a database.

Run it with `make bronze`, or `source conf/env.sh && spark-submit jobs/bronze.py`.
"""

import argparse
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError
from lakehouse.lake import data_files, forgetting, restoring
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.schemas import bronze
from lakehouse.lake.state import Reading, State, source_id
from lakehouse.landing.inbox import inbox_of
from lakehouse.landing.land import Inbox
from lakehouse.model import Dataset
from lakehouse.offsets import plan
from lakehouse.postgres.rows import Arrivals
from lakehouse.postgres.tables import Look, Tables
from lakehouse.spark import tables
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run
from lakehouse.topics import Topic
from lakehouse.upstream import Stand, Upstream

ACCEPT_LOSS = "go on without what is gone from a topic or from bronze; the balance sheet shows how many records"


def run(job: Run) -> None:
    """Bring everything that is new into bronze."""
    inbox = open_inbox(job)
    with Upstream(job.settings) as upstream:
        now = look(job, upstream)
        fresh = [dataset for dataset in DATASETS.values() if has_news(job, dataset, now)]
        if any(has_messages(job, dataset, now.topics[dataset.topic]) for dataset in fresh):
            job.warm_up()
        land(job, inbox)
        job.side_by_side([partial(read, job, dataset, upstream, now) for dataset in fresh])


def look(job: Run, upstream: Upstream) -> Stand:
    """Return how topics and tables stand now."""
    return upstream.look({name: job.state(f"bronze.{name}") for name in DATASETS})


def open_inbox(job: Run) -> Inbox:
    """Return the inbox; a run that accepts losses first lets go of bronze's data files that are missing or changed."""
    folder = inbox_of(job.settings)
    # What lies on HDFS is cut where Spark's tasks are, what lies on this machine here.
    spread = None if isinstance(folder, Path) else lambda work, items: tables.spread(job.spark, work, items)
    inbox = Inbox(job.lake, folder, job.standings, spread)
    gone = [name for name in DATASETS if job.accepts_loss and let_go(job, name)]
    return Inbox(job.lake, folder, job.standings, spread) if gone else inbox


def let_go(job: Run, dataset: str) -> bool:
    """Take data files that are missing or changed out of bronze, and silver back where it was made from them too."""
    started, name = time.monotonic(), f"bronze.{dataset}"
    if not (steps := restoring.without_damaged(job.lake, dataset)):
        return False
    restoring.restore(job.lake, steps, job.standings, job.run_id)
    for file in steps[-1].gone:
        LOG.warning("bronze  %-26s accepted as lost: %s with %s records", dataset, file.path, f"{file.rows:,}")
    job.report(name, time.monotonic() - started, lost=sum(file.rows for file in steps[-1].gone))
    return True


def land(job: Run, inbox: Inbox) -> None:
    """Look at the inbox once and say what was decided."""
    started = time.monotonic()
    before = {name: job.standings[f"bronze.{name}"] for name in DATASETS}
    landed = inbox.land(job.run_id)
    for file in landed.decisions:
        told = f"{file.records:,} records{f'  {file.reason}' if file.reason else ''}"
        LOG.info("landing %s/%s  %s  %s", file.dataset, file.name, file.status, told)
    for name, standing in before.items():
        if (now := job.standings[f"bronze.{name}"]).state.batch > standing.state.batch:
            new = now.rows - standing.rows
            job.report(f"bronze.{name}", time.monotonic() - started, new=new)
            tell_refused(name, sum(int(row["records"]) for row in now.state.files) - new)
    for line in landed.ignored:
        if line not in job.ignored:
            LOG.info("ignored %s", line)
    job.ignored = set(landed.ignored)


def tell_refused(dataset: str, count: int) -> None:
    """Say how many records of a batch were refused because they are forgotten, where there are any."""
    if count:
        LOG.info("bronze  %-26s %s records were refused: they are forgotten", dataset, f"{count:,}")


def has_news(job: Run, dataset: Dataset, now: Stand) -> bool:
    """Return whether the topic of a dataset or its table has what bronze has not read; raises as those."""
    table = now.tables.get(dataset.name)
    return has_messages(job, dataset, now.topics[dataset.topic]) or bool(table and has_rows(job, dataset, table))


def has_rows(job: Run, dataset: Dataset, table: Look) -> bool:
    """Return whether a table has what bronze has not read.

    Raises LossError where some of it is gone, or it is another table, unless the run accepts that.
    """
    if table.loss and not job.accepts_loss:
        raise LossError(
            f"{table.loss} bronze.{dataset.name} in {job.lake.url} cannot simply go on.",
            "`make pipeline ACCEPT_LOSS=1` reads the table anew as it is; what was there only in between is lost.",
        )
    return table.has_news or bool(table.loss)


def has_messages(job: Run, dataset: Dataset, topic: Topic) -> bool:
    """Return whether a topic has offsets that bronze has not read.

    Raises LossError where some are gone or name other records than those read, unless the run accepts that.
    """
    name = f"bronze.{dataset.name}"
    planned = plan(job.state(name), dataset.topic, topic)
    if planned.loss and not job.accepts_loss:
        raise LossError(
            f"{planned.loss} {name} in {job.lake.url} cannot simply go on.",
            "Send what is missing again by file; then, or where it is not to be had, go on with what the topic holds "
            "by `make pipeline ACCEPT_LOSS=1`, which the balance sheet will show.",
        )
    return bool(planned.loss) or planned.asked > 0


def read(job: Run, dataset: Dataset, upstream: Upstream, now: Stand) -> None:
    """Append what is new in the topic of a dataset to bronze, and what is new in its table."""
    if has_messages(job, dataset, topic := now.topics[dataset.topic]):
        read_messages(job, dataset, topic)
    if (table := now.tables.get(dataset.name)) and has_rows(job, dataset, table):
        read_rows(job, dataset, upstream.tables, table)


def read_rows(job: Run, dataset: Dataset, tables: Tables, now: Look) -> None:
    """Append what is new in a table of a database to bronze, in one batch; then the database may let go of it."""
    started, name = time.monotonic(), f"bronze.{dataset.name}"
    state, source, reader = job.state(name), tables.tables[dataset.name].name, tables.readers[dataset.name]
    before = state.readings.get(source)
    if now.loss:
        LOG.warning("bronze  %-26s accepted as lost: %s", dataset.name, now.loss)
    begin = replace((before.anew() if now.loss else before) if before else Reading().anew(), id=now.id)
    common = {"batch": state.batch + 1, "ingested_at": datetime.now(UTC), "run_id": job.run_id}
    came = Arrivals(dataset, source, begin, common)
    rows = job.counted(came.batches(reader.changes(None if now.loss else before, now)))
    prefix = data_files.prefix(state.batch + 1)
    added = list(data_files.write(job.lake.files, job.lake.address(name), bronze(dataset), prefix, rows))
    readings = {**state.readings, source: came.reading}
    if came.count or (before and came.reading.generation != before.generation):
        new = commit(job, dataset, added, state.next(job.run_id, readings=readings), came.count)
        job.report(name, time.monotonic() - started, new=new)
    elif came.reading != before:
        following = replace(state, readings=readings)
        job.standings[name] = job.lake.commit(name, job.standings[name], [], following, is_change=False)
    reader.done(came.reading)


def commit(job: Run, dataset: Dataset, added: list[DataFile], following: State, came: int) -> int:
    """Commit a batch of bronze without what is forgotten; return the rows that it has."""
    if words := job.forgotten.get(dataset.name):
        added = forgetting.refuse(job.lake, job.lake.dataset(dataset.name), following.batch, added, words, job.run_id)
    new = sum(job.commit(f"bronze.{dataset.name}", added, following).values())
    tell_refused(dataset.name, came - new)
    return new


def read_messages(job: Run, dataset: Dataset, topic: Topic) -> None:
    """Append what is new in a topic to bronze, in one batch; raise LossError where more came than was planned."""
    started, name = time.monotonic(), f"bronze.{dataset.name}"
    state = job.state(name)
    planned = plan(state, dataset.topic, topic)
    if planned.loss:
        LOG.warning("bronze  %-26s accepted as lost: %s", dataset.name, planned.loss)
    lost = state.lost + planned.lost
    following = state.next(job.run_id, topic_id=topic.id, offsets=planned.offsets, lost=lost)
    rows = tables.read_topic(job.spark, job.settings.kafka, dataset.topic, planned.starts, topic.ends).selectExpr(
        f"CAST({following.batch} AS BIGINT) AS batch",
        "topic AS source",
        f"concat(partition, '{source_id('', planned.generation)}') AS source_id",
        "offset AS position",
        "value AS raw",
        "CAST(length(value) AS BIGINT) AS size",
        "'json' AS format",
        "CAST(NULL AS STRING) AS header",
        "false AS is_cut",
        "CAST(NULL AS STRING) AS operation",
        "CAST(NULL AS STRING) AS cursor",
        "timestamp AS kafka_timestamp",
        "current_timestamp() AS ingested_at",
        f"'{job.run_id}' AS run_id",
    )
    added = tables.write(tables.in_tasks(rows, planned.asked), job.lake, name, following.batch)
    # Fewer are right: markers and aborted records have offsets too. Those that are gone end the reading itself.
    if (came := sum(file.rows for file in added)) > planned.asked:
        what = f"{name}: {came:,} records came out of {planned.asked:,} offsets of {dataset.topic}."
        raise LossError(what, "Run it again.")
    new = commit(job, dataset, added, following, came)
    beside = {"gaps": planned.asked - came, "lost": planned.lost}
    job.report(name, time.monotonic() - started, new=new, **{label: n for label, n in beside.items() if n})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept-loss", action="store_true", help=ACCEPT_LOSS)
    sys.exit(main("bronze", run, accepts_loss=parser.parse_args().accept_loss))

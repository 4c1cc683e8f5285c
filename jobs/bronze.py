"""Source records into bronze, as they came: files by way of landing, topics straight from Kafka.

Run it with `make bronze`, or `source conf/env.sh && spark-submit jobs/bronze.py`.
"""

import argparse
import sys
import time
from functools import partial

from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError
from lakehouse.lake.state import State
from lakehouse.landing.land import Inbox
from lakehouse.model import Dataset
from lakehouse.spark import tables
from lakehouse.spark.kafka import read_topic
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run
from lakehouse.topics import Topic, Topics

ACCEPT_LOSS = "go on without offsets that Kafka dropped before they were read; the balance sheet shows how many"
TOPICS = [dataset.topic for dataset in DATASETS.values()]


def run(job: Run) -> None:
    """Bring everything that is new into bronze."""
    inbox = Inbox(job.lake, job.settings.inbox, job.standings)
    with Topics(job.settings.kafka) as topics:
        topics.make_missing(TOPICS)
        now = topics.look(TOPICS)
    fresh = [dataset for dataset in DATASETS.values() if has_news(job, dataset, now[dataset.topic])]
    if fresh:
        job.warm_up()
    land(job, inbox)
    job.side_by_side([partial(read, job, dataset, now[dataset.topic]) for dataset in fresh])


def land(job: Run, inbox: Inbox) -> None:
    """Look at the inbox once and say what was decided."""
    started = time.monotonic()
    before = {name: job.state(f"bronze.{name}").batch for name in DATASETS}
    landed = inbox.land(job.run_id)
    for decision in landed.decisions:
        LOG.info(
            "landing %s/%s  %s  %s records%s",
            decision.dataset,
            decision.name,
            decision.status,
            f"{decision.records:,}",
            f"  {decision.reason}" if decision.reason else "",
        )
    for name, batch in before.items():
        if (state := job.state(f"bronze.{name}")).batch > batch:
            rows = sum(int(file["records"]) for file in state.files)
            job.report(f"bronze.{name}", time.monotonic() - started, new=rows)
    for line in landed.ignored:
        if line not in job.ignored:
            LOG.info("ignored %s", line)
    job.ignored = set(landed.ignored)


def has_news(job: Run, dataset: Dataset, topic: Topic) -> bool:
    """Return whether a topic has offsets that bronze has not read.

    Raises IntegrityError where it is another topic than the one that was read, or where Kafka has dropped offsets,
    unless the run accepts that loss.
    """
    state = job.state(f"bronze.{dataset.name}")
    if state.topic_id not in ("", topic.id):
        raise IntegrityError(
            f"The topic {dataset.topic} is not the one that bronze.{dataset.name} in {job.lake.url} has read: it was "
            f"deleted and made anew, so records would be missed or doubled. Nothing was read. Bring the topic back, "
            f"send its records to a new one, or start a new lake by setting LAKEHOUSE_URL."
        )
    read_to = _read_to(state)
    if (lost := _lost(state, topic)) and not job.accepts_loss:
        told = ", ".join(f"partition {number} from {end} to {start - 1}" for number, (end, start) in lost.items())
        raise IntegrityError(
            f"Kafka no longer has offsets of {dataset.topic} that were not read: {told}. Nothing was read. Send those "
            f"records again by file; then, or where they are not to be had, go on without these offsets by "
            f"`make pipeline ACCEPT_LOSS=1`, which the balance sheet will show."
        )
    return bool(lost) or any(
        read_to.get(partition, topic.starts[partition]) < end for partition, end in topic.ends.items()
    )


def _read_to(state: State) -> dict[int, int]:
    """Return the next offset to read of each partition that was read."""
    return {int(partition): end for partition, (_, end) in state.offsets.items()}


def _lost(state: State, topic: Topic) -> dict[int, tuple[int, int]]:
    """Return the offsets that Kafka dropped unread: by partition the first one, and the first that is there again."""
    return {n: (end, topic.starts[n]) for n, end in _read_to(state).items() if topic.starts.get(n, 0) > end}


def read(job: Run, dataset: Dataset, topic: Topic) -> None:
    """Append what is new in a topic to bronze, in one batch."""
    started, name = time.monotonic(), f"bronze.{dataset.name}"
    state = job.state(name)
    lost = _lost(state, topic)
    starts = {n: max(_read_to(state).get(n, 0), topic.starts[n]) for n in topic.ends}
    offsets = {str(n): (state.offsets.get(str(n), (starts[n],))[0], end) for n, end in topic.ends.items()}
    missing = sum(start - end for end, start in lost.values())
    if missing:
        LOG.warning("bronze  %-26s %s offsets were lost unread, and that was accepted", dataset.name, f"{missing:,}")
    following = state.next(job.run_id, topic_id=topic.id, offsets=offsets, lost=state.lost + missing)
    rows = read_topic(job.spark, job.settings.kafka, dataset.topic, starts, topic.ends).selectExpr(
        f"CAST({following.batch} AS BIGINT) AS batch",
        "topic AS source",
        "CAST(partition AS STRING) AS source_id",
        "offset AS position",
        "value AS raw",
        "CAST(length(value) AS BIGINT) AS size",
        "'json' AS format",
        "CAST(NULL AS STRING) AS header",
        "false AS is_cut",
        "timestamp AS kafka_timestamp",
        "current_timestamp() AS ingested_at",
        f"'{job.run_id}' AS run_id",
    )
    asked = sum(end - starts[n] for n, end in topic.ends.items())
    new = sum(job.write(tables.in_tasks(rows, asked), name, following).values())
    if new > asked:
        raise IntegrityError(f"{name}: {new:,} records came out of {asked:,} offsets of {dataset.topic}.")
    job.report(name, time.monotonic() - started, new=new)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept-loss", action="store_true", help=ACCEPT_LOSS)
    sys.exit(main("bronze", run, accepts_loss=parser.parse_args().accept_loss))

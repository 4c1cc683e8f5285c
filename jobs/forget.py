"""A person's or a record's data leaves the lake for good: bronze, silver, quarantine, gold, and all older versions.

Run it with `make forget DATASET=transactions KEY=T17` for a business key, with `COLUMN=client_name` for a value of a
personal column; without KEY it is asked for and not shown. DRY_RUN=1 only tells. By hand: `source conf/env.sh &&
KEY=T17 spark-submit jobs/forget.py transactions`. What it names is refused whenever it comes again.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from functools import partial

import polars as pl

import gold
import replay
from lakehouse.datasets import DATASETS
from lakehouse.errors import NoSuchColumnError, NoSuchRecordError
from lakehouse.lake import Lake, forgetting, forgotten, scan
from lakehouse.lake.forgotten import Named
from lakehouse.lake.printing import safe
from lakehouse.lake.schemas import FORGOTTEN, RUNS
from lakehouse.lake.state import source_id
from lakehouse.landing.inbox import inbox_of
from lakehouse.landing.land import Inbox
from lakehouse.metrics import METRICS
from lakehouse.model import Dataset
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run
from lakehouse.topics import Topics

# What a record that went decided about others with its key.
_DECIDED = "conflict"


def run(job: Run, dataset: str, column: str, value: str, *, dry_run: bool, with_topic: bool) -> None:
    """Forget a value of a column of a dataset, or tell what would go."""
    lake = job.lake
    wanted = lake.dataset(dataset)
    names = [*([wanted.key] if wanted.key else []), *sorted(wanted.personal)]
    if column not in names:
        raise NoSuchColumnError(f"COLUMN= must be {' or '.join(names)}. Nothing was changed.")
    if dry_run:
        tell(job, wanted, Named(dataset, b"", column, value))
        return
    Inbox(lake, inbox_of(job.settings), job.standings)  # writes to the ledger what a killed landing left out of it
    named = Named(dataset, forgotten.make_key(lake), column, value)
    rows, others = forgetting.search(lake, wanted, job.standings[f"bronze.{dataset}"].files, named)
    runs = asked_by(lake, named)
    if not rows and not runs:
        raise NoSuchRecordError(f"No record of {dataset} has that {column}. Nothing was changed.")
    if rows or not is_finished(lake, runs):
        forgotten.record(lake, dataset, [{"column": column, "digest": named.digest}, *rows], job.run_id)
        forget(job, wanted)
        runs.append(job.run_id)
    else:
        LOG.info("%s: that %s was forgotten by run %s", dataset, column, runs[0])
    went = forgotten.records(lake, dataset, f"digest = '{named.digest}' OR run_id IN ({', '.join(map(repr, runs))})")
    LOG.info("%s: forgotten, and refused from now on: %s", dataset, _counted(went))
    tell_others(wanted, others)
    outside(job, wanted, went, with_topic=with_topic)


def tell(job: Run, dataset: Dataset, named: Named) -> None:
    """Say how many records would go, and where else they are."""
    rows, others = forgetting.search(job.lake, dataset, job.standings[f"bronze.{dataset.name}"].files, named)
    went = pl.DataFrame(rows, {"source": pl.String, "source_id": pl.String, "position": pl.Int64}).unique()
    LOG.info("%s: %s would be forgotten", dataset.name, _counted(went))
    tell_others(dataset, others)
    if len(went):
        LOG.info("all older versions of %s would end", ", ".join(tables_of(dataset)))
        outside(job, dataset, went, with_topic=False)


def _counted(records: pl.DataFrame) -> str:
    return f"{len(records):,} {'record' if len(records) == 1 else 'records'}"


def tell_others(dataset: Dataset, others: int) -> None:
    """Say how many other records hold the bytes elsewhere: they are not this one's, or nobody can tell."""
    if others:
        LOG.info(
            "%s: %s other records hold these bytes in another place, and stay; where they are this person's too, "
            "forget them by what names them",
            dataset.name,
            f"{others:,}",
        )


def asked_by(lake: Lake, named: Named) -> list[str]:
    """Return the runs that were asked to forget this, the first one first."""
    where = f"digest = '{named.digest}' AND position IS NULL"
    rows = scan.read(lake.open(FORGOTTEN.name), ["run_id", "at"], where).sort_by("at")
    return list(dict.fromkeys(rows["run_id"].to_pylist()))


def is_finished(lake: Lake, runs: Iterable[str]) -> bool:
    """Return whether one of the runs came to its end."""
    where = f"status = 'succeeded' AND run_id IN ({', '.join(map(repr, runs))})"
    return bool(scan.read(lake.open(RUNS.name), ["run_id"], where).num_rows)


def tables_of(dataset: Dataset) -> list[str]:
    """Return the tables that hold what follows from a dataset's records."""
    metrics = [f"gold.{metric.name}" for metric in METRICS.values() if metric.dataset == dataset.name]
    return [f"bronze.{dataset.name}", f"silver.{dataset.name}", *metrics]


def forget(job: Run, dataset: Dataset) -> None:
    """Take out of the tables of a dataset what the ledger calls forgotten, and end their older versions.

    Records that were in conflict with one that went are judged again: they may be the first with their key now.
    """
    forgetting.sweep(job.lake, job.standings, dataset, job.run_id)
    if dataset.key is not None:
        replay.replay(job, dataset, _DECIDED, is_told=False)
    for metric in gold.stale(job, [dataset.name]):
        gold.refresh(job, metric)
    for name in tables_of(dataset):
        if job.standings[name].version:
            ended = forgetting.end_older_versions(job.lake, name, job.standings[name])
            LOG.info("%s: versions before %d ended, %d files deleted", name, job.standings[name].version, ended)


def outside(job: Run, dataset: Dataset, went: pl.DataFrame, *, with_topic: bool) -> None:
    """Say what holds the records outside the lake: the inbox and the database, which are their owner's, and the topic.

    Kafka deletes no single record: `with_topic` deletes all of a partition up to the last one, which bronze has read.
    """
    folder = inbox_of(job.settings) / dataset.name
    for name in went.filter(pl.col("source") != dataset.topic)["source"].unique().sort():
        if name in job.state(f"bronze.{dataset.name}").readings:
            LOG.info("%s is yours and still holds them: delete them in the database too", safe(name))
        if (path := folder / name).exists():
            LOG.info("%s is yours and still holds them: delete it, or keep the rest of it elsewhere", safe(str(path)))
    ends = _ends(job, dataset, went)
    if not ends:
        return
    with Topics(job.settings.kafka) as topics:
        starts = topics.look([dataset.topic])[dataset.topic].starts
        ends = {partition: end for partition, end in ends.items() if starts.get(partition, end) < end}
        if ends and with_topic:
            topics.delete_before(dataset.topic, ends)
            LOG.info("%s: all records up to these were deleted, which bronze has read", dataset.topic)
        elif ends:
            told = ", ".join(f"partition {partition} up to offset {end - 1}" for partition, end in sorted(ends.items()))
            LOG.info(
                "%s still holds them, in %s. Kafka deletes no single record: TOPIC=1 deletes all up to there, which "
                "bronze has read; or its retention does in time",
                dataset.topic,
                told,
            )


def _ends(job: Run, dataset: Dataset, went: pl.DataFrame) -> dict[int, int]:
    """Return the offset after the last record that went, by partition of the topic as it is now, if bronze read it."""
    state = job.state(f"bronze.{dataset.name}")
    read = {source_id(number, state.generation): (number, end) for number, end in state.read_to.items()}
    by_topic = went.filter(pl.col("source") == dataset.topic, pl.col("source_id").is_in(list(read)))
    last: dict[str, int] = dict(by_topic.group_by("source_id").agg(pl.col("position").max()).iter_rows())
    return {read[name][0]: min(position + 1, read[name][1]) for name, position in last.items()}


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Return what is asked for; what is to be forgotten comes by the environment, where other users do not see it."""
    parser = argparse.ArgumentParser(prog="forget", description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    parser.add_argument("--column", help="the business key, or a personal column (default: the key)")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would go")
    parser.add_argument("--topic", action="store_true", help="delete the topic's records too, up to the last that goes")
    asked = parser.parse_args(words)
    asked.column = asked.column or DATASETS[asked.dataset].key or ""
    asked.value = os.environ.pop("KEY", "").strip()
    if not asked.value:
        parser.error(f"KEY= must be the {asked.column or 'value'} that is to be forgotten")
    return asked


if __name__ == "__main__":
    asked = arguments()
    work = partial(
        run, dataset=asked.dataset, column=asked.column, value=asked.value, dry_run=asked.dry_run,
        with_topic=asked.topic,
    )  # fmt: skip
    sys.exit(main("forget", work, is_reader=asked.dry_run))

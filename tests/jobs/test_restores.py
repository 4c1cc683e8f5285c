"""Tables taken back at random and brought up again equal those that nobody touched."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from pyspark.sql import SparkSession
from test_rejudging import ADS, METRIC, NAME, arrive, is_computed, rows

import gold
import silver
from lakehouse.errors import IntegrityError
from lakehouse.lake import Lake, ledger, restoring
from lakehouse.settings import load
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

TABLES = (f"bronze.{NAME}", f"silver.{NAME}", f"gold.{METRIC.name}")
EVENTS = 120


def make_run(folder: Path) -> Run:
    settings = load({"LAKEHOUSE_URL": folder.as_uri()})
    lake = Lake.of(settings)
    return Run("restore", settings, lake, lake.make_tables())


def follow(job: Run, end: int) -> None:
    """Bring the events up to offset `end` through all layers, as a run does."""
    start = job.state(TABLES[0]).offsets.get("0", (0, 0))[1]
    if start < end:
        arrive(job, end - start)
    if silver.has_news(job, ADS):
        silver.judge(job, ADS)
    if gold.is_stale(job, METRIC):
        gold.refresh(job, METRIC)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_what_was_taken_back_comes_again(seed: int, spark: SparkSession, tmp_path: Path) -> None:
    chance, job, end, moments = Random(seed), make_run(tmp_path / "lake"), 0, list[datetime]()
    for _ in range(6):
        end = min(end + chance.randrange(10, 40), EVENTS)
        moments.append(datetime.now(UTC))
        follow(job, end)
        if chance.random() < 0.6:
            name = chance.choice(TABLES)
            try:
                steps = restoring.to_version(job.lake, name, chance.randrange(job.standings[name].version + 1))
            except IntegrityError:
                continue  # of batches that bronze does not hold any more
        else:
            steps = restoring.to_before(job.lake, chance.choice(moments))
        restoring.restore(job.lake, steps, job.standings, "undo")
        assert all(line.is_closed for line in ledger.balance(job.lake))
    follow(job, EVENTS)
    undisturbed = make_run(tmp_path / "other")
    follow(undisturbed, EVENTS)
    ours, theirs = rows(job), rows(undisturbed)
    assert {key: (row["reasons"], row["content_hash"]) for key, row in ours.items()} == {
        key: (row["reasons"], row["content_hash"]) for key, row in theirs.items()
    }
    assert is_computed(job)
    assert all(line.is_closed for line in ledger.balance(job.lake))

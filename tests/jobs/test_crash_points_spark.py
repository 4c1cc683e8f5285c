"""Jobs on Spark, killed before and after each change of the lake: the next run ends as if there had been no kill."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from killing import contents, killed_at, killed_at_each, moments
from pyspark.sql import SparkSession
from test_rejudging import ADS, METRIC, NAME, arrive, is_computed, rows
from test_restores import make_run

import gold
import replay
import silver
import what_if
from lakehouse import crash
from lakehouse.datasets import DATASETS
from lakehouse.errors import ServiceError
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark


def follow(job: Run) -> None:
    silver.run(job)
    gold.run(job)


JOBS: dict[str, Callable[[Run], None]] = {
    "layers": follow,
    "replay": partial(replay.run, datasets=[NAME], reason="", dry_run=False),
    "what-if": partial(what_if.run, datasets=[NAME], publish=True),
}


@dataclass
class Case:
    """A job, and copies of the lake that it works on: its newest batch has keys of the one before, and waits."""

    base: Path
    job: Callable[[Run], None]

    def copy(self, name: object) -> Path:
        return shutil.copytree(self.base, self.base.parent / str(name))

    def work(self, folder: Path) -> None:
        """Do the job as a process of its own would, with nothing in memory."""
        self.job(make_run(folder))


@pytest.fixture
def case(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    job = make_run(tmp_path / "base")
    arrive(job, 150)
    follow(job)
    if request.param == "layers":
        arrive(job, 60)
    else:
        monkeypatch.setitem(DATASETS, NAME, replace(ADS, rules=ADS.rules[1:]))
    return Case(tmp_path / "base", JOBS[request.param])


def finished(folder: Path) -> Run:
    """Return how the lake stands; raise where gold is not what silver gives or a record is there twice."""
    job = make_run(folder)
    assert is_computed(job)
    assert len(rows(job)) == sum(file.rows for file in job.standings[f"bronze.{NAME}"].files)
    return job


@pytest.mark.parametrize("case", ["layers"], indirect=True)
def test_a_job_killed_at_each_of_its_changes_in_turn_ends_as_one_that_was_not(case: Case) -> None:
    whole, struck = case.copy("whole"), case.copy("struck")
    passed = moments(partial(case.work, whole))
    assert {point for point, _ in passed} >= {
        f"{table}.{moment}_commit"
        for table in (f"silver.{NAME}", f"gold.{METRIC.name}")
        for moment in ("before", "after")
    }
    assert set(passed) <= killed_at_each(partial(case.work, struck))
    assert contents(finished(struck).lake) == contents(finished(whole).lake)


@pytest.mark.long
@pytest.mark.parametrize("case", JOBS, indirect=True)
def test_a_job_killed_at_one_of_its_changes_is_made_good_by_the_next(case: Case) -> None:
    whole = case.copy("whole")
    passed = moments(partial(case.work, whole))
    for number, moment in enumerate(passed):
        struck = case.copy(number)
        killed_at(moment, partial(case.work, struck))
        case.work(struck)
        assert contents(finished(struck).lake) == contents(finished(whole).lake), moment


@pytest.mark.parametrize("case", ["layers"], indirect=True)
def test_a_killed_worker_of_spark_is_named_and_the_next_run_goes_on(
    case: Case, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, struck = case.copy("whole"), case.copy("struck")
    case.work(whole)
    with monkeypatch.context() as patch:
        # Workers are started with this environment.
        patch.setitem(spark.sparkContext.environment, crash.VARIABLE, f"silver.{NAME}.after_data")
        with pytest.raises(ServiceError, match="A Python worker of Spark was killed, or memory ran out"):
            case.work(struck)
    case.work(struck)
    assert contents(finished(struck).lake) == contents(finished(whole).lake)

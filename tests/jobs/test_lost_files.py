"""Data files that are gone, and rows that do not come: no step goes on as if nothing were, and all agree after."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from test_rejudging import ADS, METRIC, NAME, arrive, is_computed, rows
from test_restores import follow, make_run

import bronze
import gold
import silver
from lakehouse.errors import LossError
from lakehouse.lake import ledger, restoring
from lakehouse.lake.data_files import DataFile
from lakehouse.spark import tables
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

BRONZE, SILVER, GOLD = TABLES = (f"bronze.{NAME}", f"silver.{NAME}", f"gold.{METRIC.name}")


def path_of(job: Run, name: str, file: DataFile) -> Path:
    return Path(job.lake.address(name).removeprefix("file://"), file.path)


def line_of(job: Run) -> ledger.Balance:
    return next(line for line in ledger.balance(job.lake) if line.dataset == NAME)


@pytest.fixture
def job(spark: SparkSession, tmp_path: Path) -> Run:
    """A run on a lake of its own with two batches of 20 events through all layers."""
    run = make_run(tmp_path / "lake")
    for end in (20, 40):
        follow(run, end)
    return run


def test_a_lost_file_of_bronze_stops_silver_until_it_is_let_go_and_all_layers_agree(job: Run) -> None:
    arrive(job, 20)
    first, _, new = job.standings[BRONZE].files
    for file in (first, new):
        path_of(job, BRONZE, file).unlink()
    before = job.standings[SILVER]
    with pytest.raises(LossError, match=rf"{new.path} \(20 records of {ADS.topic}\) is missing"):
        silver.judge(job, ADS)
    assert job.standings[SILVER] == before
    job.accepts_loss = True
    assert bronze.let_go(job, NAME)
    assert not bronze.let_go(job, NAME)
    assert job.counts[BRONZE]["lost"] == 40
    follow(job, 60)
    assert {position for _, _, position in rows(job)} == set(range(20, 40))
    assert is_computed(job)
    line = line_of(job)
    assert (line.source, line.lost, line.bronze, line.waiting, line.is_closed) == (60, 40, 20, 0, True)
    follow(job, 80)
    assert is_computed(job)
    assert line_of(job).is_closed


@pytest.mark.parametrize("name", [SILVER, GOLD])
def test_a_lost_file_of_what_was_made_is_named_with_how_to_make_it_again(name: str, job: Run, tmp_path: Path) -> None:
    # Another run, which has not read the stored keys yet.
    whole, job = rows(job), make_run(tmp_path / "lake")
    arrive(job, 20)
    file = next(file for file in job.standings[name].files if not file.side)
    path = path_of(job, name, file)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LossError, match=rf"{name} .+ has [\d,]+ bytes .+make restore TABLE={name} VERSION=0`"):
        follow(job, 60)
    restoring.restore(job.lake, restoring.to_version(job.lake, name, 0), job.standings, "undo")
    follow(job, 60)
    assert {key: row["reasons"] for key, row in rows(job).items() if key in whole} == {
        key: row["reasons"] for key, row in whole.items()
    }
    assert len(rows(job)) == 60
    assert is_computed(job)
    assert line_of(job).is_closed


def test_silver_of_fewer_records_than_bronze_has_is_not_committed(job: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(job, 20)
    before, write = job.lake.open(SILVER).version(), tables.write

    def short(*args: Any) -> Sequence[DataFile]:
        first, *others = write(*args)
        return [replace(first, rows=first.rows - 1), *others]

    with monkeypatch.context() as patch:
        patch.setattr(tables, "write", short)
        with pytest.raises(
            LossError, match=rf"{SILVER}: batches 3 to 3 of {BRONZE} have 20 records, but 19 were judged"
        ):
            silver.judge(job, ADS)
    assert job.lake.open(SILVER).version() == before
    silver.judge(job, ADS)
    gold.refresh(job, METRIC)
    assert is_computed(job)

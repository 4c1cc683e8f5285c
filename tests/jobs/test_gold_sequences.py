"""Gold kept up batch by batch equals gold computed anew, whatever happens to silver: appends, replays, restores."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

import gold
from lakehouse.datasets import DATASETS
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake, data_files, schemas
from lakehouse.lake.data_files import DataFile
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakehouse.settings import load
from lakehouse.spark.aggregates import aggregate
from lakehouse.spark.faults import translated
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

Row = dict[str, Any]
VALUES: dict[str, Callable[[Random], Any]] = {
    "product": lambda chance: chance.choice(["Lamp", "Cup", None]),
    "amount": lambda chance: Decimal(chance.randrange(-500, 5000)) / 100,
    "message": lambda chance: chance.choice(["Lamp", "hello"]),
    "likes": lambda chance: chance.randrange(4),
    "status": lambda chance: chance.choice([200, 404, 500]),
    "campaign_id": lambda chance: chance.choice("abc"),
    "clicks": lambda chance: chance.randrange(3),
    "impressions": lambda chance: chance.randrange(2**40),
}


@dataclass
class Sequence:
    """A lake with one metric, of whose silver table any commit can be replayed, restored or added to."""

    job: Run
    metric: Metric
    chance: Random
    past: list[tuple[DataFile, ...]] = field(default_factory=list)

    @property
    def silver(self) -> str:
        return f"silver.{self.metric.dataset}"

    @property
    def gold(self) -> str:
        return f"gold.{self.metric.name}"

    def commit(self, rows: Iterable[Row], keeping: tuple[DataFile, ...], *, is_growth: bool = False) -> None:
        """Let silver consist of the files to keep and one with new rows."""
        name, standing, lake = self.silver, self.job.standings[self.silver], self.job.lake
        table = schemas.tables()[name]
        state = standing.state.next("run")
        batch = pa.RecordBatch.from_pylist(
            [row | {"batch": state.batch} for row in rows], schema=schemas.arrow_schema(table.columns)
        )
        added = [file for file in keeping if file not in standing.files]
        added += data_files.write(lake.files, lake.address(name), table, f"{state.batch:08}", [batch])
        removed = [file for file in standing.files if file not in keeping]
        following = state if is_growth else replace(state, epoch=state.epoch + 1)
        self.job.standings[name] = lake.commit(name, standing, added, following, removed=removed)
        self.past.append(self.job.standings[name].files)

    def row(self) -> Row:
        names = [column.name for column in DATASETS[self.metric.dataset].columns if column.name in VALUES]
        return {"quarantined": self.chance.random() < 0.3} | {name: VALUES[name](self.chance) for name in names}

    def append(self) -> None:
        rows = [self.row() for _ in range(self.chance.randrange(6))]
        self.commit(rows, self.job.standings[self.silver].files, is_growth=True)

    def replay(self) -> None:
        """Judge the quarantined rows again: some are good now."""
        files = self.job.standings[self.silver].files
        rows = [self.row() for file in files if file.side for _ in range(file.rows)]
        self.commit(rows, tuple(file for file in files if not file.side))

    def restore(self) -> None:
        if self.past:
            self.commit([], self.chance.choice(self.past))

    def refresh(self) -> str:
        """Bring gold up to silver as `make gold` does; return by which way."""
        if not gold.is_stale(self.job, self.metric):
            return "nothing"
        way = "merged" if gold.can_merge(self.job, self.metric) else "anew"
        gold.refresh(self.job, self.metric)
        return way

    def is_right(self) -> bool:
        """Return whether the gold table holds what the whole of silver gives."""
        there = self.job.rows_after(self.gold)
        anew = aggregate(self.job.rows_after(self.silver, side=False), self.metric).select(*there.columns)
        return sorted(map(repr, there.collect())) == sorted(map(repr, anew.collect()))


def make_sequence(folder: Path, seed: int, metric: Metric | None = None) -> Sequence:
    chance, settings = Random(seed), load({"LAKEHOUSE_URL": folder.as_uri()})
    metric = metric or chance.choice(list(METRICS.values()))
    lake = Lake.of(settings)
    return Sequence(Run("gold", settings, lake, lake.make_tables()), metric, chance)


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 300), marks=pytest.mark.long)], ids=["4", "296"])
def test_gold_kept_up_is_gold_computed_anew(spark: SparkSession, tmp_path: Path, seeds: range) -> None:
    ways: Counter[str] = Counter()
    for seed in seeds:
        sequence = make_sequence(tmp_path / str(seed), seed)
        steps = (sequence.append, sequence.append, sequence.replay, sequence.restore)
        for step in sequence.chance.choices(steps, k=sequence.chance.randrange(2, 7)):
            step()
            if sequence.chance.random() < 0.6:
                ways[sequence.refresh()] += 1
        ways[sequence.refresh()] += 1
        assert sequence.is_right(), f"seed {seed}"
    assert min(ways["merged"], ways["anew"]) > len(seeds) // 8, ways


def test_a_sum_that_its_column_cannot_hold_names_the_table(
    spark: SparkSession, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sequence = make_sequence(tmp_path, 0, METRICS["campaign_metrics"])
    row = {"quarantined": False, "campaign_id": "a", "clicks": 1, "impressions": 2**63 - 1}
    sequence.commit([row, row], (), is_growth=True)
    with (
        pytest.raises(LakehouseError, match=r"^gold\.campaign_metrics stays as it is.* ARITHMETIC_OVERFLOW"),
        translated(sequence.job.settings, "gold"),
    ):
        sequence.refresh()
    # pyspark writes no trace of its own.
    assert "SparkArithmeticException" not in capfd.readouterr().err

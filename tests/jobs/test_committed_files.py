"""Delta's own reader in Spark reads what was committed through plain files, and by filters that statistics serve."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from inbox_box import LOG, Box, make_box
from pyspark.sql import DataFrame, SparkSession

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, data_files, maintenance, schemas
from lakehouse.lake.state import State

pytestmark = pytest.mark.spark


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A lake with two batches of bronze.logs: three rows, then five."""
    made = make_box(tmp_path)
    for name, records in (("a.log", 3), ("b.log", 5)):
        made.put(f"logs/{name}", LOG * records)
        made.land()
    return made


def delta(spark: SparkSession, lake: Lake, name: str) -> DataFrame:
    return spark.read.format("delta").load(lake.address(name))


@pytest.mark.long
def test_filters_find_the_rows_of_bronze(spark: SparkSession, box: Box) -> None:
    bronze = delta(spark, box.lake, "bronze.logs")
    counts = {"true": 8, "batch > 1": 5, "batch > 2": 0, "position = 2": 2, "source = 'a.log'": 3}
    counts |= {"kafka_timestamp IS NULL": 8, "kafka_timestamp IS NOT NULL": 0}
    assert {where: bronze.where(where).count() for where in counts} == counts


@pytest.mark.long
def test_files_that_a_filter_rules_out_are_not_read(spark: SparkSession, box: Box) -> None:
    (first,) = box.folder.glob("bronze/logs/00000001-*.parquet")
    first.unlink()
    assert delta(spark, box.lake, "bronze.logs").where("batch > 1").count() == 5


@pytest.mark.long
def test_filters_find_the_rows_of_the_ledger_to_the_microsecond(spark: SparkSession, box: Box) -> None:
    ledger: DataFrame = delta(spark, box.lake, "ledger.files")
    assert ledger.where("status = 'landed'").count() == 2
    for row in box.ledger():
        at = row["seen_at"]
        found = ledger.where(f"seen_at = timestamp '{at.isoformat()}'").select("name").first()
        assert found is not None
        assert found.name == row["name"]
        later = (at + timedelta(microseconds=1)).isoformat()
        assert ledger.where(f"seen_at >= timestamp '{later}' AND name = '{row['name']}'").count() == 0


def test_sides_compaction_and_replacement_are_what_delta_reads(spark: SparkSession, box: Box) -> None:
    lake, silver = box.lake, schemas.silver(DATASETS["logs"])
    standing = lake.standing(silver.name)
    for number in (1, 2, 3):
        rows = [{"quarantined": n == 0, "batch": number, "position": n} for n in range(4)]
        batch = pa.RecordBatch.from_pylist(rows, schema=schemas.arrow_schema(silver.columns))
        added = list(data_files.write(lake.files, lake.address(silver.name), silver, f"{number}", [batch]))
        standing = lake.commit(silver.name, standing, added, State(batch=number))
    standing = maintenance.compact(lake, silver.name, standing, maintenance.together(standing.files))
    assert len(standing.files) == 2
    read: DataFrame = delta(spark, lake, silver.name)
    assert read.where("quarantined").count() == 3
    assert read.where("batch > 1 AND NOT quarantined").agg({"position": "sum"}).collect() == [(12,)]
    lake.commit(silver.name, standing, [], State(batch=4), removed=standing.files[1:])
    assert delta(spark, lake, silver.name).count() == standing.files[0].rows

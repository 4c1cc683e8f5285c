"""Spark's shell knows the tables by the same names as `make sql`, with the same rows."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import spark_names
from lakehouse.lake import Lake, relations
from lakehouse.query import sql as adhoc

pytestmark = pytest.mark.spark


@pytest.fixture
def shell(spark: SparkSession, sample_lake: str) -> Iterator[SparkSession]:
    """A session that has run the script, as `spark-sql -i` does."""
    for statement in spark_names.script(Lake(sample_lake)).split(";\n"):
        if statement.strip():
            spark.sql(statement)
    yield spark
    for layer in {view.layer for view in relations.views().values()}:
        spark.sql(f"DROP DATABASE {layer} CASCADE")
    warehouse = Path(str(spark.conf.get("spark.sql.warehouse.dir")).removeprefix("file:"))
    if warehouse.name == "spark-warehouse" and not any(warehouse.iterdir()):
        warehouse.rmdir()


@pytest.mark.long
def test_each_name_has_the_rows_and_columns_that_make_sql_gives(shell: SparkSession, sample_lake: str) -> None:
    for name in ("gold.status_code_counts", "silver.logs", "quarantine.logs", "bronze.logs", "ledger.files"):
        view = relations.views()[name]
        columns = [column.name for column in view.columns]
        assert shell.table(name).columns == columns, name
        found = shell.sql(f"SELECT count(*) AS n FROM {name}").first()
        assert found is not None
        counted = adhoc.run(Lake(sample_lake), f"SELECT count(*) AS n FROM {name}").read_all()
        assert found.n == counted["n"][0].as_py(), name


def test_a_table_that_is_not_built_is_left_out(sample_lake: str, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/lake"
    source = Path(Lake(sample_lake).address("gold.campaign_metrics").removeprefix("file://"))
    shutil.copytree(source, Path(Lake(url).address("gold.campaign_metrics").removeprefix("file://")))
    script = spark_names.script(Lake(url))
    assert "VIEW gold.campaign_metrics" in script
    assert script.count("CREATE OR REPLACE VIEW") == 1
    assert "silver" not in script

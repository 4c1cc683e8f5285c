"""The sample lake agrees with itself, so that a test on it can trust every number."""

import json
from pathlib import Path

import pytest
from sample_lake import build, records

from lakehouse import catalogue, lake, ledger, settings
from lakehouse.datasets import DATASETS
from lakehouse.frames import query, rows_by_partition
from lakehouse.metrics import METRICS

AGAIN = {
    "total_sales_per_product": "select product, cast(sum(amount) as decimal(38,2)) from s"
    " where not quarantined group by 1",
    "status_code_counts": "select status, count(*) from s where not quarantined group by 1",
    "avg_likes_per_product": "select coalesce(product, substr(message, 1, 200)), avg(likes) from s"
    " where not quarantined group by 1",
    "campaign_metrics": "select campaign_id, sum(clicks), sum(impressions) from s where not quarantined group by 1",
}


@pytest.mark.parametrize("name", METRICS)
def test_gold_is_the_metric_over_the_silver_version_that_its_commit_names(sample_lake: str, name: str) -> None:
    gold = lake.open_table(sample_lake, f"gold.{name}")
    stamp = json.loads(gold.history(1)[0]["userMetadata"])
    silver = lake.open_table(sample_lake, f"silver.{METRICS[name].dataset}", stamp["silver_version"])
    held = {row[0]: row[1:] for row in query("select * from g", g=gold).itertuples(index=False, name=None)}
    again = {row[0]: row[1:] for row in query(AGAIN[name], s=silver).itertuples(index=False, name=None)}
    assert held == again


@pytest.mark.parametrize("name", DATASETS)
def test_every_bronze_row_is_in_silver_once_with_good_and_bad_ones(sample_lake: str, name: str) -> None:
    bronze = lake.open_table(sample_lake, f"bronze.{name}")
    silver = lake.open_table(sample_lake, f"silver.{name}")
    identities = "select distinct source, source_id, position from t"
    assert len(query(identities, t=bronze)) == len(query(identities, t=silver)) == 300
    assert rows_by_partition(silver) == {False: 275, True: 25}


def test_the_balance_sheet_closes(sample_lake: str) -> None:
    lines = ledger.check(settings.load({"LAKEHOUSE_URL": sample_lake}), with_silver=True)
    assert {line.dataset: (line.from_files, line.offsets) for line in lines} == {
        "transactions": (240, 60),
        "logs": (300, 0),
        "social_data": (300, 0),
        "ad_campaigns": (0, 300),
    }


def test_records_are_the_same_every_time() -> None:
    assert [records(name, 20) for name in DATASETS] == [records(name, 20) for name in DATASETS]


@pytest.mark.parametrize("url", ["hdfs://127.0.0.1:1/lake", "{folder}/lake", "lake"])
def test_checkpoints_anywhere_but_on_the_local_disk_are_refused_before_anything_is_written(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"is no file:// URL"):
        build(url.format(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_without_checkpoints_only_what_came_by_topics_is_not_counted(tmp_path: Path) -> None:
    build(tmp_path.as_uri(), 20, with_checkpoints=False)
    lines = ledger.balance(settings.load({"LAKEHOUSE_URL": tmp_path.as_uri()}))
    assert {line.dataset: (line.from_files, line.offsets) for line in lines} == {
        "transactions": (16, 0),
        "logs": (20, 0),
        "social_data": (20, 0),
        "ad_campaigns": (0, 0),
    }


def test_every_table_of_the_catalogue_exists_and_gold_began_empty(sample_lake: str) -> None:
    for name in catalogue.tables():
        lake.open_table(sample_lake, name)
    assert lake.open_table(sample_lake, "gold.status_code_counts").version() == 1
    assert rows_by_partition(lake.open_table(sample_lake, "gold.status_code_counts", 0)) == {}

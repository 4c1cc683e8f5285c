"""The sample lake agrees with itself, so that a test on it can trust every number."""

import pytest
from sample_lake import FILES, records

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, ledger, scan, schemas
from lakehouse.lake.scan import rows_by_partition
from lakehouse.metrics import METRICS
from lakehouse.query import questions


@pytest.mark.parametrize("name", METRICS)
def test_gold_is_the_metric_over_the_silver_version_that_its_commit_names(sample_lake: str, name: str) -> None:
    gold = Lake(sample_lake).open(f"gold.{name}")
    state = Lake(sample_lake).standing(f"gold.{name}").state
    assert state.source is not None
    assert state.code == METRICS[name].code
    silver = Lake(sample_lake).open(f"silver.{METRICS[name].dataset}", state.source.version)
    assert state.source.id == str(silver.metadata().id)
    held = scan.read(gold, [column.name for column in METRICS[name].columns]).to_pylist()
    again = questions.answer(silver, METRICS[name], questions.Question()).to_pylist()
    assert sorted(held, key=repr) == sorted(again, key=repr)
    assert len(held) > 1


@pytest.mark.parametrize("name", DATASETS)
def test_every_bronze_row_is_in_silver_once_with_good_and_bad_ones(sample_lake: str, name: str) -> None:
    bronze = Lake(sample_lake).open(f"bronze.{name}")
    silver = Lake(sample_lake).open(f"silver.{name}")
    identities = "select distinct source, source_id, position from t"
    assert len(scan.query(identities, t=bronze)) == len(scan.query(identities, t=silver)) == 300
    assert rows_by_partition(silver) == {False: 275, True: 25}


def test_the_balance_sheet_closes(sample_lake: str) -> None:
    lines = ledger.balance(Lake(sample_lake))
    assert all(line.is_closed and not line.waiting for line in lines)
    assert {line.dataset: (line.from_files, line.offsets) for line in lines} == {
        name: (of_ten * 30, 300 - of_ten * 30) for name, (_, of_ten) in FILES.items()
    }


def test_records_are_the_same_every_time() -> None:
    assert [records(name, 20) for name in DATASETS] == [records(name, 20) for name in DATASETS]


@pytest.mark.parametrize("name", DATASETS)
def test_every_table_stands_where_its_rows_do(sample_lake: str, name: str) -> None:
    lake = Lake(sample_lake)
    for layer in ("bronze", "silver"):
        batches = scan.query("select max(batch) as last from t", t=lake.open(f"{layer}.{name}"))
        assert lake.standing(f"{layer}.{name}").state.batch == batches["last"][0].as_py()
    bronze = lake.standing(f"bronze.{name}")
    assert lake.standing(f"silver.{name}").state.source == bronze.as_source()


def test_every_table_of_the_catalogue_exists_and_gold_began_empty(sample_lake: str) -> None:
    for name in schemas.tables():
        Lake(sample_lake).open(name)
    assert Lake(sample_lake).open("gold.status_code_counts").version() == 1
    assert rows_by_partition(Lake(sample_lake).open("gold.status_code_counts", 0)) == {}

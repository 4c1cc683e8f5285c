"""A dataset that evolves: silver gets columns from fields that nobody declared, at once or from what was kept."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from shop import NAME, SHOP, a_run, arrive

import silver
import what_if
from lakehouse.datasets import DATASETS
from lakehouse.lake import log, scan
from lakehouse.model import Column, Dataset, Field
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

SILVER = f"silver.{NAME}"
EVOLVING = replace(SHOP, drift="evolve")


def declare(monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> Dataset:
    monkeypatch.setitem(DATASETS, NAME, dataset)
    return dataset


def judged(job: Run, *names: str) -> dict[int, Any]:
    """Return of each record by its position its reasons, or the values of columns where it is good."""
    rows = scan.read(job.lake.open(SILVER)).to_pylist()
    return {row["position"]: row["reasons"] or tuple(row[name] for name in names) for row in rows}


def test_new_fields_get_columns_with_the_batch_that_brings_them(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="lakehouse")
    dataset = declare(monkeypatch, EVOLVING)
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "likes": 1})
    silver.judge(job, dataset)
    # Words of SQL, names that silver has itself, values of all kinds, and a control character which is no fault here.
    arrive(
        job, {"id": "b", "order": "\u0001x"}, {"id": "c", "source": {"a": [1]}, "Loyalty card": 1.50}, {"id": 7, "x": 1}
    )
    caplog.clear()
    silver.judge(job, dataset)
    names = ("id", "likes", "order", "source_field", "loyalty_card")
    assert judged(job, *names) == {
        0: ("a", 1, None, None, None),
        1: ("b", None, "\u0001x", None, None),
        2: ("c", None, None, '{"a": [1]}', "1.5"),
        3: ("7", None, None, None, None),
    }
    told = [message for message in caplog.messages if message.startswith(("silver  shop   ", "drift"))]
    assert [line.split("  ")[-1].strip() for line in told if "new column" in line] == [
        "new column loyalty_card, of the field Loyalty card",
        "new column order, of the field order",
        "new column source_field, of the field source",
        "new column x, of the field x",
    ]
    assert len([line for line in told if "is not declared" in line]) == 4
    # The next run knows them by the table; a record that comes again is still the same one.
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "likes": 1}, {"id": "d", "order": "2"}, {"id": "b", "order": "\u0001x"}, {"id": "c"})
    caplog.clear()
    silver.judge(job, dataset)
    assert {n: row for n, row in judged(job, *names).items() if n > 3} == {
        4: ["duplicate"],
        5: ("d", None, "2", None, None),
        6: ["duplicate"],
        7: ["conflict"],
    }
    assert not [message for message in caplog.messages if "new column" in message or message.startswith("drift")]
    assert len(job.state(SILVER).rules) == 1


def test_what_was_kept_comes_in_by_what_if_without_new_input(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, SHOP)
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "likes": 1, "lang": "de"}, {"id": "b", "likes": "x", "lang": "fr"})
    silver.judge(job, SHOP)
    dataset = declare(monkeypatch, EVOLVING)
    job = a_run(spark, tmp_path)
    version = job.standings[SILVER].version
    what_if.ask(job, dataset)
    assert job.lake.open(SILVER).version() == version
    assert "lang" not in [field.name for field in job.lake.open(SILVER).schema().fields]
    job = a_run(spark, tmp_path)
    what_if.ask(job, dataset, publish=True)
    assert judged(job, "id", "lang") == {0: ("a", "de"), 1: ["number_format"]}


def test_a_run_that_is_cut_between_the_columns_and_the_rows_is_made_good_by_the_next(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = declare(monkeypatch, EVOLVING)
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "lang": "de"})
    with monkeypatch.context() as patched:
        patched.setattr(log, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            silver.judge(job, dataset)
    assert "lang" in [field.name for field in job.lake.open(SILVER).schema().fields]
    assert judged(job) == {}
    job = a_run(spark, tmp_path)
    silver.judge(job, dataset)
    assert judged(job, "id", "lang") == {0: ("a", "de")}
    assert json.loads(json.dumps(job.counts[SILVER]))["drift"][0]["field"] == "lang"


def interrupted(*_: object, **__: object) -> bool:
    raise KeyboardInterrupt


def test_a_column_stays_whatever_the_dataset_says_later(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, EVOLVING)
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "lang": "1"})
    silver.judge(job, EVOLVING)
    number = Field("lang", Column("language", "int"), required=False)
    dataset = declare(monkeypatch, replace(SHOP, fields=(*SHOP.fields, number)))
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "b", "lang": 2, "more": 3})
    silver.judge(job, dataset)
    assert judged(job, "id", "lang", "language") == {0: ("a", "1", None), 1: ("b", "2", 2)}
    assert "more" not in [field.name for field in job.lake.open(SILVER).schema().fields]

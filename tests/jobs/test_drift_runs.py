"""Fields that come, go and change while silver is brought up to date, as a run tells them."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from shop import NAME, SHOP, a_run, arrive

import replay
import silver
import what_if
from lakehouse.datasets import DATASETS
from lakehouse.judging import drift
from lakehouse.lake import scan
from lakehouse.model import Column, Field
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark


def test_a_run_tells_what_is_new_missing_and_changed_once(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(DATASETS, NAME, SHOP)
    caplog.set_level(logging.INFO, logger="lakehouse")
    steps: list[tuple[list[object], list[str]]] = [
        ([{"id": f"a{n}", "likes": n} for n in range(150)], []),
        (
            [{"id": "b0", "likes": "1", "\x1b[31mmore": {"a": 1}}, {"id": "b1", "likes": 2}],
            [
                "has a field that is not declared: \\x1b[31mmore (object). An example is shop_topic 150",
                "has likes as string; it was number. An example is shop_topic 150",
            ],
        ),
        ([{"id": f"c{n}"} for n in range(150)], ["has no likes any more; it was number, string. An example is"]),
        ([{"id": f"d{n}", "\x1b[31mmore": {}} for n in range(150)], []),
    ]
    for records, expected in steps:
        job = a_run(spark, tmp_path)
        arrive(job, *records)
        caplog.clear()
        silver.judge(job, SHOP)
        told = [message for message in caplog.messages if message.startswith("drift")]
        assert len(told) == len(expected)
        for line, words in zip(told, expected, strict=True):
            assert line.startswith(f"drift   {NAME}")
            assert words in line
        kept = job.counts[f"silver.{NAME}"].get("drift", [])
        assert [change["field"] for change in kept] == [("likes", "\x1b[31mmore")["declared" in w] for w in expected]
        assert json.loads(json.dumps(job.counts))
    assert job.lake.standing(f"silver.{NAME}").state.seen == {
        "id": ("string",),
        "likes": ("number", "string", "missing"),
        "\x1b[31mmore": ("object",),
    }


def test_steps_of_one_run_see_each_their_own(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, NAME, SHOP)
    job = a_run(spark, tmp_path)
    for records in ([{"id": "a", "x": 1}], [{"id": "b", "y": 1}] * 2, [{"id": "c", "x": 1}]):
        arrive(job, *records)
        silver.judge(job, SHOP)
    told = [(change["field"], change["example"]) for change in job.counts[f"silver.{NAME}"]["drift"]]
    assert told == [("x", (SHOP.topic, "0", 0)), ("y", (SHOP.topic, "0", 1))]


LANG = Field("lang", Column("lang", "string"), required=False)


def judged(job: Run) -> dict[int, tuple[Any, ...]]:
    """Return of each record by its position the values of its fields, and its reasons."""
    found = scan.read(job.lake.open(f"silver.{NAME}")).to_pylist()
    return {row["position"]: (row["id"], row["likes"], row.get("lang"), row["reasons"]) for row in found}


def test_a_field_that_is_declared_later_comes_to_silver_from_what_was_kept(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, NAME, SHOP)
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "likes": 1, "lang": "de"}, {"id": "b", "likes": 2})
    silver.judge(job, SHOP)
    wider = replace(SHOP, fields=(*SHOP.fields, LANG))
    monkeypatch.setitem(DATASETS, NAME, wider)
    job = a_run(spark, tmp_path)
    # What is stored without the column is what comes again without the field.
    arrive(job, {"id": "b", "likes": 2}, {"id": "c", "likes": 3, "lang": "fr"})
    silver.judge(job, wider)
    again = (None, None, None, ["duplicate"])
    expected = {0: ("a", 1, None, None), 1: ("b", 2, None, None), 2: again, 3: ("c", 3, "fr", None)}
    assert judged(job) == expected
    assert drift.undeclared(wider, job.state(f"silver.{NAME}").seen) == {}
    what_if.ask(job, wider, publish=True)
    assert judged(job) == {**expected, 0: ("a", 1, "de", None)}


def test_what_was_frozen_comes_back_by_a_replay_once_its_field_is_declared(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = replace(SHOP, drift="freeze")
    monkeypatch.setitem(DATASETS, NAME, frozen)
    job = a_run(spark, tmp_path)
    arrive(job, {"id": "a", "likes": 1, "lang": "de"}, {"id": "b", "likes": 2})
    silver.judge(job, frozen)
    assert judged(job) == {0: (None, None, None, ["unknown_field"]), 1: ("b", 2, None, None)}
    assert [change["field"] for change in job.counts[f"silver.{NAME}"]["drift"]] == ["lang"]
    declared = replace(frozen, fields=(*SHOP.fields, LANG))
    monkeypatch.setitem(DATASETS, NAME, declared)
    job = a_run(spark, tmp_path)
    replay.replay(job, declared, "unknown_field")
    assert judged(job) == {0: ("a", 1, "de", None), 1: ("b", 2, None, None)}

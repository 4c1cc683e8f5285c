"""Records judged again under other rules: what is foretold is what happens, and once is as good as twice."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

import gold
import replay
import silver
import what_if
from lakehouse.datasets import DATASETS
from lakehouse.judging.version import rules_version
from lakehouse.lake import Lake, data_files, scan, schemas
from lakehouse.metrics import METRICS
from lakehouse.model import Dataset, Rule
from lakehouse.settings import load
from lakehouse.spark import rejudging
from lakehouse.spark.aggregates import aggregate
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

NAME = "ad_campaigns"
ADS, METRIC = DATASETS[NAME], METRICS["campaign_metrics"]
NOW = datetime(2025, 6, 1, tzinfo=UTC)
RECORD = ("source", "source_id", "position")
Row = dict[str, Any]


def event(chance: Random) -> bytes:
    clicks, impressions = chance.randrange(-1, 9), chance.randrange(10)
    ctr = clicks / impressions if impressions and chance.random() < 0.8 else 0.5
    days = chance.sample(range(10, 29), 2)
    return json.dumps(
        {
            "event_id": f"E{chance.randrange(90)}",
            "campaign_id": chance.choice("abcde"),
            "start_date": f"2025-01-{days[0]}",
            "end_date": f"2025-01-{days[1]}",
            "budget": chance.randrange(-200, 2000) / 100,
            "clicks": clicks,
            "impressions": impressions,
            "ctr": round(ctr, 4),
        }
    ).encode()


def arrive(job: Run, records: int) -> None:
    """Let a batch of events come to bronze, with its offsets; the one at an offset is always the same."""
    name, table = f"bronze.{NAME}", schemas.bronze(ADS)
    start = job.state(name).offsets.get("0", (0, 0))[1]
    state = job.state(name).next("run", topic_id="t", offsets={"0": (0, start + records)})
    common: Row = {"batch": state.batch, "source": ADS.topic, "source_id": "0", "format": "json", "is_cut": False}
    common |= {"kafka_timestamp": NOW, "ingested_at": NOW, "run_id": "run"}
    made = [(n, event(Random(n))) for n in range(start, start + records)]
    rows = [common | {"position": n, "raw": raw, "size": len(raw)} for n, raw in made]
    batch = pa.RecordBatch.from_pylist(rows, schema=schemas.arrow_schema(table.columns))
    job.commit(name, list(data_files.write(job.lake.files, job.lake.address(name), table, "x", [batch])), state)


def make_run(folder: Path) -> Run:
    """Return a run on the lake in a folder, as one that starts now."""
    lake = Lake(folder.as_uri())
    return Run("what-if", load({"LAKEHOUSE_URL": lake.url}), lake, lake.make_tables())


@pytest.fixture(scope="module")
def judged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with three judged batches and their metric, which each test copies."""
    run = make_run(folder := tmp_path_factory.mktemp("judged"))
    for records in (150, 5, 60):
        arrive(run, records)
        silver.judge(run, ADS)
    gold.refresh(run, METRIC)
    return folder


@pytest.fixture
def job(judged: Path, tmp_path: Path) -> Run:
    return make_run(shutil.copytree(judged, tmp_path / "lake"))


def edited(chance: Random) -> Dataset:
    """Return the dataset with some of its rules, and some others."""
    limit = chance.randrange(2, 9)
    others = [
        Rule("too_many_clicks", f"clicks > {limit}"),
        Rule("cheap", f"budget < {limit}"),
        Rule("negative", "ctr < 0"),
    ]
    rules = [rule for rule in ADS.rules if chance.random() < 0.6] + [rule for rule in others if chance.random() < 0.4]
    derived = (("clicks", "GREATEST(clicks, 0)"),) if chance.random() < 0.5 else ()
    return replace(ADS, rules=tuple(rules), derived=derived)


def rows(job: Run) -> dict[tuple[Any, ...], Row]:
    """Return all of silver by who a record is, without when and by whom it was judged."""
    passing = ("batch", "run_id", "rules_version")
    found = scan.read(job.lake.open(f"silver.{NAME}")).drop_columns(passing).to_pylist()
    by_record = {tuple(row[name] for name in RECORD): row for row in found}
    assert len(by_record) == len(found)
    return by_record


def numbers(job: Run) -> dict[str, tuple[int, int]]:
    found = scan.read(job.lake.open(f"gold.{METRIC.name}")).to_pylist()
    return {row["campaign_id"]: (row["total_clicks"], row["total_impressions"]) for row in found}


def flows(before: dict[tuple[Any, ...], Row], after: dict[tuple[Any, ...], Row]) -> Counter[tuple[Any, Any]]:
    """Return how many records went from which reasons to which, of those that changed."""
    assert before.keys() == after.keys()
    changed = [(before[key], after[key]) for key in before if before[key] != after[key]]
    return Counter((tuple(old["reasons"] or ()), tuple(new["reasons"] or ())) for old, new in changed)


def is_computed(job: Run) -> bool:
    """Return whether gold is what the whole of silver gives."""
    there = job.rows_after(f"gold.{METRIC.name}")
    anew = aggregate(job.rows_after(f"silver.{NAME}", side=False), METRIC).select(*there.columns)
    return sorted(map(repr, there.collect())) == sorted(map(repr, anew.collect()))


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 15), marks=pytest.mark.long)], ids=["1", "14"])
def test_what_is_foretold_is_what_happens(job: Run, seeds: range) -> None:
    for seed in seeds:
        dataset, before, old = edited(Random(seed)), rows(job), numbers(job)
        versions = {name: standing.version for name, standing in job.standings.items()}
        both = [rejudging.silver_side(job, dataset, quarantined=side) for side in (False, True)]
        with rejudging.judged_again(job, dataset, both[0].unionByName(both[1]), (), all_of_it=True) as verdict:
            foretold = Counter({(move.before, move.after): move.records for move in rejudging.moves(verdict)})
            count, groups = rejudging.changed_groups(verdict, METRIC)
        what_if.ask(job, dataset)
        assert {name: standing.version for name, standing in job.standings.items()} == versions
        what_if.ask(job, dataset, publish=True)
        new = numbers(job)
        assert flows(before, rows(job)) == foretold
        changed = {key: (old.get(key), new.get(key)) for key in old | new if old.get(key) != new.get(key)}
        assert count == len(changed)
        told = {g["campaign_id"]: tuple(zip(g["total_clicks"], g["total_impressions"], strict=True)) for g in groups}
        assert told == {key: tuple(pair or (None, None) for pair in pairs) for key, pairs in changed.items()}
        assert is_computed(job)
        assert job.state(f"silver.{NAME}").rules == {rules_version(dataset): 215}


def test_a_replay_moves_what_passes_and_a_second_one_nothing(job: Run) -> None:
    before, lenient = rows(job), replace(ADS, rules=tuple(r for r in ADS.rules if r.name != "end_before_start"))
    version = job.standings[f"silver.{NAME}"].version
    replay.replay(job, lenient, "end_before_start", dry_run=True)
    assert job.standings[f"silver.{NAME}"].version == version
    replay.replay(job, lenient, "end_before_start")
    once = rows(job)
    for old, new in ((before[key], once[key]) for key in before):
        if "end_before_start" not in (old["reasons"] or ()):
            assert new == old
        else:
            left = tuple(name for name in old["reasons"] if name != "end_before_start")
            assert tuple(new["reasons"] or ()) in ({left} if left else {(), ("duplicate",), ("conflict",)})
    assert any(old["quarantined"] and not once[key]["quarantined"] for key, old in before.items())
    keys = [row["event_id"] for row in once.values() if not row["quarantined"]]
    assert len(keys) == len(set(keys))
    assert gold.is_stale(job, METRIC)
    gold.refresh(job, METRIC)
    assert is_computed(job)
    standing = job.standings[f"silver.{NAME}"]
    replay.replay(job, lenient, "end_before_start")
    assert job.standings[f"silver.{NAME}"] == standing
    # The next batch goes on from there.
    arrive(job, 40)
    silver.judge(job, lenient)
    gold.refresh(job, METRIC)
    assert is_computed(job)
    assert len(rows(job)) == 255


def test_rows_of_other_rules_are_counted_until_they_are_judged_again(
    job: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        caplog.clear()
        with caplog.at_level("INFO", "lakehouse"):
            silver.tell_older_rules(job)
        return [record.getMessage() for record in caplog.records]

    assert told() == []
    other = replace(ADS, rules=ADS.rules[1:])
    monkeypatch.setitem(DATASETS, NAME, other)
    assert len(told()) == 1
    assert "215 rows" in told()[0]
    quarantined = sum(row["quarantined"] for row in rows(job).values())
    replay.replay(job, other)
    assert f"{215 - quarantined} rows" in told()[0]
    what_if.ask(job, other, publish=True)
    assert told() == []

"""Records and numbers lead to each other: what a passport says is what the tables hold, both ways."""

from collections import Counter
from random import Random
from typing import Any

import pytest

import passport as command
import quarantine
import runs
from lakehouse.datasets import DATASETS
from lakehouse.errors import NoSuchRecordError
from lakehouse.lake import Lake, scan
from lakehouse.lake.passport import PAGE, Name, members, passport
from lakehouse.metrics import METRICS

RECORD = ("source", "source_id", "position")
Row = dict[str, Any]


def rows(url: str, table: str) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[n] for n in RECORD): row for row in scan.read(Lake(url).open(table)).to_pylist()}


@pytest.mark.parametrize("records", [40, pytest.param(1_000, marks=pytest.mark.long)])
def test_a_passport_is_what_the_tables_hold(records: int, sample_lake: str) -> None:
    lake = Lake(sample_lake)
    silver, bronze = ({d: rows(sample_lake, f"{layer}.{d}") for d in DATASETS} for layer in ("silver", "bronze"))
    gold = {m: scan.read(lake.open(f"gold.{m}")).to_pylist() for m in METRICS}
    everyone = [(dataset, name) for dataset, found in bronze.items() for name in found]
    for dataset, name in Random(1).sample(everyone, records):
        found = passport(lake, Name(*name))
        assert (found["dataset"], found["bronze"], found["silver"]) == (
            dataset,
            bronze[dataset][name],
            silver[dataset][name],
        )
        assert (found["file"] or {"sha256": "0"})["sha256"] == name[1]
        assert found["run"]["run_id"] == found["silver"]["run_id"]
        assert list(found["reasons"]) == list(found["silver"]["reasons"] or [])
        assert bool(found["gold"]) != found["silver"]["quarantined"]
        for metric, row in found["gold"].items():
            assert row in [{c.name: g[c.name] for c in METRICS[metric].columns} for g in gold[metric]]


@pytest.mark.parametrize("name", METRICS)
def test_the_records_of_all_groups_are_all_good_records_once(name: str, sample_lake: str) -> None:
    lake, metric = Lake(sample_lake), METRICS[name]
    good = {key for key, row in rows(sample_lake, f"silver.{metric.dataset}").items() if not row["quarantined"]}
    counted: Counter[tuple[Any, ...]] = Counter()
    for row in scan.read(lake.open(f"gold.{name}")).to_pylist():
        for page in range(1, 5):
            found = members(lake, metric, str(row[metric.key.name]), page)
            counted.update(tuple(member[n] for n in RECORD) for member in found)
            if len(found) < PAGE:
                break
    assert counted == dict.fromkeys(good, 1)


def test_a_member_counts_in_its_group(sample_lake: str) -> None:
    lake, metric = Lake(sample_lake), METRICS["avg_likes_per_product"]
    for row in scan.read(lake.open(f"gold.{metric.name}")).to_pylist()[:5]:
        member = members(lake, metric, row["contenu"], 1)[0]
        assert passport(lake, Name(**member))["gold"][metric.name]["contenu"] == row["contenu"]


HOSTILE = ["x' OR '1'='1", "'; DROP TABLE t; --", "a\\' OR true --", "\x00", "é\u202e"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_caller_writes_is_a_value_and_never_sql(text: str, sample_lake: str) -> None:
    lake = Lake(sample_lake)
    topic = DATASETS["ad_campaigns"].topic
    for name in (Name(text, "0", 0), Name(topic, text, 0)):
        with pytest.raises(NoSuchRecordError):
            passport(lake, name)
    with pytest.raises(NoSuchRecordError):
        members(lake, METRICS["total_sales_per_product"], text, 1)


def test_the_commands_tell_it(
    sample_lake: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAKEHOUSE_URL", sample_lake)
    assert command.main(["group", "total_sales_per_product", "Lamp S"]) == 0
    source, source_id, position = capsys.readouterr().out.splitlines()[0].rsplit(" ", 2)
    assert command.main(["record", source, source_id, position]) == 0
    told = capsys.readouterr().out
    assert "silver  good" in told
    assert "total_sales_per_product: produit Lamp S" in told
    assert command.main(["record", source, source_id, "999999"]) == 2
    assert "holds no record 999999" in capsys.readouterr().err
    assert runs.main(["--limit", "2"]) == 0
    assert capsys.readouterr().out.count("run-000") == 2
    assert quarantine.main(["logs", "--reason", "dates"]) == 0
    assert "none of them for the reason dates; there are " in capsys.readouterr().out


@pytest.mark.parametrize("number", ["0", "-1", "9" * 23, "1.5", "٣", ""])
def test_a_number_that_cannot_count_anything_is_refused_by_its_name(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for main, name, words in (
        (runs.main, "--limit", [f"--limit={number}"]),
        (command.main, "--page", ["group", f"--page={number}", "total_sales_per_product", "Lamp S"]),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(words)
        assert f"argument {name}: {number!r} is not a whole number from 1 on" in capsys.readouterr().err

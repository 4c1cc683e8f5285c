"""The balance sheet: it closes on a whole lake and says so where a record is missing or there twice."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sample_lake as maker
from inbox_box import Inbox

from lakehouse import catalogue, lake, ledger, paths
from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError, NotBuiltError
from lakehouse.ledger import Balance
from lakehouse.settings import Settings, load

NOW = datetime(2025, 1, 3, tzinfo=UTC)
CLOSED = Balance("logs", from_files=8, offsets=5, gaps=1, bronze=12, silver=10, quarantined=2, reasons={"ip": 2})


def settings_of(url: str) -> Settings:
    return load({"LAKEHOUSE_URL": url})


@pytest.fixture
def own_lake(tmp_path: Path) -> Settings:
    """Settings of a sample lake that a test may change."""
    url = (tmp_path / "lake").as_uri()
    maker.build(url, 30)
    return settings_of(url)


def test_the_sheet_of_a_whole_lake_closes(sample_lake: str) -> None:
    lines = {line.dataset: line for line in ledger.check(settings_of(sample_lake), with_silver=True)}
    assert list(lines) == list(DATASETS)
    for name, line in lines.items():
        bad = [r for r in maker.records(name, 300) if r.reasons]
        assert line.is_closed
        assert (line.source, line.bronze, line.quarantined) == (300, 300, len(bad))
        assert line.silver == 300 - len(bad)
        assert sum(line.reasons.values()) == len(bad)
    files = {name: of_ten for name, (_, of_ten) in maker.FILES.items()}
    assert {name: line.from_files for name, line in lines.items()} == {n: 30 * k for n, k in files.items()}
    assert {name: line.offsets for name, line in lines.items()} == {n: 30 * (10 - k) for n, k in files.items()}
    assert all(line.gaps == 0 for line in lines.values())


def test_the_sheet_of_an_empty_lake_closes(box: Inbox) -> None:
    for line in ledger.check(box.settings, with_silver=True):
        assert line == Balance(line.dataset, 0, 0, 0, 0, 0, 0, {})


def test_a_lake_that_was_never_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="make pipeline"):
        ledger.balance(settings_of(f"file://{tmp_path}/lake"))


def add(settings: Settings, table: str, **row: object) -> None:
    lake.append(settings.lake, catalogue.tables()[table], [row])


def test_a_bronze_row_too_many_is_told(own_lake: Settings) -> None:
    add(own_lake, "bronze.logs", source="access.log", raw=b"", ingested_at=NOW)
    with pytest.raises(IntegrityError, match=r"logs: 30 records came in, but bronze holds 31\."):
        ledger.check(own_lake, with_silver=False)


def test_a_record_of_a_topic_too_many_is_told(own_lake: Settings) -> None:
    add(own_lake, "bronze.ad_campaigns", source="ad_campaigns_topic", raw=b"", kafka_timestamp=NOW, ingested_at=NOW)
    line = next(line for line in ledger.balance(own_lake) if line.dataset == "ad_campaigns")
    assert (line.gaps, line.is_closed) == (-1, False)
    with pytest.raises(IntegrityError, match=r"ad_campaigns: 31 records came in, but bronze holds 31"):
        ledger.check(own_lake, with_silver=False)


def test_a_file_that_never_came_to_bronze_is_told(own_lake: Settings) -> None:
    add(own_lake, "ledger.files", dataset="social_data", name="more.json", records=7, status="landed")
    with pytest.raises(IntegrityError, match=r"social_data: 37 records came in, but bronze holds 30\."):
        ledger.check(own_lake, with_silver=False)


@pytest.mark.parametrize("status", ["duplicate", "rejected"])
def test_a_file_that_was_not_landed_counts_nothing(own_lake: Settings, status: str) -> None:
    add(own_lake, "ledger.files", dataset="social_data", name="more.json", records=7, status=status)
    assert all(line.is_closed for line in ledger.check(own_lake, with_silver=True))


@pytest.mark.parametrize("quarantined", [False, True])
def test_a_silver_row_too_many_is_told_where_silver_is_asked_for(own_lake: Settings, quarantined: bool) -> None:
    data = maker.pa.Table.from_pylist(
        [{"quarantined": quarantined, "reasons": ["ip"] if quarantined else None}],
        schema=maker.pa.schema(lake.schema(catalogue.silver(DATASETS["logs"]).columns).to_arrow()),
    )
    maker.write_deltalake(paths.table(own_lake.lake, "silver.logs"), data, mode="append", partition_by=["quarantined"])
    ledger.check(own_lake, with_silver=False)
    with pytest.raises(IntegrityError, match=r"logs: bronze holds 30 records, silver \d+ good and \d+ quarantined"):
        ledger.check(own_lake, with_silver=True)


@pytest.mark.parametrize(
    ("change", "is_closed"),
    [
        ({}, True), ({"bronze": 11}, False), ({"silver": 9}, False), ({"quarantined": 3}, False),
        ({"from_files": 7}, False), ({"gaps": 2}, False), ({"gaps": -1, "offsets": 3}, False),
    ],
)  # fmt: skip
def test_a_line_closes_only_where_all_counts_agree(change: dict[str, int], is_closed: bool) -> None:
    line = dataclasses.replace(CLOSED, **change)  # type: ignore[arg-type]
    assert line.is_closed == is_closed
    assert line.as_dict()["is_closed"] == is_closed
    assert line.as_dict()["source"] == line.from_files + line.offsets - line.gaps

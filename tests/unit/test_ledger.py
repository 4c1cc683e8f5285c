"""The balance sheet: it closes on a whole lake and says so where a record is missing or there twice."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sample_lake as maker
from deltalake import write_deltalake
from inbox_box import LOG, Box

from lakehouse.datasets import DATASETS
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, ledger, schemas
from lakehouse.lake.ledger import Balance
from lakehouse.lake.schemas import arrow_schema
from lakehouse.lake.state import State

NOW = datetime(2025, 1, 3, tzinfo=UTC)
CLOSED = Balance(
    "logs", from_files=8, offsets=5, gaps=1, bronze=12, silver=8, quarantined=2, reasons={"ip": 2}, waiting=2
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A sample lake that a test may change."""
    url = (tmp_path / "lake").as_uri()
    maker.copy(url, 30)
    return Lake(url)


def line_of(lake: Lake, dataset: str) -> Balance:
    return next(line for line in ledger.balance(lake) if line.dataset == dataset)


def test_the_sheet_of_a_whole_lake_closes(sample_lake: str) -> None:
    lines = {line.dataset: line for line in ledger.balance(Lake(sample_lake))}
    assert list(lines) == list(DATASETS)
    for name, line in lines.items():
        bad = [r for r in maker.records(name, 300) if r.reasons]
        assert line.is_closed
        assert (line.source, line.bronze, line.quarantined, line.waiting) == (300, 300, len(bad), 0)
        assert line.silver == 300 - len(bad)
        assert sum(line.reasons.values()) == len(bad)
    files = {name: of_ten for name, (_, of_ten) in maker.FILES.items()}
    assert {name: line.from_files for name, line in lines.items()} == {n: 30 * k for n, k in files.items()}
    assert {name: line.offsets for name, line in lines.items()} == {n: 30 * (10 - k) for n, k in files.items()}
    assert all(line.gaps == 0 for line in lines.values())


def test_the_sheet_of_an_empty_lake_closes(box: Box) -> None:
    for line in ledger.balance(box.lake):
        assert line == Balance(line.dataset, 0, 0, 0, 0, 0, 0, {})
        assert line.is_closed


def test_a_lake_that_was_never_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="make pipeline"):
        ledger.balance(Lake(f"file://{tmp_path}/lake"))


def add(lake: Lake, name: str, **row: Any) -> None:
    """Append a row behind the back of the jobs, in a commit that says nothing."""
    table = schemas.tables()[name]
    data = pa.Table.from_pylist([row], schema=arrow_schema(table.columns))
    write_deltalake(lake.address(name), data, mode="append", partition_by=list(table.partition_by) or None)


def test_rows_of_bronze_that_silver_has_not_judged_are_waiting_and_the_line_closes(box: Box) -> None:
    box.put("logs/a.log", LOG * 3)
    box.land()
    line = line_of(box.lake, "logs")
    assert (line.source, line.bronze, line.silver, line.quarantined, line.waiting) == (3, 3, 0, 0, 3)
    assert line.is_closed
    assert line.as_dict()["waiting"] == 3


def test_what_waits_behind_what_was_judged_is_counted_by_batches(lake: Lake) -> None:
    standing = lake.standing("bronze.logs")
    state = standing.state.next("later", offsets={"0": (0, 2)}, topic_id="t")
    rows = [{"batch": state.batch, "kafka_timestamp": NOW, "source_id": "0", "position": n} for n in (0, 1)]
    maker.write(lake, schemas.bronze(DATASETS["logs"]), rows, state)
    line = line_of(lake, "logs")
    assert (line.source, line.bronze, line.waiting, line.is_closed) == (32, 32, 2, True)


def test_a_record_that_is_lost_between_bronze_and_silver_does_not_wait(lake: Lake) -> None:
    lake.open("silver.logs").delete("NOT quarantined AND position = 0")
    line = line_of(lake, "logs")
    assert (line.source, line.bronze, line.silver + line.quarantined, line.waiting) == (30, 30, 29, 0)
    assert not line.is_closed


@pytest.mark.parametrize("name", ["logs", "ad_campaigns"], ids=["by file", "by topic"])
def test_a_record_that_bronze_has_lost_is_told(lake: Lake, name: str) -> None:
    lake.open(f"bronze.{name}").delete("position = 0")
    line = line_of(lake, name)
    if name == "logs":
        assert (line.source, line.bronze) == (30, 29)
    # An offset without a row is a gap, as a transaction's marker is; silver's row of it is then one too many.
    assert not line.is_closed


def test_a_bronze_row_too_many_is_told(lake: Lake) -> None:
    add(lake, "bronze.logs", batch=1, source="access.log", raw=b"", ingested_at=NOW)
    line = line_of(lake, "logs")
    assert (line.source, line.bronze, line.is_closed) == (30, 31, False)


def test_a_record_of_a_topic_too_many_is_told(lake: Lake) -> None:
    add(lake, "bronze.ad_campaigns", batch=1, source="ad_campaigns_topic", raw=b"", kafka_timestamp=NOW)
    line = line_of(lake, "ad_campaigns")
    assert (line.source, line.bronze, line.gaps, line.is_closed) == (31, 31, -1, False)


def test_a_file_that_never_came_to_bronze_is_told(lake: Lake) -> None:
    lake.append(schemas.FILES, [{"dataset": "social_data", "name": "more.json", "records": 7, "status": "landed"}])
    line = line_of(lake, "social_data")
    assert (line.source, line.bronze, line.is_closed) == (37, 30, False)


@pytest.mark.parametrize("status", ["duplicate", "rejected"])
def test_a_file_that_was_not_landed_counts_nothing(lake: Lake, status: str) -> None:
    lake.append(schemas.FILES, [{"dataset": "social_data", "name": "more.json", "records": 7, "status": status}])
    assert all(line.is_closed for line in ledger.balance(lake))


def test_a_file_that_bronze_has_and_the_ledger_not_yet_is_counted_once(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put("logs/a.log", LOG * 3)
    inbox = box.inbox()
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append", lambda *_: None)
        inbox.land("killed before the ledger")
    assert (line_of(box.lake, "logs").from_files, line_of(box.lake, "logs").is_closed) == (3, True)
    box.land()
    assert (line_of(box.lake, "logs").from_files, len(box.ledger())) == (3, 1)


@pytest.mark.parametrize("quarantined", [False, True])
def test_a_silver_row_too_many_is_told(lake: Lake, quarantined: bool) -> None:
    add(lake, "silver.logs", quarantined=quarantined, reasons=["ip"] if quarantined else None)
    line = line_of(lake, "logs")
    assert (line.source, line.bronze, line.silver + line.quarantined, line.is_closed) == (30, 30, 31, False)


def test_a_line_that_does_not_close_is_read_again_while_a_job_writes(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing, state = Lake.standing, State(batch=1, files=({"sha256": "new", "records": 1, "status": "landed"},))
    looks: list[str] = []

    def torn(self: Lake, name: str, opened: Any = None) -> Any:
        found = standing(self, name, opened)
        looks.append(name)
        # The first look at bronze's state is from after a commit whose rows were not there yet.
        is_torn = name == "bronze.logs" and looks.count(name) == 1
        return dataclasses.replace(found, state=state) if is_torn else found

    monkeypatch.setattr(Lake, "standing", torn)
    assert line_of(lake, "logs").is_closed
    assert (looks.count("bronze.logs"), looks.count("bronze.transactions")) == (2, 1)


@pytest.mark.parametrize(
    ("change", "is_closed"),
    [
        ({}, True), ({"bronze": 11}, False), ({"silver": 9}, False), ({"quarantined": 3}, False),
        ({"waiting": 0}, False), ({"waiting": 0, "silver": 10}, True), ({"waiting": 3, "silver": 7}, True),
        ({"from_files": 7}, False), ({"gaps": 2}, False), ({"gaps": -1, "offsets": 3}, False),
    ],
)  # fmt: skip
def test_a_line_closes_only_where_all_counts_agree(change: dict[str, int], is_closed: bool) -> None:
    line = dataclasses.replace(CLOSED, **change)  # type: ignore[arg-type]
    assert line.is_closed == is_closed
    assert line.as_dict()["is_closed"] == is_closed
    assert line.as_dict()["source"] == line.from_files + line.offsets - line.gaps

"""What a table stands at: there and back through a commit, past commits of others, and from the rows alone."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
import sample_lake as maker
from deltalake import write_deltalake
from empty_lake import make_empty

from lakehouse.lake import Lake, log, scan
from lakehouse.lake.state import Source, Standing, State

SILVER, BRONZE, GOLD = "silver.transactions", "bronze.transactions", "gold.total_sales_per_product"
STATES = {
    "nothing": State(),
    "bronze": State(
        batch=3,
        epoch=1,
        topic_id="x",
        offsets={"0": (5, 9), "1": (0, 0)},
        files=({"sha256": "ab", "records": 3, "reason": None},),
        run_id="run",
    ),
    "silver": State(batch=2, source=Source("id", 7, 3, 1), seen={"likes": ("number", "string")}, run_id="run"),
    "gold": State(batch=1, source=Source("id", 0, 0, 0), code="c0de", run_id="run"),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_state_comes_back_from_a_commits_metadata(state: State) -> None:
    assert State.of(json.loads(state.as_json())) == state


@pytest.mark.parametrize("metadata", [None, 7, "x", [], {}, {"batch": "1"}, {"silver_version": 3}], ids=str)
def test_metadata_of_others_is_no_state(metadata: object) -> None:
    assert State.of(metadata) is None


def test_the_next_batch_keeps_what_a_table_has_read_and_forgets_the_last_files() -> None:
    following = STATES["bronze"].next("later", offsets={"0": (5, 12)})
    assert (following.batch, following.epoch, following.topic_id) == (4, 1, "x")
    assert (following.offsets, following.files, following.run_id) == ({"0": (5, 12)}, (), "later")
    assert STATES["bronze"].next("later", files=({},)).files == ({},)


def test_what_a_consumer_keeps_of_its_source() -> None:
    assert Standing("id", 7, STATES["bronze"]).as_source() == Source("id", 7, batch=3, epoch=1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A sample lake that a test may change."""
    maker.copy(tmp_path.as_uri(), 60)
    return Lake(tmp_path.as_uri())


def folder(lake: Lake, name: str) -> Path:
    return Path(lake.address(name).removeprefix("file://"))


def forget(lake: Lake, name: str) -> None:
    """Take the state out of every commit of a table, as if none of ours were left."""
    for path in (folder(lake, name) / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        for action in actions:
            action.get("commitInfo", {}).pop("userMetadata", None)
        path.write_text("".join(f"{json.dumps(action)}\n" for action in actions))


@pytest.mark.parametrize("name", [BRONZE, SILVER, GOLD])
def test_commits_of_others_do_not_hide_what_a_table_stands_at(lake: Lake, name: str) -> None:
    before = lake.standing(name)
    table = lake.open(name)
    table.optimize.compact()
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 30 days"})
    after = lake.standing(name)
    assert after.version > before.version
    assert (after.id, after.state) == (before.id, before.state)


def test_an_older_version_stands_at_what_it_stood_at(lake: Lake) -> None:
    first = lake.standing(BRONZE, lake.open(BRONZE, 1)).state
    assert (first.batch, first.offsets, len(first.files)) == (1, {}, 1)
    second = lake.standing(BRONZE).state
    assert (second.batch, second.offsets, second.files) == (2, {"0": (0, 12)}, ())


def test_bronze_without_any_state_is_read_from_its_rows(lake: Lake) -> None:
    state = lake.standing(BRONZE).state
    forget(lake, BRONZE)
    assert lake.standing(BRONZE).state == State(batch=state.batch, offsets=state.offsets)


def test_silver_without_any_state_is_read_from_its_rows(lake: Lake) -> None:
    state = lake.standing(SILVER).state
    forget(lake, SILVER)
    assert state.source is not None
    assert lake.standing(SILVER).state == State(batch=1, source=Source("", 0, state.source.batch, 0), rules={"1": 60})


def test_gold_without_any_state_is_computed_anew_under_a_number_that_was_not_used(lake: Lake) -> None:
    forget(lake, GOLD)
    assert lake.standing(GOLD).state == State(batch=1)
    assert lake.standing(GOLD).state.next("run").batch == 2


def test_a_number_is_not_used_again_where_its_rows_are_gone(lake: Lake) -> None:
    lake.open(BRONZE).delete("batch = 2")
    forget(lake, BRONZE)
    assert lake.standing(BRONZE).state.batch == 2


def test_a_log_that_was_cleaned_up_behind_the_last_state_is_read_from_the_rows(lake: Lake) -> None:
    state = lake.standing(BRONZE).state
    table = lake.open(BRONZE)
    data = pa.Table.from_pylist([], schema=table.to_pyarrow_table().schema)
    write_deltalake(lake.address(BRONZE), data, mode="append")
    lake.open(BRONZE).create_checkpoint()
    for version in range(lake.open(BRONZE).version()):
        Path(log.file_of(str(folder(lake, BRONZE)), version)).unlink()
    assert lake.standing(BRONZE).state == State(batch=state.batch, offsets=state.offsets)


def test_a_table_without_rows_stands_at_nothing(tmp_path: Path) -> None:
    lake = make_empty(tmp_path.as_uri())
    assert scan.state_of_rows(lake.open(BRONZE)) == scan.state_of_rows(lake.open(SILVER)) == State()
    assert lake.standing("ledger.files").state == State()

"""A table's log as files: what is written there is what deltalake reads, and the other way round."""

from pathlib import Path
from threading import Barrier, Thread

import pyarrow as pa
import pytest
from empty_lake import make_empty

from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError
from lakehouse.lake import Lake, data_files, log, scan, schemas
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.schemas import arrow_schema
from lakehouse.lake.state import Source, State

LOGS = schemas.bronze(DATASETS["logs"])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return make_empty(tmp_path.as_uri())


def put(lake: Lake, batch: int, positions: range) -> DataFile:
    """Put rows into the folder of bronze.logs; return the file that its commit adds."""
    rows = [{"batch": batch, "source": "a.log", "source_id": "ab", "position": n, "raw": b"x"} for n in positions]
    written = pa.RecordBatch.from_pylist(rows, schema=arrow_schema(LOGS.columns))
    (file,) = data_files.write(lake.files, lake.address(LOGS.name), LOGS, f"{batch}", [written])
    return file


def add(lake: Lake, batch: int, positions: range = range(3)) -> None:
    lake.commit(LOGS.name, lake.standing(LOGS.name), [put(lake, batch, positions)], State(batch=batch))


def test_files_that_are_added_are_rows_of_the_table_with_state_and_transaction(lake: Lake) -> None:
    before = lake.standing(LOGS.name)
    state = State(batch=1, run_id="run")
    after = lake.commit(LOGS.name, before, [put(lake, 1, range(3))], state)
    there = lake.standing(LOGS.name)
    assert [(f.path, f.rows, f.greatest["batch"]) for f in there.files] == [(after.files[0].path, 3, 1)]
    assert (there.id, there.version, there.state) == (after.id, after.version, after.state)
    assert (after.id, after.version, after.state) == (before.id, 1, state)
    table = lake.open(LOGS.name)
    assert scan.read(table, ["position", "raw"]).to_pylist() == [{"position": n, "raw": b"x"} for n in range(3)]
    assert table.transaction_version(LOGS.name) == 1
    assert table.history(1)[0]["userMetadata"] == state.as_json()


def test_statistics_are_those_that_deltalake_finds_in_the_log(lake: Lake) -> None:
    add(lake, 1, range(5, 12))
    (action,) = pa.table(lake.open(LOGS.name).get_add_actions(flatten=True)).to_pylist()
    assert (action["path"][:2], action["num_records"]) == ("1-", 7)
    assert [action[f"min.{name}"] for name in ("batch", "source", "source_id", "position")] == [1, "a.log", "ab", 5]
    assert [action[f"max.{name}"] for name in ("batch", "source", "source_id", "position")] == [1, "a.log", "ab", 11]
    assert [action[f"null_count.{name}"] for name in ("batch", "position", "kafka_timestamp")] == [0, 0, 7]


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("batch > 1", 4),
        ("batch > 2", 0),
        ("position = 2", 2),
        ("kafka_timestamp IS NOT NULL", 0),
        ("kafka_timestamp IS NULL", 7),
        ("raw = X'78'", 7),
    ],
    ids=str,
)
def test_a_filter_finds_the_rows_of_added_files(lake: Lake, where: str, rows: int) -> None:
    add(lake, 1)
    add(lake, 2, range(4))
    assert scan.read(lake.open(LOGS.name), ["position"], where).num_rows == rows


def test_files_that_a_filter_rules_out_are_not_read(lake: Lake) -> None:
    add(lake, 1)
    add(lake, 2, range(4))
    (first,) = Path(lake.address(LOGS.name).removeprefix("file://")).glob("1-*.parquet")
    first.unlink()
    assert scan.count_after(lake.open(LOGS.name), 1) == 4


def test_a_commit_is_read_as_it_was_written(lake: Lake) -> None:
    file = put(lake, 1, range(3))
    assert log.append(lake.files, lake.address(LOGS.name), 1, [file], '{"batch": 1}', app=("app", 7))
    actions = log.read(lake.files, lake.address(LOGS.name), 1)
    assert actions is not None
    assert log.metadata_of(actions) == {"batch": 1}
    assert actions[0]["commitInfo"]["operationMetrics"] == {"numFiles": "1", "numOutputRows": "3"}
    assert actions[1]["txn"]["version"] == 7
    assert log.read(lake.files, lake.address(LOGS.name), 2) is None


def test_a_version_is_written_once_whoever_writes_it(lake: Lake) -> None:
    barrier, won = Barrier(6), []

    def write(number: int) -> None:
        barrier.wait()
        if log.append(lake.files, lake.address(LOGS.name), 1, [], str(number)):
            won.append(number)

    threads = [Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [log.metadata_of(lake.commit_of(LOGS.name, 1) or ())] == won


METADATA = {"none": (None, None), "no text": ("", None), "no JSON": ("{", None), "a number": ("7", 7)}


@pytest.mark.parametrize(("text", "read"), METADATA.values(), ids=METADATA)
def test_metadata_of_others_is_no_error(text: str | None, read: object) -> None:
    info = {} if text is None else {"userMetadata": text}
    assert log.metadata_of([{"commitInfo": info}]) == read
    assert log.metadata_of([]) is None


def test_rows_are_written_to_the_side_that_they_are_on_and_read_back(lake: Lake) -> None:
    silver = schemas.silver(DATASETS["logs"])
    rows = [{"quarantined": n == 0, "batch": 1, "position": n, "status": n * 100} for n in range(5)]
    batch = pa.RecordBatch.from_pylist(rows, schema=arrow_schema(silver.columns))
    address = lake.address(silver.name)
    added = list(data_files.write(lake.files, address, silver, "1", [batch, batch]))
    assert {file.side: file.rows for file in added} == {True: 2, False: 8}
    lake.commit(silver.name, lake.standing(silver.name), added, State(batch=1))
    assert scan.rows_by_partition(lake.open(silver.name)) == {True: 2, False: 8}
    (good,) = [file for file in lake.standing(silver.name).files if file.side is False]
    back = pa.Table.from_batches(data_files.read(address, [good], silver)).to_pylist()
    assert [{name: row[name] for name in rows[0]} for row in back] == rows[1:] * 2


def test_files_that_replace_others_are_the_only_ones_then(lake: Lake) -> None:
    add(lake, 1)
    add(lake, 2)
    before = lake.standing(LOGS.name)
    lake.commit(LOGS.name, before, [put(lake, 3, range(7))], State(batch=3), removed=before.files)
    assert scan.read(lake.open(LOGS.name), ["batch"])["batch"].to_pylist() == [3] * 7
    assert scan.read(lake.open(LOGS.name, 2)).num_rows == 6


def test_a_commit_of_somebody_else_in_between_is_refused(lake: Lake) -> None:
    before = lake.standing(LOGS.name)
    add(lake, 1)
    with pytest.raises(IntegrityError, match=r"Version 1 of bronze\.logs in .+ was written by somebody else"):
        lake.commit(LOGS.name, before, [put(lake, 2, range(3))], State(batch=2))
    assert lake.open(LOGS.name).version() == 1


def test_a_commit_whose_answer_was_lost_is_taken_for_our_own(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    file, before = put(lake, 1, range(3)), lake.standing(LOGS.name)
    state = State(batch=1, offsets={"0": (0, 5)}, files=({"sha256": "ab"},), source=Source("id", 1, 2, 3))
    create = type(lake.files).create

    def lose(files: object, url: str, content: bytes) -> bool:
        assert create(files, url, content)  # type: ignore[arg-type]
        return False

    monkeypatch.setattr(type(lake.files), "create", lose)
    assert lake.commit(LOGS.name, before, [file], state).version == 1

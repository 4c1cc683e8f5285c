"""A scan reads no more than its page needs, whatever the size of the table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.query.files import DataFile
from lakehouse.query.filter.conditions import Condition, compile_filter
from lakehouse.query.scan import Position, Scan

FILES, ROWS = 3, 100_000
Row = dict[str, Any]
COLUMNS = ("n", "name", "amount", "label")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> DeltaTable:
    """300,000 rows in three files of one row group each."""
    folder = tmp_path_factory.mktemp("large") / "t"
    for file in range(FILES):
        numbers = np.arange(file * ROWS, (file + 1) * ROWS)
        data = pa.table(
            {
                "n": pa.array(numbers),
                "name": pa.array([f"name {n:012d} of a customer" for n in numbers]),
                "amount": pa.array(numbers % 1_000),
                "label": pa.array([f"label {n}" for n in numbers % 7]),
            }
        )
        write_deltalake(folder, data, mode="append")
    return DeltaTable(folder)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Rows decoded so far, by column."""
    counts: dict[str, int] = dict.fromkeys(COLUMNS, 0)
    batches = DataFile.batches

    def counted(self: DataFile, group: int, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        for batch in batches(self, group, columns, size):
            for name in columns:
                counts[name] += batch.num_rows
            yield batch

    monkeypatch.setattr(DataFile, "batches", counted)
    return counts


def scan(table: DeltaTable, condition: str | None = None, limit: int = 10, start: Position | None = None) -> Scan:
    compiled: Condition | None = None
    if condition:
        compiled = compile_filter(condition, table.to_pyarrow_dataset().schema)
    return Scan(table, COLUMNS, compiled, None, limit, start or Position())


def test_a_page_of_ten_decodes_one_small_batch(table: DeltaTable, decoded: dict[str, int]) -> None:
    made = scan(table)
    assert made.run().num_rows == 10
    assert max(decoded.values()) <= 4_096
    assert made.effort.rows == 10


def test_memory_stays_flat_over_a_whole_table(table: DeltaTable) -> None:
    most = 0
    before = pa.total_allocated_bytes()
    batches = DataFile.batches

    def watched(self: DataFile, group: int, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        nonlocal most
        for batch in batches(self, group, columns, size):
            most = max(most, pa.total_allocated_bytes() - before)
            yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DataFile, "batches", watched)
        assert scan(table, "name LIKE '%nobody%'").run().num_rows == 0
        assert scan(table, "n >= 0", limit=1_000, start=Position(2, 0, 99_000)).run().num_rows == 1_000
    assert 0 < most < 16 << 20


def test_a_filter_without_a_match_reads_its_own_columns_only(table: DeltaTable, decoded: dict[str, int]) -> None:
    made = scan(table, "label LIKE '%nothing%'")
    assert made.run().num_rows == 0
    assert decoded == {"n": 0, "name": 0, "amount": 0, "label": FILES * ROWS}
    assert made.effort.rows == FILES * ROWS


def test_files_that_cannot_match_are_not_opened(table: DeltaTable, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    init = DataFile.__init__

    def noted(self: DataFile, fragment: pa.dataset.Fragment, schema: pa.Schema) -> None:
        opened.append(fragment.path)
        init(self, fragment, schema)

    monkeypatch.setattr(DataFile, "__init__", noted)
    made = scan(table, f"n BETWEEN {ROWS + 5} AND {ROWS + 7}")
    assert sorted(made.run()["n"].to_pylist()) == [ROWS + 5, ROWS + 6, ROWS + 7]
    assert len(opened) == 1
    assert made.effort.bytes < sum(pa.table(table.get_add_actions())["size_bytes"].to_pylist()) / 2


@pytest.mark.parametrize("condition", [None, "amount = 999", "amount < 2 AND label <> 'label 3'"])
@pytest.mark.parametrize("limit", [1_000, 37])
def test_a_page_goes_on_exactly_where_the_last_one_ended(table: DeltaTable, condition: str | None, limit: int) -> None:
    numbers: list[int] = []
    made = scan(table, condition, limit)
    for _ in range(12):
        numbers += made.run()["n"].to_pylist()
        if made.following is None:
            break
        made = scan(table, condition, limit, made.following)
    assert len(numbers) == len(set(numbers)) > 200
    whole, compiled = table.to_pyarrow_dataset(), scan(table, condition).condition
    ordered = [
        n
        for fragment in sorted(whole.get_fragments(), key=lambda f: f.path)
        for n in fragment.to_table(
            schema=whole.schema,
            columns=["n"],
            filter=compiled.expression if compiled else None,
            use_threads=False,
        )["n"].to_pylist()
    ]
    assert numbers == ordered[: len(numbers)]


def test_a_cancelled_scan_stops_at_the_next_batch(table: DeltaTable, decoded: dict[str, int]) -> None:
    made = scan(table, "name LIKE '%nobody%'")
    made.cancelled.set()
    with pytest.raises(TimeoutError):
        made.run()
    assert decoded["name"] < ROWS


def test_a_time_is_found_to_the_microsecond_though_the_log_knows_it_to_the_millisecond(tmp_path: Path) -> None:
    times = pa.array([1_700_000_000_123_456, 1_700_000_000_123_999], pa.timestamp("us", "UTC"))
    data = pa.table({"n": [1, 2], "at": times})
    write_deltalake(tmp_path / "t", data)
    table = DeltaTable(tmp_path / "t")
    for condition, found in (
        ("at > TIMESTAMP '2023-11-14 22:13:20.1235'", [2]),
        ("at = TIMESTAMP '2023-11-14 22:13:20.123456'", [1]),
        ("at < TIMESTAMP '2023-11-14 22:13:20.123456'", []),
    ):
        compiled = compile_filter(condition, data.schema)
        assert Scan(table, ["n"], compiled, None, 10).run()["n"].to_pylist() == found


@pytest.mark.parametrize(
    ("statistics", "opened"),
    [
        ({"minValues": {}, "maxValues": {}, "nullCount": {}}, 1),  # as the jobs write gold
        ({"minValues": {"n": 1}, "maxValues": {"n": 2}, "nullCount": {"n": 0}}, 1),
        ({"minValues": {"n": 1}, "maxValues": {"n": 2}, "nullCount": {"n": 0, "name": 2}}, 0),
        ({}, 1),
    ],
)
def test_a_row_is_found_whatever_statistics_the_log_has(statistics: Row, opened: int, tmp_path: Path) -> None:
    names = pa.array(["a", None] if opened else [None, None], pa.string())
    write_deltalake(
        tmp_path, pa.table({"n": [1, 2], "name": names, "quarantined": [False, False]}), partition_by=["quarantined"]
    )
    (log,) = (tmp_path / "_delta_log").glob("*.json")
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"]["stats"] = json.dumps({"numRecords": 2} | statistics)
    log.write_text("\n".join(map(json.dumps, actions)))
    table = DeltaTable(tmp_path)
    conditions = {"n >= 1": 2, "n <> 2": 1, "n > 2": 0, "name <> 'b'": opened, "name = 'a'": opened}
    for condition, found in conditions.items():
        compiled = compile_filter(condition, table.to_pyarrow_dataset().schema)
        good, bad = (Scan(table, ["n"], compiled, side, 10) for side in (False, True))
        assert (good.run().num_rows, bad.run().num_rows) == (found, 0), condition
    assert (good.effort.bytes > 0, bad.effort.bytes) == (opened > 0, 0)


def test_a_column_that_a_version_does_not_have_yet_is_null(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "t", pa.table({"n": [1, 2]}))
    declared = pa.schema([("n", pa.int64()), ("lang", pa.string())])
    for condition, found in (
        ("n > 1", [2]),
        ("lang IS NULL", [1, 2]),
        ("lang = 'de'", []),
        ("lang = 'de' OR n = 1", [1]),
    ):
        scan = Scan(
            DeltaTable(tmp_path / "t"),
            ["n", "lang"],
            compile_filter(condition, declared),
            None,
            10,
            declared=declared,
        )
        assert scan.run().to_pylist() == [{"n": n, "lang": None} for n in found]

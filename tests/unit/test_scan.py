"""Reading Delta tables without a JVM: rows, answers to SQL, and counts from the log alone."""

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sample_lake as maker
from empty_lake import make_empty

from lakehouse.lake import Lake
from lakehouse.lake.scan import count_after, query, read, rows_by_partition, sum_of
from lakehouse.settings import ROOT

BAD = sum(bool(r.reasons) for r in maker.records("transactions", 300))


def test_rows_are_read_with_columns_and_condition(sample_lake: str) -> None:
    table = Lake(sample_lake).open("silver.transactions")
    assert read(table).num_rows == 300
    bad = read(table, ["reasons", "raw"], "quarantined")
    assert (bad.column_names, bad.num_rows) == (["reasons", "raw"], BAD)


def test_sql_is_answered_over_several_tables(sample_lake: str) -> None:
    answer = query(
        "SELECT count(*) AS n FROM silver JOIN bronze USING (source_id, position)",
        silver=Lake(sample_lake).open("silver.logs"),
        bronze=Lake(sample_lake).open("bronze.logs"),
    )
    assert answer["n"].to_pylist() == [300]


def test_counts_come_from_the_log_where_the_files_are_gone(sample_lake: str, tmp_path: Path) -> None:
    copy = tmp_path / "lake"
    shutil.copytree(urlsplit(sample_lake).path, copy)
    for file in copy.glob("silver/**/*.parquet"):
        if "_delta_log" not in file.parts:
            file.unlink()
    table = Lake(copy.as_uri()).open("silver.transactions")
    with pytest.raises(OSError, match="not found"):
        read(table)
    assert rows_by_partition(table) == {False: 300 - BAD, True: BAD}
    assert sum_of(table, "num_records") == 300
    assert sum_of(table, "null_count.time") == 0
    assert sum_of(table, "null_count.transaction_date") == BAD


def test_tables_without_partitions_and_without_rows_are_counted(sample_lake: str, tmp_path: Path) -> None:
    assert rows_by_partition(Lake(sample_lake).open("bronze.logs")) == {None: 300}
    lake = make_empty(tmp_path.as_uri())
    empty = lake.open("silver.logs")
    assert count_after(empty, 0) == 0
    assert (rows_by_partition(empty), sum_of(empty, "num_records"), sum_of(empty, "no_such")) == ({}, 0, 0)
    assert read(empty).num_rows == 0


@pytest.mark.parametrize(("batch", "rows"), [(0, 300), (1, 60), (2, 0)])
def test_rows_of_later_batches_are_counted(sample_lake: str, batch: int, rows: int) -> None:
    assert count_after(Lake(sample_lake).open("bronze.transactions"), batch) == rows


def test_a_process_that_read_a_table_ends_well(sample_lake: str) -> None:
    code = (
        "import sys; from lakehouse.lake.scan import read; from lakehouse.lake import Lake; "
        "print(read(Lake(sys.argv[1]).open('silver.logs')).num_rows)"
    )
    for _ in range(3):
        # What a thread of the reader still holds when the interpreter ends would abort the process.
        done = subprocess.run(
            [sys.executable, "-c", code, sample_lake],
            env={"PYTHONPATH": str(ROOT / "jobs"), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "300\n"

"""Delta tables without a JVM: made once, with the schema of the catalogue, opened and appended to."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stack import free_ports

from lakehouse import catalogue
from lakehouse.errors import NotBuiltError, ServiceError
from lakehouse.frames import read
from lakehouse.lake import append, create_tables, open_table, schema
from lakehouse.model import TYPES


def test_every_table_has_the_columns_of_the_catalogue(tmp_path: Path) -> None:
    create_tables(tmp_path.as_uri())
    for name, table in catalogue.tables().items():
        opened = open_table(tmp_path.as_uri(), name)
        assert opened.schema() == schema(table.columns)
        assert opened.version() == 0
        assert (opened.metadata().name, opened.metadata().partition_columns) == (name, list(table.partition_by))


def test_making_tables_again_changes_nothing(tmp_path: Path) -> None:
    lake = tmp_path.as_uri()
    create_tables(lake)
    append(lake, catalogue.FILES, [{"name": "a"}])
    before = {name: open_table(lake, name).metadata().id for name in catalogue.tables()}
    create_tables(lake)
    assert {name: open_table(lake, name).metadata().id for name in catalogue.tables()} == before
    assert open_table(lake, "ledger.files").version() == 1


def test_appended_rows_come_back_with_nulls_where_nothing_was_given(tmp_path: Path) -> None:
    lake, at = tmp_path.as_uri(), datetime(2025, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    create_tables(lake)
    append(lake, catalogue.FILES, [{"name": "a", "mtime": at, "size": 2**40}, {"name": "é\n"}])
    append(lake, catalogue.FILES, [{"name": "b"}])
    rows = read(open_table(lake, "ledger.files"), ["name", "mtime", "size"]).sort_by("name").to_pylist()
    assert rows == [
        {"name": "a", "mtime": at, "size": 2**40},
        {"name": "b", "mtime": None, "size": None},
        {"name": "é\n", "mtime": None, "size": None},
    ]
    assert open_table(lake, "ledger.files", version=1).to_pyarrow_table().num_rows == 2


def test_a_table_that_was_never_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match=r"gold\.campaign_metrics does not exist yet in .+make pipeline"):
        open_table(tmp_path.as_uri(), "gold.campaign_metrics")


def test_a_lake_that_is_away_is_named_in_one_line_without_colours() -> None:
    lake = f"hdfs://localhost:{free_ports(1)[0]}/lake"
    for call in (
        lambda: create_tables(lake),
        lambda: open_table(lake, "ledger.files"),
        lambda: append(lake, catalogue.FILES, [{"name": "a"}]),
    ):
        with pytest.raises(ServiceError) as caught:
            call()
        assert lake in str(caught.value)
        assert "make status" in str(caught.value)
        assert str(caught.value).isprintable()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file in its place")
    with pytest.raises(ServiceError, match=f"{tmp_path}/lake"):
        create_tables(f"file://{tmp_path}/lake")


def test_every_type_of_the_model_is_known_to_delta() -> None:
    columns = [catalogue.Column(f"c{n}", kind) for n, kind in enumerate((*TYPES, "decimal(14,2)"))]
    assert len(schema(columns).fields) == len(columns)


def test_every_column_of_the_catalogue_has_a_known_type() -> None:
    kinds = {column.type for table in catalogue.tables().values() for column in table.columns}
    assert {kind for kind in kinds if not kind.startswith("decimal(")} <= set(TYPES)
    assert os.sep not in "".join(catalogue.tables())

"""A field that is declared later widens the stored table; one that goes or gets another type is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from empty_lake import make_empty

from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError
from lakehouse.lake import Lake, data_files, log, scan, schemas
from lakehouse.lake.state import State
from lakehouse.model import Column, Dataset, Field

NAME = "silver.shop"
ID, LIKES = Field("id", Column("id", "string")), Field("likes", Column("likes", "int"))
LANG = Field("lang", Column("lang", "string", comment="of the text"), required=False)
SHOP = Dataset(name="shop", topic="shop_topic", formats=("json",), fields=(ID, LIKES), key=None, time_column="id")
STATE = State(batch=1, rules={"abc": 1}, run_id="run")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with a dataset of two fields and a record of it."""
    monkeypatch.setitem(DATASETS, "shop", SHOP)
    made = make_empty(tmp_path.as_uri())
    made.make_tables()
    append(made, SHOP, STATE, {"id": "a", "likes": 1})
    return made


def append(lake: Lake, dataset: Dataset, state: State, row: dict[str, Any]) -> None:
    table = schemas.silver(dataset)
    batch = pa.RecordBatch.from_pylist(
        [row | {"quarantined": False, "batch": state.batch}], schema=schemas.arrow_schema(table.columns)
    )
    files = list(data_files.write(lake.files, lake.address(NAME), table, "x", [batch]))
    lake.commit(NAME, lake.standing(NAME), files, state)


def declare(monkeypatch: pytest.MonkeyPatch, *fields: Field) -> Dataset:
    dataset = replace(SHOP, fields=fields)
    monkeypatch.setitem(DATASETS, "shop", dataset)
    return dataset


def rows(lake: Lake, version: int | None = None) -> list[dict[str, Any]]:
    names = [f.name for f in lake.open(NAME, version).schema().fields if f.name in ("id", "likes", "lang")]
    rows: list[dict[str, Any]] = scan.read(lake.open(NAME, version), names).sort_by("id").to_pylist()
    return rows


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_table_gets_the_columns_of_fields_that_are_declared_later(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    before = lake.standing(NAME)
    wider = declare(monkeypatch, *(ID, LIKES)[:place], LANG, *(ID, LIKES)[place:])
    standing = lake.make_tables()[NAME]
    assert standing == replace(before, version=before.version + 1)
    assert lake.open(NAME).schema() == schemas.schema(schemas.silver(wider).columns)
    assert lake.open(NAME).metadata().partition_columns == ["quarantined"]
    assert lake.open(NAME).metadata().configuration["delta.checkpointInterval"] == "100"
    assert rows(lake) == [{"id": "a", "likes": 1, "lang": None}]
    assert rows(lake, before.version) == [{"id": "a", "likes": 1}]
    append(lake, wider, replace(STATE, batch=2), {"id": "b", "likes": 2, "lang": "de"})
    assert rows(lake) == [{"id": "a", "likes": 1, "lang": None}, {"id": "b", "likes": 2, "lang": "de"}]
    # Once is enough, and a checkpoint knows of it.
    version = lake.open(NAME).version()
    assert lake.make_tables()[NAME].version == version
    log.sum_up(lake.files, lake.address(NAME), version)
    assert len(rows(lake)) == 2


def test_two_who_widen_at_once_end_with_one_table(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, ID, LIKES, LANG)
    create, version = lake.files.create, lake.open(NAME).version()

    def late(url: str, content: bytes) -> bool:
        """Do as if another job had come first, with the same."""
        create(url, content)
        return create(url, content)

    monkeypatch.setattr(lake.files, "create", late)
    assert lake.make_tables()[NAME].version == version + 1
    assert rows(lake) == [{"id": "a", "likes": 1, "lang": None}]


REFUSED = {
    "another type": ((ID, replace(LIKES, column=Column("likes", "bigint"))), "likes is integer there and long here"),
    "gone": ((ID,), "likes is integer there and missing here"),
    "gone, and another one new": ((ID, LANG), "likes is integer there and missing here; lang is missing there and str"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_stored_column_neither_goes_nor_gets_another_type(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fields, words = REFUSED[name]
    before = lake.standing(NAME)
    declare(monkeypatch, *fields)
    with pytest.raises(IntegrityError) as caught:
        lake.make_tables()
    for part in (NAME, lake.url, words, "Nothing was changed", "another name"):
        assert part in str(caught.value)
    assert lake.standing(NAME) == before

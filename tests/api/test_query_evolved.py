"""A column that silver got from a field which nobody declared is a column like others, and personal."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
import sample_lake
from django.test import Client

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, data_files, evolution
from lakehouse.lake.schemas import arrow_schema
from lakehouse.query.sql import run

URL, NAME, SECRET = "/api/query-table/", "silver.social_data", "card 4711-0815"
EVOLVED = evolution.grown(replace(DATASETS["social_data"], drift="evolve"), ["Loyalty card"])


@pytest.fixture
def own_lake(scratch: str) -> str:
    """The URL of a sample lake that a test may change."""
    sample_lake.copy(scratch, rows=20)
    return scratch


@pytest.fixture
def version(own_lake: str, serve_lake: Callable[[str], object]) -> int:
    """The version of silver before it got a column without a declaration, with a record that has it."""
    lake = Lake(own_lake)
    standing = lake.standing(NAME)
    lake.adopt(EVOLVED)
    post = {"quarantined": False, "post_id": "new", "loyalty_card": SECRET}
    batch = pa.RecordBatch.from_pylist([post], schema=arrow_schema(lake.table(NAME).columns))
    files = list(data_files.write(lake.files, lake.address(NAME), lake.table(NAME), "x", [batch]))
    lake.commit(NAME, standing, files, replace(standing.state, batch=standing.state.batch + 1))
    serve_lake(own_lake)
    return standing.version


def rows(answer: Any) -> list[dict[str, str | None]]:
    assert answer.status_code == 200, answer.content
    names, *found = [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer.json()["ResultSet"]["Rows"]]
    return [dict(zip(names, row, strict=True)) for row in found]


def test_it_is_masked_and_refused_in_filters_without_the_permission(version: int, engineer: Client) -> None:
    found = rows(engineer.get(URL, {"table": NAME, "limit": "1000"}))
    assert {row["loyalty_card"] for row in found} == {"***"}
    assert engineer.get(URL, {"table": NAME, "filter": "loyalty_card IS NOT NULL"}).status_code == 403
    assert SECRET not in json.dumps(found)


def test_who_may_see_it_can_ask_for_it(version: int, privileged: Client) -> None:
    asked = {"table": NAME, "filter": "loyalty_card IS NOT NULL", "columns": "post_id,loyalty_card"}
    assert rows(privileged.get(URL, asked)) == [{"post_id": "new", "loyalty_card": SECRET}]
    found = rows(privileged.get(URL, {"table": NAME, "limit": "1000"}))
    assert {row["loyalty_card"] for row in found} == {None, SECRET}


def test_a_version_of_before_has_no_such_column(version: int, privileged: Client) -> None:
    before = privileged.get(URL, {"table": NAME, "as_of": str(version), "limit": "1"})
    assert "loyalty_card" not in rows(before)[0]
    answer = privileged.get(URL, {"table": NAME, "as_of": str(version), "columns": "loyalty_card"})
    assert answer.status_code == 400
    assert "there is no 'loyalty_card'" in answer.json()["detail"]


def test_the_catalogue_has_it_as_personal(version: int, engineer: Client) -> None:
    columns = {column["name"]: column for column in engineer.get(f"/api/tables/{NAME}/").json()["columns"]}
    assert (columns["loyalty_card"]["type"], columns["loyalty_card"]["is_personal"]) == ("string", True)


def test_a_passport_masks_it(version: int, engineer: Client, privileged: Client, own_lake: str) -> None:
    query = f"SELECT source, source_id, position FROM {NAME} WHERE post_id <> 'new' LIMIT 1"
    (record,) = run(Lake(own_lake), query).read_all().to_pylist()
    for asker, is_masked in ((engineer, True), (privileged, False)):
        silver = asker.get("/api/records/", record).json()["silver"]
        assert (silver["loyalty_card"] == "***") is is_masked
        assert silver["likes"] is not None
        assert (silver["user"] == "***") is is_masked


def test_sql_knows_it(version: int, own_lake: str) -> None:
    found = run(Lake(own_lake), f"SELECT loyalty_card FROM {NAME} WHERE loyalty_card IS NOT NULL").read_all()
    assert found.to_pylist() == [{"loyalty_card": SECRET}]

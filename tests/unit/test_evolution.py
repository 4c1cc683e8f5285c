"""Columns that silver gets from fields which nobody declared: what they are called, and which get none."""

from dataclasses import replace
from pathlib import Path

import pytest
from empty_lake import make_empty

from lakehouse.datasets import DATASETS
from lakehouse.judging.drift import MOST, MOST_NAME
from lakehouse.lake import Lake, evolution, relations, schemas
from lakehouse.model import Column, Dataset, Field

SHOP = Dataset(
    name="shop",
    topic="shop_topic",
    formats=("json",),
    fields=(Field("ID", Column("id", "string")), Field("Likes", Column("likes", "int"), aliases=("likes_count",))),
    key="id",
    time_column="id",
    drift="evolve",
)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("LoyaltyCard", "loyalty_card"),
        ("Loyalty card", "loyalty_card"),
        ("utm-source", "utm_source"),
        ("geo.lat", "geo_lat"),
        ("HTTPStatus2Code", "httpstatus2_code"),
        ("2nd", "_2nd"),
        ('a"; DROP TABLE x', "a_drop_table_x"),
        ("straße", "stra_e"),
        ("名前", ""),
    ],
)
def test_a_field_gives_a_column_a_plain_name(field: str, name: str) -> None:
    assert evolution.column_name(field) == name


def columns(*fields: str) -> dict[str, str]:
    """Return the columns that fields get, by their fields."""
    return {column.field: column.name for column in evolution.grown(SHOP, fields).found}


def test_each_field_gets_a_column_of_its_own_or_none() -> None:
    assert columns("lang", "ID", "Likes", "likes_count") == {"lang": "lang"}
    # Those that silver has for itself, and those that judging works with, stay what they are.
    taken = ("source", "id", "raw", "reasons", "problem", "stored_hash", "batch")
    assert columns(*taken) == {name: f"{name}_field" for name in taken}
    both = {"Loyalty card": "loyalty_card", "LoyaltyCard": "loyalty_card_field"}
    assert columns(*both) == both
    assert columns("a-b", "a.b", "a b") == {"a b": "a_b", "a-b": "a_b_field"}
    assert columns("名前", "_", "x" * MOST_NAME) == {}


def test_what_is_known_is_not_found_again_and_there_are_so_many_at_the_most() -> None:
    first = evolution.grown(SHOP, ["lang"])
    assert evolution.grown(first, ["lang", "ID"]) == first
    assert [c.name for c in evolution.grown(first, ["area"]).found] == ["lang", "area"]
    many = evolution.grown(first, [f"f{n:03}" for n in range(2 * MOST)])
    assert len(many.found) == MOST
    assert evolution.grown(many, ["one_more"]) == many


@pytest.mark.parametrize("drift", ["keep", "freeze"])
def test_only_a_dataset_that_evolves_gets_columns_by_itself(drift: str) -> None:
    assert evolution.grown(replace(SHOP, drift=drift), ["lang"]).found == ()


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose table of the shop has a column that nobody declared."""
    monkeypatch.setitem(DATASETS, "shop", SHOP)
    made = make_empty(tmp_path.as_uri())
    standing = made.make_tables()["silver.shop"]
    made.adopt(evolution.grown(SHOP, ["Loyalty card"]))
    made.commit("silver.shop", standing, [], replace(standing.state, batch=1))
    return Lake(made.url)


def test_the_stored_table_says_which_columns_it_got(lake: Lake) -> None:
    (found,) = lake.dataset("shop").found
    assert found == Column("loyalty_card", "string", personal=True, field="Loyalty card")
    # It takes part in all that goes by the table, whatever the dataset says by now.
    assert found in lake.table("silver.shop").columns
    version = lake.open("silver.shop").version()
    assert lake.make_tables()["silver.shop"].version == version
    view = relations.as_stored(relations.views()["silver.shop"], lake.open("silver.shop"))
    assert "loyalty_card" in view.personal
    assert "loyalty_card" not in [column.name for column in relations.views()["silver.shop"].columns]


def test_a_declaration_of_the_column_takes_its_place(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = Field("Loyalty card", Column("loyalty_card", "string"), required=False)
    monkeypatch.setitem(DATASETS, "shop", replace(SHOP, fields=(*SHOP.fields, declared)))
    again = Lake(lake.url)
    again.make_tables()
    assert again.dataset("shop").found == ()
    assert "loyalty_card" not in again.dataset("shop").personal


def test_a_field_that_is_declared_for_another_column_fills_both(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = Field("Loyalty card", Column("card", "bigint"), required=False)
    monkeypatch.setitem(DATASETS, "shop", replace(SHOP, fields=(*SHOP.fields, declared)))
    again = Lake(lake.url)
    again.make_tables()
    dataset = again.dataset("shop")
    assert [column.name for column in dataset.columns] == ["id", "likes", "card", "loyalty_card"]
    assert dataset.names.count("Loyalty card") == 1
    stored = {f.name: f.metadata for f in again.open("silver.shop").schema().fields}
    assert "card" in stored
    assert stored["loyalty_card"][schemas.FIELD] == "Loyalty card"

"""Files of other shops come in by their declarations alone: names, forms of dates, decimal commas, delimiters."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from foreign_datasets import (
    EXPORT,
    EXPORT_FILE,
    OLIST,
    OLIST_FILE,
    RETAIL,
    RETAIL_FILE,
    SUPERMARKET,
    SUPERMARKET_FILE,
)
from inbox_box import Box

from lakehouse.datasets import DATASETS
from lakehouse.judging.judge import IDENTITY, judge
from lakehouse.lake import scan
from lakehouse.model import Dataset

Rows = list[dict[str, Any]]


@pytest.fixture
def dataset(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register a dataset as its line in `datasets/__init__.py` does."""
    monkeypatch.setitem(DATASETS, request.param.name, request.param)
    return request.param


def only(*datasets: Dataset) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("dataset", datasets, ids=lambda dataset: dataset.name, indirect=True)


def land(box: Box, dataset: Dataset, file: str) -> Rows:
    """Return the judged rows of a file, in its order, each with its columns that are not null."""
    box.put(f"{dataset.name}/file.csv", file.encode())
    (decision,) = box.land().decisions
    assert (decision.status, decision.reason) == ("landed", None)
    table = scan.read(box.lake.open(f"bronze.{dataset.name}")).sort_by("position").combine_chunks()
    rows = judge(table.to_batches()[0], dataset).drop_columns(IDENTITY.names).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def good(rows: Rows) -> Rows:
    # Beside the dataset's columns there is what its key is where a record is a change of a database.
    others = ("reasons", "row_key")
    return [{n: v for n, v in row.items() if n not in others} for row in rows if not row["reasons"]]


def bad(rows: Rows) -> dict[int, list[str]]:
    return {number: row["reasons"] for number, row in enumerate(rows) if row["reasons"]}


@only(RETAIL)
def test_online_retail(box: Box, dataset: Dataset) -> None:
    rows = land(box, dataset, RETAIL_FILE)
    uk = {"country": "United Kingdom"}
    assert good(rows) == [
        {"invoice": "536365", "product_id": "85123A", "product": "WHITE HANGING HEART T-LIGHT HOLDER", "quantity": 6,
         "sold_at": datetime(2010, 12, 1, 8, 26, tzinfo=UTC), "unit_price": Decimal("2.55"), "client_id": "17850",
         **uk},
        {"invoice": "C536379", "product_id": "D", "product": "Discount", "quantity": -1,
         "sold_at": datetime(2010, 12, 31, 17, 4, tzinfo=UTC), "unit_price": Decimal("27.50"), "client_id": "14527",
         **uk},
        {"invoice": "536414", "product_id": "22139", "quantity": 56, "unit_price": Decimal("0.00"),
         "sold_at": datetime(2010, 12, 1, 11, 52, tzinfo=UTC), **uk},
        {"invoice": "536370", "product_id": "22728", "product": 'ALARM CLOCK "BAKELIKE", PINK', "quantity": 24,
         "sold_at": datetime(2010, 12, 1, 8, 45, tzinfo=UTC), "unit_price": Decimal("3.75"), "client_id": "12583",
         "country": "France"},
    ]  # fmt: skip
    assert bad(rows) == {4: ["date"], 5: ["negative"], 6: ["date"], 7: ["number_format", "date"]}


@only(OLIST)
def test_order_items(box: Box, dataset: Dataset) -> None:
    rows = land(box, dataset, OLIST_FILE)
    assert good(rows) == [
        {"order_id": "00010242fe8c", "line": 1, "product_id": "4244733e06e7",
         "seller_id": "48436dade18a", "ship_by": datetime(2017, 9, 19, 9, 45, 35, tzinfo=UTC),
         "price": Decimal("58.90"), "freight": Decimal("13.29")},
        {"order_id": "00018f77f2f0", "line": 1, "product_id": "e5f2d52b8021",
         "seller_id": "dd7ddc04e1b6", "ship_by": datetime(2017, 5, 3, 11, 5, 13, tzinfo=UTC),
         "price": Decimal("239.90"), "freight": Decimal("19.93")},
    ]  # fmt: skip
    assert bad(rows) == {2: ["number_format", "date", "scale"]}


@only(SUPERMARKET)
def test_supermarket_sales(box: Box, dataset: Dataset) -> None:
    rows = land(box, dataset, SUPERMARKET_FILE)
    assert good(rows) == [
        {"invoice": "750-67-8428", "branch": "A", "product": "Health and beauty", "unit_price": Decimal("74.69"),
         "quantity": 7, "day": date(2019, 1, 5), "clock": "13:08", "sold_at": datetime(2019, 1, 5, 13, 8, tzinfo=UTC),
         "payment": "Ewallet", "rating": 9.1},
        {"invoice": "226-31-3081", "branch": "C", "product": "Electronic accessories", "unit_price": Decimal("15.28"),
         "quantity": 5, "day": date(2019, 3, 8), "clock": "10:29", "sold_at": datetime(2019, 3, 8, 10, 29, tzinfo=UTC),
         "payment": "Cash", "rating": 9.6},
    ]  # fmt: skip
    assert bad(rows) == {2: ["date"], 3: ["required", "negative"]}


@only(EXPORT)
def test_an_export_with_semicolons_and_decimal_commas(box: Box, dataset: Dataset) -> None:
    rows = land(box, dataset, EXPORT_FILE)
    assert good(rows) == [
        {"receipt": "R-1", "product": "Lampe, groß", "quantity": 1250, "unit_price": Decimal("1234.50"),
         "discount": 0.15, "sold_at": datetime(2024, 12, 24, tzinfo=UTC)},
        {"receipt": "R-2", "product": "Tisch; rund", "quantity": 2, "unit_price": Decimal("999.00"),
         "sold_at": datetime(2025, 2, 1, 17, 30, 5, tzinfo=UTC)},
        {"receipt": "R-3", "product": 'Stuhl "Nord"\nin Eiche', "quantity": 3, "unit_price": Decimal("-12.50"),
         "discount": 0.15, "sold_at": datetime(2025, 2, 1, 10, tzinfo=UTC)},
    ]  # fmt: skip
    assert bad(rows) == {
        3: ["number_format"],
        4: ["number_format"],
        5: ["number_format", "date"],
        6: ["scale", "date"],
        7: ["many_fields"],
    }


REFUSED = {
    "no name of a needed field": (
        RETAIL, "InvoiceNo,StockCode,InvoiceDate,UnitPrice\n",
        "missing_column: quantity or Quantity not among InvoiceNo, StockCode, InvoiceDate, UnitPrice",
    ),
    "commas where semicolons are declared": (
        EXPORT, EXPORT_FILE.splitlines()[0].replace(";", ","),
        "delimiter: columns are separated by comma; a semicolon is needed",
    ),
    "bars where commas are declared": (
        RETAIL, RETAIL_FILE.splitlines()[0].replace(",", "|"),
        "delimiter: columns are separated by bar; a comma is needed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("dataset", "header", "reason"), REFUSED.values(), ids=REFUSED, indirect=["dataset"])
def test_a_foreign_header_is_refused_by_all_its_names(box: Box, dataset: Dataset, header: str, reason: str) -> None:
    box.put(f"{dataset.name}/file.csv", header.encode())
    (decision,) = box.land().decisions
    assert (decision.status, decision.reason) == ("rejected", reason)

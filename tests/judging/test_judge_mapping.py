"""Names, forms of dates and decimal commas that a field declares, in JSON and CSV."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from judging_cases import Case, bad, bronze, check, good, plain

from lakehouse.judging.judge import judge
from lakehouse.judging.version import rules_version
from lakehouse.model import Column, Dataset, Field

MONEY = Field("price", Column("price", "decimal(12,2)"), aliases=("preis", "prix"), decimal_comma=True)
DATASET = Dataset(
    name="mapped",
    topic="mapped_topic",
    formats=("json", "csv"),
    fields=(
        MONEY,
        Field("count", Column("count", "bigint"), required=False, decimal_comma=True),
        Field("share", Column("share", "double"), required=False, decimal_comma=True),
        Field(
            "day", Column("day", "date"), required=False, aliases=("Tag",), formats=("%d.%m.%Y", "%m/%d/%y", "%d-%b-%Y")
        ),
        Field("at", Column("at", "timestamp"), required=False, formats=("%d/%m/%Y %H:%M:%S %z", "%I:%M %p, %m/%d/%Y")),
    ),
    key=None,
    time_column="at",
)

CSV = "preis,day"
CASES = [
    good("source", b'{"price": "1,50"}', price=Decimal("1.50")),
    good("first alias", b'{"preis": "1,50"}', price=Decimal("1.50")),
    good("second alias", b'{"prix": "1,50"}', price=Decimal("1.50")),
    good("source before alias", b'{"prix": "3", "preis": "2", "price": "1"}', price=Decimal("1.00")),
    good("source null", b'{"price": null, "preis": "2", "prix": "3"}', price=Decimal("2.00")),
    good("source blank", b'{"price": "  ", "prix": "3"}', price=Decimal("3.00")),
    bad("a bad source is not passed over", b'{"price": "x", "prix": "3"}', "number_format"),
    bad("none", b'{"Price": "1"}', "required"),
    good("thousands", b'{"price": "1.234.567,89"}', price=Decimal("1234567.89")),
    good("thousands alone", b'{"price": "1.234"}', price=Decimal("1234.00")),
    good("no thousands", b'{"price": "1234567,8"}', price=Decimal("1234567.80")),
    good("sign and blanks", b'{"price": " -1.234,5 "}', price=Decimal("-1234.50")),
    bad("a point for a comma", b'{"price": "12.5"}', "number_format"),
    bad("a point for a comma, two places", b'{"price": "1234.56"}', "number_format"),
    bad("English thousands", b'{"price": "1,234.56"}', "number_format"),
    bad("two commas", b'{"price": "1,234,567"}', "number_format"),
    bad("thousands of four", b'{"price": "1234.567,00"}', "number_format"),
    bad("comma at the end", b'{"price": "1,"}', "number_format"),
    bad("three places", b'{"price": "1,234"}', "scale"),
    good("a number of JSON has a point", b'{"price": 12.5}', price=Decimal("12.50")),
    good("a number of JSON with an exponent", b'{"price": 1.25e1}', price=Decimal("12.50")),
    good("whole", b'{"price": 1, "count": "1.000"}', count=1000),
    bad("whole with places", b'{"price": 1, "count": "1,5"}', "number_format"),
    good("double", b'{"price": 1, "share": "1.000,25"}', share=1000.25),
    good("double with an exponent", b'{"price": 1, "share": "2,5E-3"}', share=0.0025),
    bad("double with a point", b'{"price": 1, "share": "2.5E-3"}', "number_format"),
    good("day ISO", b'{"price": 1, "day": "2024-02-03"}', day=date(2024, 2, 3)),
    good("day first format", b'{"price": 1, "Tag": "3.2.2024"}', day=date(2024, 2, 3)),
    good("day second format", b'{"price": 1, "day": "2/3/24"}', day=date(2024, 2, 3)),
    good("day third format", b'{"price": 1, "day": "03-Feb-2024"}', day=date(2024, 2, 3)),
    bad("day of no form", b'{"price": 1, "day": "2024/02/03"}', "date"),
    bad("day that does not exist", b'{"price": 1, "day": "30.02.2024"}', "date"),
    bad("day with more behind", b'{"price": 1, "day": "03.02.2024 10:00"}', "date"),
    bad("two digits for four", b'{"price": 1, "day": "03.02.24"}', "date"),
    good("time with a zone", b'{"price": 1, "at": "03/02/2024 01:30:00 +0200"}', at=datetime(2024, 2, 2, 23, 30)),
    good("time without a zone", b'{"price": 1, "at": "1:30 PM, 2/3/2024"}', at=datetime(2024, 2, 3, 13, 30)),
    bad("time of 13 in the afternoon", b'{"price": 1, "at": "13:30 PM, 2/3/2024"}', "date"),
    bad("time at second 60", b'{"price": 1, "at": "03/02/2024 01:30:60 +0200"}', "date"),
    bad("time without the zone of its form", b'{"price": 1, "at": "03/02/2024 01:30:00"}', "date"),
    good("CSV by alias", b'"1.234,56",03.02.2024', format="csv", header=CSV, price=Decimal("1234.56")),
    good("CSV with both names", b"7,,8", format="csv", header="prix,day,price", price=Decimal("8.00")),
    good("CSV with the second alone", b"7,,", format="csv", header="prix,day,price", price=Decimal("7.00")),
    bad("CSV with a point", b"12.5,", "number_format", format="csv", header=CSV),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_mapped_record(case: Case) -> None:
    (row,) = judge(bronze([case]), DATASET).to_pylist()
    check({name: plain(value) for name, value in row.items()}, case)


def test_many_mapped_lines_are_read_as_one() -> None:
    cases = [good(f"{n}", f"{n}.000;03.02.2024".encode(), format="csv", header="preis;Tag") for n in range(1, 999)]
    dataset = Dataset("mapped", "t", ("csv",), DATASET.fields, None, "at", delimiter=";")
    rows = judge(bronze(cases), dataset).to_pylist()
    assert [row["price"] for row in rows] == [1000 * n for n in range(1, 999)]
    assert {row["day"] for row in rows} == {date(2024, 2, 3)}


def test_what_is_mapped_is_part_of_the_version_of_the_rules() -> None:
    def version(money: Field, **more: Any) -> str:
        return rules_version(Dataset("mapped", "t", ("csv",), (money,), None, "at", **more))

    column = MONEY.column
    versions = {
        version(Field("price", column)),
        version(Field("price", column, aliases=("preis",))),
        version(Field("price", column, formats=("%d",))),
        version(Field("price", column, decimal_comma=True)),
        version(Field("price", column), delimiter=";"),
        version(Field("price", column), drift="freeze"),
    }
    assert len(versions) == 6

"""How transactions are judged, by the ids of the catalogue of bad input."""

from datetime import datetime
from decimal import Decimal

import pytest
from judging_cases import Case, Row, bad, check, good, judge_cases

HEADER = "TransactionID,ClientID,ClientName,TransactionDate,Product,Quantity,UnitPrice,Amount,PaymentMethod"
SWAPPED = "PaymentMethod,Amount,UnitPrice,Quantity,Product,TransactionDate,ClientName,ClientID,TransactionID,Extra"
SIMPLE = "ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod"


def line(**changes: str) -> bytes:
    values = {
        "TransactionID": "t1", "ClientID": "c1", "ClientName": "Ada", "TransactionDate": "2025-01-05 10:00:00",
        "Product": "Lamp", "Quantity": "2", "UnitPrice": "10.50", "Amount": "21.00", "PaymentMethod": "card",
    }  # fmt: skip
    return ",".join((values | changes).values()).encode()


def csv_bad(id: str, raw: bytes, *reasons: str) -> Case:
    return bad(id, raw, *reasons, format="csv", header=HEADER)


def csv_good(id: str, raw: bytes, header: str = HEADER, **columns: object) -> Case:
    return good(id, raw, format="csv", header=header, **columns)


def dated(text: str) -> bytes:
    return line(TransactionDate=text)


CASES = [
    csv_good("plain", line(), amount=Decimal("21.00"), quantity=2, transaction_date=datetime(2025, 1, 5, 10)),
    csv_good("C01 C03 other order, one more column", b"card,21,10.5,2,Lamp,2025-01-05,Ada,c1,t1,x", SWAPPED,
             amount=Decimal("21.00"), transaction_id="t1", client_name="Ada"),
    csv_good("older layout", b"c1,Ada,2025-01-05,Lamp,19.99,cash", SIMPLE,
             amount=Decimal("19.99"), quantity=1, unit_price=None, transaction_id=None),
    csv_bad("C06 few fields", b"t1,c1,Ada", "few_fields"),
    csv_bad("C07 many fields", line() + b",more", "many_fields"),
    csv_bad("C09 Latin-1", line(ClientName="@").replace(b"@", b"Ren\xe9"), "encoding"),
    csv_bad("C11 NUL", line(Product="La\x00mp"), "control_char"),
    csv_good("C13 quoted line break", line(Product='"La\r\nmp"'), product="La\r\nmp"),
    csv_bad("C14 open quote", b't1,c1,"Ada,2025', "unclosed_quote"),
    csv_good("C15 doubled quotes", line(Product='"12"" plate"'), product='12" plate'),
    csv_good("quote in the middle", line(Product='5" pipe'), product='5" pipe'),
    csv_bad("C18 header again", HEADER.encode(), "repeated_header"),
    csv_bad("C28 scale", line(Amount="12.345"), "scale"),
    *(csv_bad(f"C29 {text}", line(Amount=text), "number_format")
      for text in ("1e3", "$5", "0x10", "NaN", "1E3", "1.0E3")),
    csv_bad("C29 thousands", line(Amount='"1,234.56"'), "number_format"),
    csv_good("C32 blanks", line(Amount=" 21 "), amount=Decimal("21.00")),
    csv_bad("C33 overflow", line(Amount="9999999999999.00"), "overflow"),
    csv_bad("C34 no amount and no price", line(Amount="", UnitPrice="", Quantity=""), "required"),
    csv_bad("C34 no product", line(Product="  "), "required"),
    csv_bad("C34 no client", line(ClientID=""), "required"),
    csv_good("amount from price", line(Amount="", Quantity=""), amount=Decimal("10.50"), quantity=1),
    csv_good("price may be missing", line(UnitPrice=""), unit_price=None, amount=Decimal("21.00")),
    csv_bad("C35 zero quantity", line(Quantity="0", Amount="0.00"), "not_sold"),
    csv_bad("C35 negative quantity", line(Quantity="-2", Amount="-21.00"), "not_sold"),
    csv_bad("C35 negative price", line(UnitPrice="-10.50", Amount="-21.00"), "not_sold", "negative"),
    csv_good("C35 refund", line(Quantity="-2", Amount="-21.00", PaymentMethod="refund"), amount=Decimal("-21.00")),
    csv_bad("C35 refund of a positive amount", line(Quantity="-2", Amount="21.00", PaymentMethod="refund"),
            "not_sold", "amount_mismatch"),
    *(csv_bad(f"C36 {text}", dated(text), "date")
      for text in ("2024-1-5", "31/12/2024", "20240102", "2024-02-30", "0000-00-00")),
    csv_bad("C39 before 2000", dated("1999-12-31"), "date_range"),
    csv_bad("C39 two days ahead", dated("2026-01-03"), "date_range"),
    csv_good("half a day ahead", dated("2026-01-01T12:00:00"), transaction_date=datetime(2026, 1, 1, 12)),
    *(csv_bad(f"C41 {text}", dated(f"2025-01-05 {text}"), "date") for text in ("23:59:60", "24:00:00", "25:00:00")),
    csv_good("zone", dated("2025-01-05T10:00:00+0530"), transaction_date=datetime(2025, 1, 5, 4, 30)),
    csv_bad("C43 3.0", line(Quantity="3.0"), "number_format"),
    csv_bad("C43 2147483648", line(Quantity="2147483648"), "overflow"),
    csv_bad("C49 mismatch", line(Amount="21.01"), "amount_mismatch"),
    csv_bad("C50 30,000 fields", b",".join([b"1"] * 30_000), "many_fields"),
    bad("F10 cut", line(), "too_long", format="csv", header=HEADER, is_cut=True),
    good("by topic", b'{"TransactionID": "k1", "ClientID": 7, "ClientName": "Bo", "TransactionDate": "2025-01-05",'
         b' "Product": "Lamp", "Amount": 12345678.90, "PaymentMethod": "card"}',
         amount=Decimal("12345678.90"), client_id="7", quantity=1),
    bad("several reasons", b'{"TransactionID": "k1"}', "required"),
    csv_bad("date and amount", line(TransactionDate="soon", Amount="x"), "date", "number_format"),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return judge_cases("transactions", CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_transaction_is_judged(rows: dict[str, Row], case: Case) -> None:
    check(rows[case.id], case)

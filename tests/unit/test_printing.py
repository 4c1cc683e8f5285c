"""Rows as a table, CSV and JSON: exact, and harmless to a terminal."""

import csv
import io
import json
import re
from decimal import Decimal

import pyarrow as pa

from lakehouse.lake import printing

AMOUNTS = [Decimal("1.50"), None, Decimal("-2.00"), Decimal("12345678901.10"), Decimal(0)]
ROWS = pa.table(
    {
        "name": ["a,b", 'say "x"', None, "\x1b[31mred\u202e", "é🎉"],
        "amount": pa.array(
            [Decimal("1.50"), None, Decimal("-2.00"), Decimal("12345678901.10"), Decimal(0)], pa.decimal128(14, 2)
        ),
        "ratio": [0.5, float("nan"), float("inf"), None, 2.0],
        "reasons": [["a", "b"], [], None, ["c"], None],
        "raw": [b"x", b"\xff\x00", None, b"", b"y"],
    }
)


def test_a_table_is_aligned_and_can_do_nothing_to_the_terminal() -> None:
    lines = printed("table", ROWS).splitlines()
    assert len(lines) == 7
    assert lines[0].startswith("name ")
    assert "\\x1b[31mred\\u202e" in lines[5]
    assert not re.search(r"[\x1b\u202e]", "".join(lines))
    assert lines[2].index("1.50") + 4 == lines[5].index("12345678901.10") + 14


def test_a_table_stops_after_a_thousand_rows_and_says_so() -> None:
    text = printed("table", pa.table({"n": range(1_001)}))
    assert text.count("\n") == 1_003
    assert "FORMAT=csv" in text


def test_csv_can_be_read_back() -> None:
    rows = list(csv.reader(io.StringIO(printed("csv", ROWS), newline="")))
    assert rows[0] == ROWS.column_names
    assert rows[1] == ["a,b", "1.50", "0.5", "a,b", "x"]
    assert rows[3][:2] == ["", "-2.00"]


def test_json_can_be_read_back_with_exact_numbers() -> None:
    rows = json.loads(printed("json", ROWS), parse_float=Decimal)
    assert [row["amount"] for row in rows] == ROWS["amount"].to_pylist()
    assert rows[0]["reasons"] == ["a", "b"]
    assert rows[1]["ratio"] is None
    assert rows[3]["name"] == "\x1b[31mred\u202e"
    assert json.loads(printed("json", ROWS.slice(0, 0))) == []


def printed(form: str, table: pa.Table) -> str:
    out = io.StringIO()
    printing.write(out, table.to_reader(), form)
    return out.getvalue()

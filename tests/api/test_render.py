"""Numbers and text on their way into JSON."""

import json
from decimal import Decimal

import pyarrow as pa
import pytest

from lakehouse.query import render


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1500.00"), "1500.0"),
        (Decimal("1500.25"), "1500.25"),
        (Decimal("1500.50"), "1500.5"),
        (Decimal("0.00"), "0.0"),
        (Decimal("-0.10"), "-0.1"),
        (Decimal("100"), "100.0"),
        (Decimal("1E+3"), "1000.0"),
        (Decimal("0.1") + Decimal("0.2"), "0.3"),
        (Decimal("123456789012345678901234567890123456.78"), "123456789012345678901234567890123456.78"),
        (75.3, "75.3"),
        (1 / 3, "0.3333333333333333"),
        (float("nan"), "null"),
        (float("inf"), "null"),
        (None, "null"),
        (200, "200"),
        (2**62, "4611686018427387904"),
        ('a"b\\\n</script>\u2028😀é', '"a\\"b\\\\\\n</script>\u2028😀é"'),
    ],
)
def test_a_value_becomes_this_text(value: object, text: str) -> None:
    assert render.scalar(value) == text
    json.loads(text)


def test_a_page_has_the_named_columns_in_that_order() -> None:
    table = pa.table({"b": [1, 2], "unused": [0, 0], "a": ["x", None]})
    assert render.page(table, ["a", "b"]) == b'[{"a": "x", "b": 1}, {"a": null, "b": 2}]'

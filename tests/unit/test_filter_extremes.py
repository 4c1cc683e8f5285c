"""No value that a column can hold makes a comparison fail."""

import itertools
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from lakehouse.query.errors import FilterError
from lakehouse.query.files import matching
from lakehouse.query.filter.conditions import compile_filter

EDGES = pa.record_batch(
    {
        "small": pa.array([2**31 - 1, -(2**31), None], pa.int32()),
        "large": pa.array([2**63 - 1, -(2**63), 2**53 + 1]),
        "money": pa.array([Decimal("999999999999.99"), Decimal("-999999999999.99"), None], pa.decimal128(14, 2)),
        "total": pa.array([Decimal(f"{'9' * 36}.99"), Decimal(f"-{'9' * 36}.99"), None], pa.decimal128(38, 2)),
        "ratio": pa.array([1e308, float("nan"), float("inf")]),
        "day": pa.array([date(1, 1, 1), date(9999, 12, 31), None]),
        "time": pa.array([-(2**63), 2**63 - 1, 0], pa.timestamp("us", "UTC")),
        "text": pa.array(["", "\x00", "\U0010ffff"]),
        "raw": pa.array([b"", b"\xff\xfe", None]),
        "list": pa.array([[], ["a", None], None], pa.list_(pa.string())),
    }
)
LITERALS = {
    "small": ("2147483648", "-99999999999", "0.5", "1e300", "-1e300"),
    "large": ("9223372036854775808", "-9223372036854775809", "9223372036854775807", "1e-300", "0.1"),
    "money": ("999999999999.99", "999999999999.991", "1e15", "-1e15", "0.005"),
    "total": ("9e35", "1e40", "-1e40", "0.001", "1" * 40),
    "ratio": ("1e308", "-1e308", "1e-320", "0", "9" * 40),
    "day": ("'0001-01-01'", "'9999-12-31'", "TIMESTAMP '9999-12-31 23:59:59.999999'", "DATE '1969-12-31'"),
    "time": ("'0001-01-01'", "'9999-12-31 23:59:59.999999'", "DATE '1970-01-01'", "'0001-01-01 00:00:00+00:00'"),
    "text": ("''", "'\U0010ffff'"),
    "raw": ("''", "'é'"),
    "list": ("''", "'a,'"),
}
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


@pytest.mark.parametrize("name", EDGES.schema.names)
@pytest.mark.parametrize("shape", ["{0} {2} {1}", "{1} {2} {0}", "{0} IN ({1}, {1})", "{0} BETWEEN {1} AND {1}"])
def test_a_literal_at_the_edge_can_be_compared(name: str, shape: str) -> None:
    for literal, op in itertools.product(LITERALS[name], OPERATORS):
        condition = compile_filter(shape.format(name, literal, op), EDGES.schema)
        assert len(matching(EDGES, condition.expression)) <= 3


@pytest.mark.parametrize("pair", list(itertools.permutations(EDGES.schema.names, 2)), ids="-".join)
def test_two_columns_are_compared_or_refused(pair: tuple[str, str]) -> None:
    for op in OPERATORS:
        try:
            condition = compile_filter(f"{pair[0]} {op} {pair[1]}", EDGES.schema)
        except FilterError:
            continue
        assert len(matching(EDGES, condition.expression)) <= 3


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("large = 9223372036854775807", [0]),
        ("large < 9223372036854775808", [0, 1, 2]),
        ("large > 9007199254740992", [0, 2]),
        ("large = 9007199254740993", [2]),
        ("large = 9007199254740992", []),
        ("large <> 9007199254740992.5", [0, 1, 2]),
        ("money > 999999999999.98", [0]),
        ("money >= 999999999999.991", []),
        ("money < 1e15", [0, 1]),
        ("NOT money < 1e15", []),
        ("NOT money > 1e15", [0, 1]),
        ("day = '0001-01-01'", [0]),
        ("day < TIMESTAMP '0001-01-01 00:00:00.000001'", [0]),
        ("text = ''", [0]),
        ("list = ''", [0]),
        ("raw <> ''", [1]),
    ],
)
def test_comparisons_at_the_edge_are_exact(condition: str, rows: list[int]) -> None:
    assert matching(EDGES, compile_filter(condition, EDGES.schema).expression).to_pylist() == rows


def test_long_like_patterns_are_matched_in_bounded_time() -> None:
    batch = pa.record_batch({"text": pa.array(["a" * 10_000 + "b"] * 10)})
    for pattern in ("%a" * 900, "_" * 1_900, "%_" * 900, "é%" * 900):
        for word in ("LIKE", "ILIKE"):
            condition = compile_filter(f"text {word} '{pattern}'", batch.schema)
            assert len(matching(batch, condition.expression)) in (0, 10)

"""Comparisons of a column with literals, as Arrow expressions with SQL's three-valued logic.

Integers, decimals, dates and timestamps lie on a grid of representable values. A literal between two points, or beyond
both ends, is compared exactly all the same: the comparison is moved to the nearest point instead of casting the column,
so nothing is rounded and the statistics of the files still prune.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from math import floor, isinf
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from lakehouse.query.errors import FilterError
from lakehouse.query.filter import operands
from lakehouse.query.filter.operands import Literal, Operand

UNKNOWN = pc.scalar(pa.scalar(None, pa.bool_()))
_APPLY: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Kinds of columns that can be compared with each other; any other with its own alone.
_GROUPS = (operands.NUMBERS, operands.MOMENTS)
_DAY = 86_400_000_000


@dataclass(frozen=True)
class _Grid:
    """The values of a type, numbered by integers: `low` to `high` exist, `make` turns a number into a scalar."""

    low: int
    high: int
    make: Callable[[int], pa.Scalar]


def always(field: ds.Expression) -> ds.Expression:
    """Return what is true where the field has a value and unknown where it is NULL."""
    return field.is_valid() | UNKNOWN


def never(field: ds.Expression) -> ds.Expression:
    """Return what is false where the field has a value and unknown where it is NULL."""
    return field.is_null() & UNKNOWN


def compare(op: str, left: Operand | Literal, right: Operand | Literal) -> ds.Expression:
    """Return `left op right`; raises FilterError where their types cannot be compared, or neither is a column."""
    if isinstance(left, Literal):
        if isinstance(right, Literal):
            raise FilterError("One side of a comparison must be a column.")
        return compare(_FLIPPED.get(op, op), right, left)
    if isinstance(right, Literal) and right.kind is None:
        return UNKNOWN
    place = _place(left, right) if isinstance(right, Literal) else _beside(right, left)
    if isinstance(place, Fraction):
        return _on_grid(op, left.field, place, _grid(left.type))
    if left.kind == operands.BOOLEAN and op not in ("=", "<>"):
        raise FilterError(f"{left.name} is a boolean, which has no order: use = or <>.")
    return _APPLY[op](_beside(left, right) if isinstance(right, Operand) else left.field, place)


def among(column: Operand, literals: Sequence[Literal]) -> ds.Expression:
    """Return `column IN (literals)`; with a NULL in the list what is not found is unknown."""
    places = [_place(column, literal) for literal in literals if literal.kind is not None]
    if places and isinstance(places[0], Fraction):
        grid = _grid(column.type)
        whole = [int(p) for p in places if isinstance(p, Fraction) and p.denominator == 1]
        values = [grid.make(n) for n in whole if grid.low <= n <= grid.high]
    else:
        values = [place for place in places if isinstance(place, pa.Scalar)]
    found = never(column.field)
    if values:
        # is_in says false for NULL, where SQL says unknown: the equality brings that back.
        found = (column.field == values[0]) | column.field.isin(pa.array([v.as_py() for v in values], column.type))
    return found | UNKNOWN if len(places) < len(literals) else found


def _beside(column: Operand, other: Operand) -> ds.Expression:
    """Return a column's field, in the type of the other one where Arrow would not cast it, or not all its values.

    Raises FilterError where the two cannot be compared.
    """
    if column.kind != other.kind and not any(column.kind in group and other.kind in group for group in _GROUPS):
        raise FilterError(f"{other.name} is {other.kind} and {column.name} is {column.kind}: they cannot be compared.")
    if column.kind == operands.DATE and other.kind == operands.TIMESTAMP:
        return column.field.cast(other.type)
    if column.kind == operands.INTEGER and other.kind == operands.DOUBLE:
        # Beyond 2**53 the nearest double, as other engines have it; Arrow's own cast fails there.
        return column.field.cast(other.type, safe=False)
    return column.field


def _place(column: Operand, literal: Literal) -> Fraction | pa.Scalar:
    """Return where a literal lies: a number on the column's grid, or a scalar where the type has none."""
    kind, given = column.kind, literal.kind
    if kind in operands.NUMBERS and given == operands.DECIMAL:
        return _number_place(column, operands.number(literal.text))
    if kind in operands.MOMENTS and given in (*operands.MOMENTS, operands.TEXT):
        moment = operands.microseconds(literal.text)
        return Fraction(moment, _DAY) if kind == operands.DATE else Fraction(moment)
    if kind == given == operands.BOOLEAN:
        return pa.scalar(literal.text == "true")
    if kind == given == operands.TEXT:
        return pa.scalar(literal.text, column.type)
    if kind == operands.BINARY and given == operands.TEXT:
        return pa.scalar(literal.text.encode(), column.type)
    raise FilterError(f"{column.name} is {column.kind} ({column.type}) and cannot be compared with {literal.shown()}.")


def _number_place(column: Operand, value: Decimal) -> Fraction | pa.Scalar:
    if column.kind == operands.DOUBLE:
        if isinf(float(value)):
            raise FilterError(f"{value} is beyond what {column.name}, a double, can hold.")
        return pa.scalar(float(value), column.type)
    scale = column.type.scale if column.kind == operands.DECIMAL else 0
    return Fraction(value) * 10**scale


def _grid(type_: pa.DataType) -> _Grid:
    if pa.types.is_decimal(type_):
        last, scale = 10**type_.precision - 1, type_.scale
        exact = Context(prec=80)
        return _Grid(-last, last, lambda n: pa.scalar(exact.scaleb(Decimal(n), -scale), type_))
    if pa.types.is_date(type_):
        return _Grid(-719_162, 2_932_896, lambda n: pa.scalar(n, pa.date32()))
    half = 1 << ((64 if pa.types.is_timestamp(type_) else type_.bit_width) - 1)
    return _Grid(-half, half - 1, lambda n: pa.scalar(n, type_))


def _on_grid(op: str, field: ds.Expression, place: Fraction, grid: _Grid) -> ds.Expression:
    point, is_exact = floor(place), place.denominator == 1
    if op in ("=", "<>"):
        if is_exact and grid.low <= point <= grid.high:
            return _APPLY[op](field, grid.make(point))
        return never(field) if op == "=" else always(field)
    if not is_exact:
        op = {"<": "<=", ">=": ">"}.get(op, op)
    if point > grid.high:
        return always(field) if op in ("<", "<=") else never(field)
    if point < grid.low:
        return never(field) if op in ("<", "<=") else always(field)
    return _APPLY[op](field, grid.make(point))

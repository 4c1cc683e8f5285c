"""Rows as JSON text, with exact numbers: a decimal never passes through binary floating point."""

import json
import math
from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa


def decimal(value: Decimal) -> str:
    """Return a decimal as a JSON number with at least one digit after the point: `1500.0`, `1500.25`."""
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def scalar(value: object) -> str:
    """Return a value of a gold column as JSON text; what JSON has no number for (NaN, infinity) is null."""
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value, ensure_ascii=False)


def page(table: pa.Table, names: Sequence[str]) -> bytes:
    """Return the rows of a table as a JSON array of objects with the named columns, in that order, as UTF-8."""
    columns = [[f"{json.dumps(name)}: {scalar(value)}" for value in table[name].to_pylist()] for name in names]
    rows = ("{" + ", ".join(cells) + "}" for cells in zip(*columns, strict=True))
    return f"[{', '.join(rows)}]".encode()

"""Rows as JSON or CSV, with exact numbers: a decimal never passes through binary floating point."""

import json
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

CSV = "text/csv; charset=utf-8; header=present"


def decimal(value: Decimal) -> str:
    """Return a decimal as a JSON number with at least one digit after the point: `1500.0`, `1500.25`."""
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def scalar(value: object) -> str:
    """Return a value of a gold column as JSON text; what JSON has no number for (NaN, infinity) is null.

    Times are ISO 8601 in UTC, bytes are read as UTF-8.
    """
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    if isinstance(value, datetime):
        return f'"{value:%Y-%m-%dT%H:%M:%S}{f".{value.microsecond:06d}" if value.microsecond else ""}Z"'
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False)


def page(table: pa.Table, names: Sequence[str]) -> bytes:
    """Return the rows of a table as a JSON array of objects with the named columns, in that order, as UTF-8."""
    columns = [[f"{json.dumps(name)}: {scalar(value)}" for value in table[name].to_pylist()] for name in names]
    rows = ("{" + ", ".join(cells) + "}" for cells in zip(*columns, strict=True))
    return f"[{', '.join(rows)}]".encode()


def csv(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """Return rows of texts as CSV (RFC 4180) with a header line; NULL is an empty field, an empty text is `""`."""
    return csv_lines((names, *rows))


def csv_lines(rows: Iterable[Sequence[str | None]]) -> bytes:
    """Return rows as lines of CSV, without a header."""
    lines = (",".join("" if cell is None else _field(cell) for cell in row) for row in rows)
    return "".join(f"{line}\r\n" for line in lines).encode()


def csv_of_page(body: bytes, names: Sequence[str]) -> bytes:
    """Return a page of JSON rows as CSV, each number as it stands there."""
    rows = json.loads(body, parse_float=str, parse_int=str)
    return csv(names, ([_cell(row[name]) for name in names] for row in rows))


def _cell(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _field(cell: str) -> str:
    needs_quotes = not cell or any(character in cell for character in ',"\r\n')
    return '"' + cell.replace('"', '""') + '"' if needs_quotes else cell

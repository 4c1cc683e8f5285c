"""Rows on a terminal, as CSV or as JSON; text out of the data can do nothing to the terminal."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import TextIO

import pyarrow as pa

FORMATS = ("table", "csv", "json")
# Rows that a table on a terminal shows, and the widest a column of it gets.
MOST_ROWS, MOST_WIDTH = 1_000, 60
# Control characters and those that turn the direction of writing.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def write(out: TextIO, reader: pa.RecordBatchReader, form: str) -> int:
    """Write the rows of a stream in one of `FORMATS`; return how many were written.

    A table is laid out as a whole and stops after MOST_ROWS rows, saying so; CSV and JSON are written as rows come.
    """
    return {"table": _table, "csv": _csv, "json": _json}[form](out, reader)


def safe(text: str) -> str:
    """Return a text whose control characters and direction marks are shown as escapes such as `\\x1b`."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def plain(value: object) -> str:
    """Return a value as text: exact decimals, times in UTC, bytes as UTF-8, NULL as an empty text."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.replace(tzinfo=None).isoformat(" ")
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case list():
            return ",".join(plain(item) for item in value)
    return str(value)


def _rows(reader: pa.RecordBatchReader) -> Iterator[Sequence[object]]:
    for batch in reader:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _table(out: TextIO, reader: pa.RecordBatchReader) -> int:
    names, numeric = reader.schema.names, [_is_number(field.type) for field in reader.schema]
    found = list(islice(_rows(reader), MOST_ROWS + 1))
    rows = [[_short("NULL" if value is None else safe(plain(value))) for value in row] for row in found[:MOST_ROWS]]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for line in (names, ["-" * width for width in widths], *rows):
        cells = (
            f"{cell:>{width}}" if right else f"{cell:<{width}}"
            for cell, width, right in zip(line, widths, numeric, strict=True)
        )
        out.write("  ".join(cells).rstrip() + "\n")
    if len(found) > MOST_ROWS:
        out.write(f"… the first {MOST_ROWS:,} rows; FORMAT=csv gives all.\n")
    return len(rows)


def _short(text: str) -> str:
    return text if len(text) <= MOST_WIDTH else text[: MOST_WIDTH - 1] + "…"


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _csv(out: TextIO, reader: pa.RecordBatchReader) -> int:
    writer, count = csv.writer(out, lineterminator="\n"), 0
    writer.writerow(reader.schema.names)
    for row in _rows(reader):
        writer.writerow([plain(value) for value in row])
        count += 1
    return count


def _json(out: TextIO, reader: pa.RecordBatchReader) -> int:
    names, count = [json.dumps(name) for name in reader.schema.names], 0
    out.write("[")
    for row in _rows(reader):
        cells = (f"{name}: {_json_value(value)}" for name, value in zip(names, row, strict=True))
        out.write((",\n " if count else "\n ") + "{" + ", ".join(cells) + "}")
        count += 1
    out.write("\n]\n" if count else "]\n")
    return count


def _json_value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_json_value(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and value - value != 0:
        return "null"
    if isinstance(value, date | bytes):
        return json.dumps(plain(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=str)

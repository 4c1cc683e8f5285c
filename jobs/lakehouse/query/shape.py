"""Rows as they leave: masked, in Athena's result shape, as texts, as an Arrow stream."""

from collections.abc import Collection, Iterable
from datetime import datetime

import pyarrow as pa

from lakehouse.lake.printing import plain

MASK = "***"


def masked(rows: pa.Table, count: int, schema: pa.Schema, hidden: Collection[str]) -> pa.Table:
    """Return `count` rows with the columns of `schema`, those of `hidden` holding `***` throughout, or NULL.

    NULL stands where a column's type is no text: a date or a number can hold no mask.

    Hidden columns were never read, so not even which of them are NULL is told.
    """
    columns = []
    for field in schema:
        if field.name in hidden:
            holds_text = pa.types.is_binary(field.type) or pa.types.is_string(field.type)
            mask = pa.scalar(MASK).cast(field.type) if holds_text else pa.scalar(None, field.type)
            columns.append(pa.repeat(mask, count))
        else:
            columns.append(rows[field.name])
    return pa.table(columns, names=schema.names)


def result_set(rows: pa.Table) -> dict[str, object]:
    """Return the rows as Athena does: the names first, every value a text, NULL an empty object."""
    head = {"Data": [{"VarCharValue": name} for name in rows.column_names]}
    body = ({"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in texts(rows))
    return {"ResultSet": {"Rows": [head, *body]}}


def arrow_stream(rows: pa.Table) -> bytes:
    """Return the rows as an Arrow IPC stream, with their types."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def text(value: object) -> str | None:
    """Return a value as text: times in UTC, exact decimals, lists joined with commas, bytes as UTF-8; NULL is None."""
    if value is None:
        return None
    return _moment(value) if isinstance(value, datetime) else plain(value)


def _moment(value: datetime) -> str:
    """Return a time as Athena writes it, to the millisecond; to the microsecond only where it has any."""
    precision = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.replace(tzinfo=None).isoformat(" ", precision)


def texts(rows: pa.Table | pa.RecordBatch) -> Iterable[tuple[str | None, ...]]:
    """Return the rows with each value as text; two columns may have the same name.

    Raises ArithmeticError, ValueError or NotImplementedError for a value that Python cannot hold.
    """
    columns = [[text(value) for value in _to_microseconds(column).to_pylist()] for column in rows.columns]
    return zip(*columns, strict=True)


def _to_microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times without the nanoseconds of SQL's own, such as now(): Python's have none."""
    match column.type:
        case pa.TimestampType(unit="ns", tz=zone):
            coarser = pa.timestamp("us", zone)
        case pa.Time64Type(unit="ns"):
            coarser = pa.time64("us")
        case pa.DurationType(unit="ns"):
            coarser = pa.duration("us")
        case _:
            return column
    return column.cast(coarser, safe=False)

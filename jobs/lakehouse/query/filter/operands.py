"""The two sides of a comparison: a column with its kind of values, and literals read exactly."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from lakehouse.query.errors import FilterError

TEXT, INTEGER, DECIMAL, DOUBLE = "text", "integer", "decimal", "double"
BOOLEAN, DATE, TIMESTAMP, BINARY = "boolean", "date", "timestamp", "binary"
NUMBERS = (INTEGER, DECIMAL, DOUBLE)
MOMENTS = (DATE, TIMESTAMP)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?\s?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True)
class Operand:
    """A column as filters see it: `kind` is its kind of values, `field` the Arrow expression of its value.

    `type` is the Arrow type of that expression. A list of texts counts as its items joined with commas.
    """

    name: str
    kind: str
    type: pa.DataType
    field: ds.Expression


def operand(name: str, type_: pa.DataType) -> Operand:
    """Return the operand for a column of an Arrow schema; raises FilterError where its type cannot be compared."""
    field = ds.field(name)
    if pa.types.is_list(type_):
        return Operand(name, TEXT, pa.string(), pc.binary_join(field, pc.scalar(",")))
    tests = {
        TEXT: lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
        INTEGER: pa.types.is_integer,
        DECIMAL: pa.types.is_decimal,
        DOUBLE: pa.types.is_floating,
        BOOLEAN: pa.types.is_boolean,
        DATE: pa.types.is_date,
        TIMESTAMP: pa.types.is_timestamp,
        BINARY: pa.types.is_binary,
    }
    kind = next((kind for kind, test in tests.items() if test(type_)), None)
    if kind is None:
        raise FilterError(f"{name} is of type {type_}, which filters cannot compare.")
    return Operand(name, kind, type_, field)


@dataclass(frozen=True)
class Literal:
    """A literal as it was written; `kind` is TEXT, DECIMAL (any number), BOOLEAN, DATE or TIMESTAMP, None for NULL."""

    kind: str | None
    text: str = ""

    def shown(self) -> str:
        """Return the literal for a message, cut to a bearable length."""
        cut = self.text if len(self.text) <= 40 else self.text[:40] + "…"
        return f"the {'number' if self.kind == DECIMAL else self.kind} {cut!r}"


def moment(text: str, *, is_date: bool) -> Literal:
    """Return the literal of DATE or TIMESTAMP; raises FilterError for a date that holds a time."""
    if is_date and len(text) > 10:
        raise FilterError(f"DATE {text[:40]!r} holds more than a day: write TIMESTAMP {text[:40]!r}.")
    return Literal(DATE if is_date else TIMESTAMP, text)


def number(text: str) -> Decimal:
    """Return the exact value of a number literal; raises FilterError for a form or a size beyond all columns."""
    if not _NUMBER.fullmatch(text):
        raise FilterError(f"{text[:40]!r} is not a number that filters know, such as 12, -0.5 or 1e3.")
    return Decimal(text)


def microseconds(text: str) -> int:
    """Return a date or time literal as microseconds since 1970 UTC; without a zone it is UTC.

    Raises FilterError for any other form and for days that do not exist.
    """
    match = _MOMENT.fullmatch(text)
    # What is no date at all is left to fail below, like a date that does not exist.
    day, clock, fraction, zone = match.groups() if match else ("", None, None, None)
    zone = "+00:00" if not zone or zone.upper() == "Z" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}.{(fraction or '0').ljust(6, '0')}{zone}")
        return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise FilterError(
            f"{text[:40]!r} is not a date or time, such as DATE '2024-01-31' or TIMESTAMP '2024-01-31 12:00:00'."
        ) from error

"""Text -> typed values: null where a text is not exactly a value of the type.

Each type is a strict pattern and a conversion that refuses what does not exist, such as the 30th of February. Digits
are those of ASCII, times are in UTC with microseconds.
"""

from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from lakehouse.judging.columns import BLANKS

INTEGER = r"^[+-]?[0-9]+$"
DECIMAL = r"^[+-]?[0-9]+(\.[0-9]+)?$"
DOUBLE = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
BOOLEAN = "^(?i:true|false)$"
# A number with a decimal comma; points, where there are any, stand between thousands.
_COMMA = r"^[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?([eE][+-]?[0-9]{1,3})?$"

# Neither 24:00:00 nor a leap second is a time of day.
_CLOCK, _SECONDS = "(?:[01][0-9]|2[0-3]):[0-5][0-9]", "[0-5][0-9]"
_ZONE = "Z|(?<sign>[+-])(?<hours>[01][0-9]):?(?<minutes>[0-5][0-9])"
_TIME = rf"(?<clock>{_CLOCK})(?::(?<seconds>{_SECONDS})(?:\.(?<fraction>[0-9]{{1,6}}))?)?(?: ?(?:{_ZONE}))?"
_TIMESTAMP = rf"^(?<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[ T]{_TIME})?$"
_MAX_OFFSET = 18 * 60  # minutes, as java.time has it

_MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_OFFSET = "[+-]((0[0-9]|1[0-7])[0-5][0-9]|1800)"
_LOG_TIME = rf"^[0-9]{{2}}/{_MONTH}/[0-9]{{4}}:{_CLOCK}:{_SECONDS} {_OFFSET}$"

EPOCH = "^([0-9]{10}|[0-9]{13})$"

_UTC = pl.Datetime("us", "UTC")
_SIMPLE: dict[str, tuple[type[pl.DataType] | pl.DataType, pa.DataType]] = {
    "string": (pl.String, pa.string()),
    "boolean": (pl.Boolean, pa.bool_()),
    "int": (pl.Int32, pa.int32()),
    "bigint": (pl.Int64, pa.int64()),
    "double": (pl.Float64, pa.float64()),
    "date": (pl.Date, pa.date32()),
    "timestamp": (_UTC, pa.timestamp("us", "UTC")),
}
_PATTERNS = {"boolean": BOOLEAN, "int": INTEGER, "bigint": INTEGER, "double": DOUBLE, "date": DATE}


def is_decimal(kind: str) -> bool:
    """Return whether a Spark SQL type is a `decimal(precision,scale)`, as amounts of money are."""
    return kind.startswith("decimal")


def arrow_type(kind: str) -> pa.DataType:
    """Return the Arrow type of a Spark SQL type."""
    return pa.decimal128(*_precision_and_scale(kind)) if is_decimal(kind) else _SIMPLE[kind][1]


def _precision_and_scale(kind: str) -> tuple[int, int]:
    precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
    return int(precision), int(scale)


def pattern(kind: str) -> str:
    """Return the regular expression that the text of a number, a date or a boolean of this Spark SQL type fulfils."""
    if not is_decimal(kind):
        return _PATTERNS[kind]
    scale = _precision_and_scale(kind)[1]
    return rf"^[+-]?[0-9]+(\.[0-9]{{1,{scale}}})?$" if scale else INTEGER


def with_point(text: pl.Expr) -> pl.Expr:
    """Return numbers that are written as `1.234,56` as `1234.56`; no other text is a number afterwards."""
    bare = text.str.strip_chars(BLANKS)
    number = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    # In another form a point turns into a comma too: 12.5 is no number here, and must not be read as one.
    return pl.when(bare.str.contains(_COMMA)).then(number).otherwise(bare.str.replace_all(".", ",", literal=True))


def convert(text: pl.Series, kind: str, formats: Sequence[str] = ()) -> pl.Series:
    """Return the texts as values of a Spark SQL type, null where a text is not exactly one or the value does not fit.

    A double out of range is null, never infinite. A boolean is `true` or `false`. Times are `yyyy-MM-dd`,
    `yyyy-MM-dd HH:mm[:ss]`, ISO 8601, or in one of the `formats` (see model.Field); one without a zone is UTC.
    """
    if kind == "string":
        return text
    if kind == "timestamp":
        return _in_formats(_timestamp(text), text, formats)
    exact = pl.when(text.str.contains(pattern(kind))).then(text)
    if kind == "boolean":
        return pl.select(exact.str.to_lowercase() == "true").to_series()
    if kind == "date":
        return _in_formats(pl.select(exact.str.to_date("%Y-%m-%d", strict=False)).to_series(), text, formats)
    dtype = pl.Decimal(*_precision_and_scale(kind)) if is_decimal(kind) else _SIMPLE[kind][0]
    values = pl.select(exact.cast(dtype, strict=False)).to_series()
    return pl.select(pl.when(values.is_finite()).then(values)).to_series() if kind == "double" else values


def _in_formats(iso: pl.Series, text: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Return the dates or times with those that are in a format in the places of null, by the first one that fits.

    No second is 60, and no year is below 1000, which `%Y` makes of one with two digits; `%y` reads these.
    """
    if not formats:
        return iso
    found = [_read(pl.lit(text), form, iso.dtype) for form in formats]
    return pl.select(pl.coalesce(iso, *(pl.when(value.dt.year() >= 1000).then(value) for value in found))).to_series()


def _read(text: pl.Expr, form: str, dtype: pl.DataType) -> pl.Expr:
    if form in _NAMED:
        return _NAMED[form](text).cast(dtype)
    sound = pl.when(~text.str.contains(r":60\b")).then(text)
    if dtype == pl.Date:
        return sound.str.to_date(form, strict=False)
    return sound.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)


def _timestamp(text: pl.Series) -> pl.Series:
    # Integer arithmetic on the parts: several times faster than a format for each form a time can have.
    parts = text.str.extract_groups(_TIMESTAMP).struct.unnest()
    hours, minutes, seconds = _number("hours"), _number("minutes"), _number("seconds")
    offset = (hours * 60 + minutes) * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    clock = pl.col("clock").str
    minute = clock.head(2).cast(pl.Int64).fill_null(0) * 60 + clock.tail(2).cast(pl.Int64).fill_null(0) - offset
    day = pl.col("date").str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64)
    micros = pl.col("fraction").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    moment = ((day * 24 * 60 + minute) * 60 + seconds) * 1_000_000 + micros
    return parts.select(pl.when(offset.abs() <= _MAX_OFFSET).then(moment).cast(_UTC)).to_series()


def _number(part: str) -> pl.Expr:
    return pl.col(part).cast(pl.Int64).fill_null(0)


def _epoch(text: pl.Expr) -> pl.Expr:
    number = pl.when(text.str.contains(EPOCH)).then(text).cast(pl.Int64)
    return pl.when(text.str.len_bytes() == 10).then(number * 1_000_000).otherwise(number * 1_000).cast(_UTC)


def _log_time(text: pl.Expr) -> pl.Expr:
    # Source: Apache HTTP Server, mod_log_config, `%t`. Months are English whatever the locale. By a format alone,
    # offsets that do not exist would be taken.
    exact = pl.when(text.str.contains(_LOG_TIME)).then(text)
    return exact.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", strict=False, time_unit="us")


# Forms of times that a format alone cannot say.
_NAMED = {"epoch": _epoch, "log": _log_time}

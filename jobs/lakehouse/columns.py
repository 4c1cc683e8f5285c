"""Column -> Column: text that came from a source becomes a typed value, or null where it is not exactly that.

Every type is a strict pattern and `try_cast`; a value that the pattern refuses and one that does not fit are told apart
by the rules in `judge`.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

INTEGER = r"^[+-]?\d+$"
DECIMAL = r"^[+-]?\d+(\.\d+)?$"
CENTS = r"^[+-]?\d+(\.\d{1,2})?$"
DOUBLE = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?$"
_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_ZONE = r" ?(Z|[+-]\d{2}:?\d{2})"
DATE = rf"^{_DATE}$"
TIMESTAMP = rf"^{_DATE}([ T]{_TIME}({_ZONE})?)?$"
EPOCH = r"^(\d{10}|\d{13})$"
# NUL and the other control characters but tab, line feed and carriage return, which a quoted field may hold.
CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"

_BLANKS = " \t\r\n"


def trimmed(text: Column) -> Column:
    """Return the text without blanks around it, null where nothing is left."""
    return F.nullif(F.trim(text, F.lit(_BLANKS)), F.lit(""))


def without_exponent(text: Column) -> Column:
    """Return a JSON number as plain digits where Spark's reader wrote it with an exponent (from 10,000,000 on).

    Exact for up to 15 significant digits, the ones a double keeps (IEEE 754), so for every decimal(14,2).
    """
    plain = F.rtrim(F.rtrim(text.try_cast("decimal(38,12)").cast("string"), F.lit("0")), F.lit("."))
    return F.when(text.rlike(r"^-?\d(\.\d+)?E-?\d{1,3}$"), F.coalesce(plain, text)).otherwise(text)


def typed(text: Column, kind: str) -> Column:
    """Return the text as a value of the Spark SQL type `kind`, null where it is not exactly one."""
    if kind == "string":
        return text
    if kind == "timestamp":
        return timestamp(text)
    return F.when(text.rlike(pattern(kind)), text.try_cast(kind))


def pattern(kind: str) -> str:
    """Return the regular expression that the text of a value of this type fulfils; decimals are amounts of money."""
    if kind.startswith("decimal"):
        return CENTS
    return {"int": INTEGER, "bigint": INTEGER, "double": DOUBLE, "date": DATE, "timestamp": TIMESTAMP}[kind]


def timestamp(text: Column) -> Column:
    """Return a time in UTC from `yyyy-MM-dd`, `yyyy-MM-dd HH:mm[:ss]` or ISO 8601; without a zone it is UTC."""
    return F.when(text.rlike(TIMESTAMP), text.try_cast("timestamp"))


def epoch(text: Column) -> Column:
    """Return a time from seconds (10 digits) or milliseconds (13 digits) since 1970-01-01 UTC, else null."""
    number = text.try_cast("bigint")
    millis = F.when(F.length(text) == 10, number * 1000).otherwise(number)
    return F.when(text.rlike(EPOCH), F.timestamp_millis(millis))


def log_time(text: Column) -> Column:
    """Return a time in UTC from the log format's `10/Oct/2000:13:55:36 -0700`, else null.

    Source: Apache HTTP Server, mod_log_config, `%t`. Months are English whatever the locale.
    """
    months = "JanFebMarAprMayJunJulAugSepOctNovDec"
    place = F.instr(F.lit(months), F.substring(text, 4, 3))
    month = F.lpad(F.floor((place - 1) / 3 + 1).cast("string"), 2, "0")
    iso = F.concat(
        F.substring(text, 8, 4), F.lit("-"), month, F.lit("-"), F.substring(text, 1, 2), F.lit(" "),
        F.substring(text, 13, 8), F.substring(text, 22, 3), F.lit(":"), F.substring(text, 25, 2),
    )  # fmt: skip
    shape = text.rlike(r"^\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}$")
    return F.when(shape & (place % 3 == 1), iso.try_cast("timestamp"))

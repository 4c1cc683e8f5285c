"""JSON records -> their fields' values as text, or what is wrong with a record that is not one JSON object.

A strict decoder (RFC 8259) reads record by record and keeps each value as it is written, numbers digit by digit; of a
key that comes twice the last counts. What the values are is then told from their text, a column at a time.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from operator import attrgetter

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.judging.columns import BLANKS, text_name
from lakehouse.judging.types import is_decimal, with_point
from lakehouse.model import Dataset

# Far below the depth at which the decoders give up, which depends on how deep their caller's own calls are.
MAX_DEPTH = 500

_ENCODER = msgspec.json.Encoder()
_NULL = msgspec.Raw(b"null")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NUMBER_WITH_EXPONENT = r"^-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}$"
_NOT_OBJECT = re.compile(r'[\["0-9-]|(null|true|false)\Z')


class _NumberError(ValueError):
    """Raised where NaN or an infinity stands for a number, which RFC 8259 does not know."""


def parse_json(rows: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Return `row`, `problem` and the text of each field, by its names at the source, of the records in `line`.

    `problem` is depth, not_object, trailing_data, number_format (NaN or an infinity), encoding (half a surrogate pair,
    which no UTF-8 can hold) or syntax, null where the record is one object. A value that is an array or an object is
    text as it is written.
    """
    record_type = _record_type(dataset.names)
    records, problems = _decode(rows["line"].cast(pl.Binary).to_list(), record_type)
    columns = [rows["row"], pl.Series("problem", problems, dtype=pl.String)]
    fields = [(field, name) for field in dataset.fields for name in field.names]
    for (field, name), place in zip(fields, record_type.__struct_fields__, strict=True):
        written = _texts(map(attrgetter(place), records))
        text = _unquote(written)
        if is_decimal(field.column.type):
            text = _replace(text, written, written.str.contains(_NUMBER_WITH_EXPONENT), _without_exponent)
        if field.decimal_comma:
            is_text = written.str.starts_with('"')
            text = pl.select(pl.when(is_text).then(with_point(pl.lit(text))).otherwise(text)).to_series()
        columns.append(text.alias(text_name(name)))
    return pl.DataFrame(columns)


@lru_cache(maxsize=64)
def _record_type(sources: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a type with a field for each source name that keeps its value as it is written, null where it is not."""
    places = {f"value_{number}": source for number, source in enumerate(sources)}
    fields = [(place, msgspec.Raw, _NULL) for place in places]
    return msgspec.defstruct("Record", fields, rename=places, gc=False)


def _decode(lines: Sequence[bytes], record_type: type[msgspec.Struct]) -> tuple[list[msgspec.Struct], list[str | None]]:
    """Return a record for each line, one without values where it has a problem, and the problems."""
    decode = msgspec.json.Decoder(record_type).decode
    records = [record_type()] * len(lines)
    problems: list[str | None] = [None] * len(lines)
    for number, line in enumerate(lines):
        if len(line) > MAX_DEPTH and _is_deep(line):
            problems[number] = "depth"
            continue
        try:
            records[number] = decode(line)
        except msgspec.MsgspecError:
            problems[number] = _find_problem(line.decode())
        except RecursionError:
            problems[number] = "depth"
    return records, problems


def _is_deep(line: bytes) -> bool:
    """Return whether more than MAX_DEPTH arrays and objects are open at once."""
    if line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", line).translate(None, delete=_NO_BRACKETS)
    return any(depth > MAX_DEPTH for depth in accumulate(1 if bracket in b"[{" else -1 for bracket in brackets))


def _find_problem(line: str) -> str:
    start = line.strip(BLANKS)
    if _NOT_OBJECT.match(start):
        return "not_object"
    if not start.startswith("{"):
        return "syntax"
    try:
        end = _READER.raw_decode(start)[1]
    except _NumberError:
        return "number_format"
    except RecursionError:
        return "depth"
    except json.JSONDecodeError:
        return "syntax"
    # What Python's reader takes and the strict one does not is half a surrogate pair.
    return "trailing_data" if end < len(start) else "encoding"


def _refuse(constant: str) -> None:
    raise _NumberError(constant)


# Numbers stay text: int() refuses those of over 4,300 digits.
_READER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def _texts(values: Iterable[msgspec.Raw]) -> pl.Series:
    """Return the values as they are written, each as a text."""
    raws = list(values)
    # Lines that are split again take half the time of a bytes object for each value.
    texts = pc.split_pattern(pa.array([_ENCODER.encode_lines(raws)], pa.string()), "\n").flatten()[:-1]
    if len(texts) != len(raws):  # an array or an object is written over several lines
        texts = pa.array([bytes(raw) for raw in raws], pa.binary()).cast(pa.string())
    return pl.Series(values=texts)


def _unquote(written: pl.Series) -> pl.Series:
    """Return strings without their quotes and escapes, null for null, any other value as it is written.

    Of the JSON values only a string begins or ends with a quote.
    """
    text = pl.select(pl.when(written != "null").then(written.str.strip_prefix('"').str.strip_suffix('"'))).to_series()
    is_escaped = written.str.starts_with('"') & written.str.contains("\\", literal=True)
    return _replace(text, written, is_escaped, msgspec.json.Decoder(str).decode)


def _without_exponent(number: str) -> str:
    """Return a JSON number as plain digits, exactly; money is written so by many who hold it in a float."""
    return format(Decimal(number), "f")


def _replace(text: pl.Series, written: pl.Series, where: pl.Series, convert: Callable[[str], str]) -> pl.Series:
    """Return the texts with what was written converted one by one in the places where that is needed: in few."""
    places = where.arg_true()
    return text.scatter(places, [convert(value) for value in written.gather(places)]) if len(places) else text

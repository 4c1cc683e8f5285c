"""JSON records -> their fields' values as text, or what is wrong with a record that is not one JSON object.

A strict decoder (RFC 8259) reads record by record and keeps each value as it is written, numbers digit by digit; of a
key that comes twice the last counts. What the values are is then told from their text, a column at a time.
"""

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache, partial
from itertools import accumulate, count
from operator import attrgetter

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.judging.columns import BLANKS, text_name
from lakehouse.judging.drift import JSON_KINDS, MOST, NO_VALUE, Sightings
from lakehouse.judging.types import is_decimal, with_point
from lakehouse.model import Dataset, Field

# Far below the depth at which the decoders give up, which depends on how deep their caller's own calls are.
MAX_DEPTH = 500

_ENCODER = msgspec.json.Encoder()
_NULL = msgspec.Raw(b"null")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NUMBER_WITH_EXPONENT = r"^-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}$"
# What msgspec takes in no name of a field of a type of its own.
_UNFIT = re.compile(r'[\\"\x00-\x1f]')
_NOT_OBJECT = re.compile(r'[\["0-9-]|(null|true|false)\Z')


class _NumberError(ValueError):
    """Raised where NaN or an infinity stands for a number, which RFC 8259 does not know."""


def parse_json(rows: pl.DataFrame, dataset: Dataset, sightings: Sightings) -> pl.DataFrame:
    """Return `row`, `problem` and the text of each field, by its names at the source, of the records in `line`.

    `problem` is depth, not_object, trailing_data, number_format (NaN or an infinity), encoding (half a surrogate pair,
    which no UTF-8 can hold), syntax or, where the dataset is frozen, unknown_field; null where the record is one
    object. A value that is an array or an object is text as it is written. What is seen of the fields is put into
    `sightings`.
    """
    records, problems = _decode(rows, dataset, sightings)
    columns = [rows["row"], pl.Series("problem", problems, dtype=pl.String)]
    unread = len(problems) - problems.count(None)
    places = map(_place, count())
    for field in dataset.source_fields:
        values = [_texts(map(attrgetter(next(places)), records)) for _ in field.names]
        kinds = [_kinds(texts, unread) for texts in values]
        for kind, row in (item for of_name in kinds for item in of_name.items()):
            if kind != NO_VALUE or all(NO_VALUE in of_name for of_name in kinds):
                sightings.add(field.source, kind, rows["row"][row])
        for name, texts in zip(field.names, values, strict=True):
            columns.append(_text(field, pl.Series(values=texts)).alias(text_name(name)))
    return pl.DataFrame(columns)


def _text(field: Field, written: pl.Series) -> pl.Series:
    """Return the texts of a field's values from how these are written."""
    text = _unquote(written)
    if is_decimal(field.column.type):
        text = _replace(text, written, written.str.contains(_NUMBER_WITH_EXPONENT), _without_exponent)
    if field.decimal_comma:
        is_text = written.str.starts_with('"')
        text = pl.select(pl.when(is_text).then(with_point(pl.lit(text))).otherwise(text)).to_series()
    return text


def _place(number: int) -> str:
    return f"value_{number}"


@lru_cache(maxsize=256)
def _decoder(sources: tuple[str, ...], *, is_strict: bool) -> Callable[[bytes], msgspec.Struct]:
    """Return what reads a record: for each source name its value as it is written, null where it is not.

    A strict one takes no record with other fields.
    """
    places = {_place(number): source for number, source in enumerate(sources)}
    fields = [(place, msgspec.Raw, _NULL) for place in places]
    if any(map(_UNFIT.search, sources)):
        return partial(_decode_any, sources, msgspec.defstruct("Record", fields, gc=False), is_strict=is_strict)
    record = msgspec.defstruct("Record", fields, rename=places, gc=False, forbid_unknown_fields=is_strict)
    return msgspec.json.Decoder(record).decode


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode_any(
    sources: tuple[str, ...], record: type[msgspec.Struct], line: bytes, *, is_strict: bool
) -> msgspec.Struct:
    """Return what the decoder of a type would, whatever the names of the fields are."""
    found = _fields.decode(line)
    if is_strict and not found.keys() <= set(sources):
        raise msgspec.ValidationError
    return record(*(found.get(source, _NULL) for source in sources))


def _decode(
    rows: pl.DataFrame, dataset: Dataset, sightings: Sightings
) -> tuple[list[msgspec.Struct], list[str | None]]:
    """Return a record for each line, one without values where it has a problem, and the problems."""
    lines = rows["line"].cast(pl.Binary).to_list()
    plain, decode = (_decoder(dataset.names, is_strict=is_strict) for is_strict in (False, True))
    records = [plain(b"{}")] * len(lines)
    problems: list[str | None] = [None] * len(lines)
    others: set[str] = set()
    for number, line in enumerate(lines):
        if len(line) > MAX_DEPTH and _is_deep(line):
            problems[number] = "depth"
            continue
        try:
            records[number] = decode(line)
        except msgspec.MsgspecError:
            try:
                records[number], found = plain(line), _fields.decode(line)
            except msgspec.MsgspecError:
                problems[number] = _find_problem(line.decode())
                continue
            # It is a record with fields that are not declared. They are known from now on: few lines are read twice.
            fresh = [name for name in found if name not in dataset.names and name not in others]
            for name in fresh[: MOST - len(others)]:
                others.add(name)
                sightings.add(name, JSON_KINDS[bytes(found[name])[0]], rows["row"][number])
            if dataset.drift == "freeze":
                records[number], problems[number] = plain(b"{}"), "unknown_field"
                continue
            is_told = len(others) == MOST or any(map(_UNFIT.search, others))
            decode = plain if is_told else _decoder((*dataset.names, *sorted(others)), is_strict=True)
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


def _texts(values: Iterable[msgspec.Raw]) -> pa.StringArray:
    """Return the values as they are written, each as a text."""
    raws = list(values)
    # Lines that are split again take half the time of a bytes object for each value.
    texts = pc.split_pattern(pa.array([_ENCODER.encode_lines(raws)], pa.string()), "\n").flatten()[:-1]
    if len(texts) != len(raws):  # an array or an object is written over several lines
        texts = pa.array([bytes(raw) for raw in raws], pa.binary()).cast(pa.string())
    return texts


def _kinds(texts: pa.StringArray, unread: int) -> dict[str, int]:
    """Return the kinds of values as they are written, with their first places; `unread` ones are no values of a record.

    Each text has a first byte, which tells, and is looked up where the text begins: a hundredth of what a text costs.
    """
    _, offsets, data = texts.buffers()
    starts = pa.Array.from_buffers(pa.int32(), len(texts), [None, offsets], offset=texts.offset)
    first = pa.Array.from_buffers(pa.uint8(), data.size, [None, data]).take(starts)
    found: dict[str, int] = {}
    for byte in first.value_counts().to_pylist():
        kind, row = JSON_KINDS[byte["values"]], first.index(byte["values"]).as_py()
        if kind != "null":
            found[kind] = min(row, found.get(kind, row))
        elif byte["counts"] > unread:
            found[NO_VALUE] = row
    return found


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

"""CSV records -> their fields' texts by the names in the header, or what is wrong with a record's structure.

RFC 4180: fields between commas, or another delimiter that the dataset names; a field in quotes may hold those, line
breaks and doubled quotes, and nothing but a delimiter or the end follows it. A quote inside a field that does not begin
with one is an ordinary character.
"""

import csv
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from lakehouse.judging.columns import BLANKS, text_name
from lakehouse.judging.drift import COLUMN, MOST, NO_COLUMN, Sightings
from lakehouse.judging.types import with_point
from lakehouse.landing.cut_lines import MAX_RECORD
from lakehouse.landing.sniff import MAX_COLUMNS, split_header
from lakehouse.model import Dataset

# The records of a header that has fewer are read one by one: a batch may hold many headers.
_MIN_GROUP = 500

# A quoted field may be as long as a record; Python's own limit is 128 KiB.
csv.field_size_limit(MAX_RECORD)


class _Names(NamedTuple):
    """What is looked for in a header: the delimiter and the names that the dataset's fields may have, and no others."""

    delimiter: str
    sources: tuple[str, ...]
    is_frozen: bool


class _Layout(NamedTuple):
    """How many fields a header names, none where it is no header, and at which place each of the dataset's stands.

    `others` are those that the dataset does not declare, `problem` what is wrong with its records because of these.
    """

    size: int
    places: tuple[int | None, ...]
    others: tuple[str, ...]
    problem: str | None


def parse_csv(rows: pl.DataFrame, dataset: Dataset, sightings: Sightings) -> pl.DataFrame:
    """Return `row`, `problem` and the text of each field, by its names at the source, of the records in `line`.

    Their `header` is the header line of their file. `problem` is repeated_header, few_fields, many_fields,
    unclosed_quote, syntax (text behind a closing quote, a line break outside quotes, a header that is none) or, where
    the dataset is frozen and the header has a field that it does not declare, unknown_field; null where the record has
    as many fields as its header. What is seen of the fields is put into `sightings`.
    """
    names = _Names(dataset.delimiter, dataset.names, dataset.drift == "freeze")
    headers = rows.drop_nulls("header").group_by("header").agg(pl.len().alias("count"), pl.col("row").first())
    for header, _, row in headers.iter_rows():
        _look(header, names, dataset, sightings, row)
    common = _common_headers(headers, names)
    is_plain = rows["header"].is_in(common).fill_null(False) & ~rows["line"].str.contains('["\r\n]')
    groups = (_split(rows.filter(is_plain & (rows["header"] == header)), header, names) for header in common)
    found = pl.concat([_read(rows.filter(~is_plain), names), *groups])
    commas = [text_name(name) for field in dataset.fields if field.decimal_comma for name in field.names]
    return found.with_columns(with_point(pl.col(name)).alias(name) for name in commas)


def _look(header: str, names: _Names, dataset: Dataset, sightings: Sightings, row: int) -> None:
    """Note which fields a header names, and which it does not."""
    layout = _layout(header, names)
    if not layout.size:
        return
    there = {name for name, place in zip(names.sources, layout.places, strict=True) if place is not None}
    for field in dataset.source_fields:
        sightings.add(field.source, NO_COLUMN if there.isdisjoint(field.names) else COLUMN, row)
    for name in layout.others[:MOST]:
        sightings.add(name, COLUMN, row)


def _common_headers(headers: pl.DataFrame, names: _Names) -> list[str]:
    """Return the headers whose records are split all at once."""
    often = headers.filter(pl.col("count") >= _MIN_GROUP)["header"]
    return [header for header in often if 0 < _layout(header, names).size <= MAX_COLUMNS]


@lru_cache(maxsize=1024)
def _layout(header: str | None, names: _Names) -> _Layout:
    there = split_header(header or "", names.delimiter)
    places = tuple(there.index(source) if source in there else None for source in names.sources)
    others = tuple(name for name in there if name not in names.sources)
    return _Layout(len(there), places, others, "unknown_field" if others and names.is_frozen else None)


def _split(rows: pl.DataFrame, header: str, names: _Names) -> pl.DataFrame:
    """Read records of one header without quotes and line breaks."""
    size, places, _, unknown = _layout(header, names)
    fields = rows["line"].str.splitn(names.delimiter, size + 1).struct.unnest()
    problem = (
        pl.when(rows["line"].str.strip_chars(BLANKS) == header.strip(BLANKS))
        .then(pl.lit("repeated_header"))
        .when(pl.col(f"field_{size - 1}").is_null())
        .then(pl.lit("few_fields"))
        .when(pl.col(f"field_{size}").is_not_null())
        .then(pl.lit("many_fields"))
        .otherwise(pl.lit(unknown, pl.String))
    )
    texts = (pl.lit(None, pl.String) if place is None else pl.col(f"field_{place}") for place in places)
    columns = map(text_name, names.sources)
    return fields.select(rows["row"], problem.alias("problem"), **dict(zip(columns, texts, strict=True)))


def _read(rows: pl.DataFrame, names: _Names) -> pl.DataFrame:
    """Read records one by one, exactly."""
    found = [_fields(line, header, names) for line, header in rows.select("line", "header").iter_rows()]
    schema = dict.fromkeys(("problem", *map(text_name, names.sources)), pl.String)
    fields = pl.DataFrame(found, schema=schema, orient="row")
    return fields.insert_column(0, rows["row"])


def _fields(line: str, header: str | None, names: _Names) -> tuple[str | None, ...]:
    """Return a record's problem and its fields' texts."""
    size, places, _, unknown = _layout(header, names)
    nothing = (None,) * len(places)
    if not size or header is None:
        return "syntax", *nothing
    if line.strip(BLANKS) == header.strip(BLANKS):
        return "repeated_header", *nothing
    try:
        fields = next(csv.reader([line], delimiter=names.delimiter, strict=True), [])
    except csv.Error:
        return "unclosed_quote" if line.count('"') % 2 else "syntax", *nothing
    if len(fields) != size:
        return "few_fields" if len(fields) < size else "many_fields", *nothing
    return unknown, *(None if place is None else fields[place] for place in places)

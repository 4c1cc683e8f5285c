"""Bronze rows -> their fields as text, by format, and what is wrong with a record's structure."""

from collections.abc import Callable

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.judging.columns import BLANKS, clean, text_name
from lakehouse.judging.drift import Sightings
from lakehouse.judging.parse_csv import parse_csv
from lakehouse.judging.parse_json import parse_json
from lakehouse.judging.parse_log import parse_log
from lakehouse.landing.cut_lines import MAX_RECORD
from lakehouse.model import Dataset, Field

# A record that is not UTF-8 is found by Python, one by one, in blocks that hold one; the others are checked by Arrow.
_BLOCK = 256

Parser = Callable[[pl.DataFrame, Dataset, Sightings], pl.DataFrame]

_PARSERS: dict[str, Parser] = {"csv": parse_csv, "json": parse_json, "log": lambda rows, *_: parse_log(rows)}


def parse(batch: pa.RecordBatch, dataset: Dataset, sightings: Sightings) -> pl.DataFrame:
    """Return for each bronze row its `problem` and its texts by the silver columns' names, in the same order.

    `problem` is tombstone, too_long, encoding or empty, whatever the format, syntax where the format is none that is
    known, or one of the parser's; null where the record is sound. What is seen of the fields is put into `sightings`.
    """
    rows = _lines(batch)
    parts = [rows.filter(pl.col("problem").is_not_null()).select("row", "problem")]
    for name, parser in _PARSERS.items():
        known = rows.filter(pl.col("problem").is_null() & (pl.col("format") == name))
        if not known.is_empty():
            parts.append(parser(known.select("row", "line", "header"), dataset, sightings))
    found = pl.concat(parts, how="diagonal")
    texts = (_text(field, found) for field in dataset.all_fields)
    return found.sort("row").select("problem", *texts)


def _text(field: Field, found: pl.DataFrame) -> pl.Expr:
    names = [name for name in map(text_name, field.names) if name in found.columns]
    given = pl.coalesce(clean(pl.col(name)) for name in names) if names else pl.lit(None, pl.String)
    return given.alias(text_name(field.column.name))


def _lines(batch: pa.RecordBatch) -> pl.DataFrame:
    """Return `row`, `format`, `header`, `line` and `problem`; `line` is null where `problem` is not."""
    raw = batch["raw"].cast(pa.binary())
    is_tombstone = pl.Series(values=raw.is_null())
    is_cut = pl.Series(values=batch["is_cut"].fill_null(False))
    is_long = is_cut | (pl.Series(values=pc.binary_length(raw)) > MAX_RECORD).fill_null(False)
    line = _decode(pc.if_else(is_long.to_arrow(), None, raw) if is_long.any() else raw)
    kind, header = (pl.Series(values=batch[name].cast(pa.string())) for name in ("format", "header"))
    problem = (
        pl.when(is_tombstone).then(pl.lit("tombstone"))
        .when(is_long).then(pl.lit("too_long"))
        .when(line.is_null()).then(pl.lit("encoding"))
        .when(~line.str.contains(f"[^{BLANKS}]")).then(pl.lit("empty"))
        .when(~kind.is_in(list(_PARSERS)).fill_null(False)).then(pl.lit("syntax"))
    )  # fmt: skip
    rows = pl.DataFrame({"format": kind, "header": header, "line": line}).with_row_index("row")
    return rows.with_columns(problem=problem)


def _decode(raw: pa.Array) -> pl.Series:
    """Return the bytes as text, null where they are not UTF-8."""
    try:
        return pl.Series(values=raw.cast(pa.string()), dtype=pl.String)
    except pa.ArrowInvalid:
        blocks = (_decode_block(raw.slice(start, _BLOCK)) for start in range(0, len(raw), _BLOCK))
        return pl.Series(values=pa.chunked_array(blocks))


def _decode_block(raw: pa.Array) -> pa.Array:
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decode_record(record) for record in raw.to_pylist()], pa.string())


def _decode_record(record: bytes | None) -> str | None:
    try:
        return record.decode("utf-8") if record is not None else None
    except UnicodeDecodeError:
        return None

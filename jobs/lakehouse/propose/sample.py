"""A sample file, read as landing would read it: its format, its delimiter, the names of its fields, its records."""

import csv
import io
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec
import polars as pl
import pyarrow as pa

from lakehouse.datasets import DATASETS
from lakehouse.errors import ProposalError
from lakehouse.judging.columns import text_name
from lakehouse.judging.drift import Sightings
from lakehouse.judging.judge import IDENTITY
from lakehouse.judging.parse import parse
from lakehouse.judging.parse_log import parse_log
from lakehouse.landing import cut_file
from lakehouse.landing.cut_lines import BOM, Record, Tally
from lakehouse.landing.inbox import chunks
from lakehouse.landing.sniff import RejectedError, first_line, split_header
from lakehouse.model import Column, Dataset, Field

# The records of a file that are looked at, and the lines that tell how it is written.
MOST, LINES = 100_000, 200
_USUAL, _RARE = ",;\t|", ":^~#"
# What stands in a line of a log, by the names that `parse_log` gives its parts.
LOG_FIELDS = tuple(field.source for field in DATASETS["logs"].fields)

# How a line of a web server's log begins, whatever its end is, and a line that is none of a table.
_LOG, _EXCEL = re.compile(r"\S+ \S+ .*?\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:"), re.compile("sep=.")

_BRONZE = pa.schema(
    [*IDENTITY, ("format", pa.string()), ("header", pa.string()), ("is_cut", pa.bool_())]  # what judging needs
)


@dataclass(frozen=True)
class Sample:
    """The first records of a file, as rows of bronze; `names` are those of its fields.

    `is_whole` says that the file has no more of them.
    """

    path: Path
    format: str
    delimiter: str
    names: tuple[str, ...]
    batch: pa.RecordBatch
    is_whole: bool

    def texts(self) -> tuple[pl.Series, pl.DataFrame]:
        """Return what is wrong with each record, and its fields' texts, null where it has none, by their names."""
        untyped = _untyped(self.format, self.delimiter, self.names)
        found = parse(self.batch, untyped, Sightings(self.batch, untyped))
        problem = found.drop_in_place("problem")
        texts = found.rename({text_name(f"c{number}"): name for number, name in enumerate(self.names)})
        return problem, texts


def read(path: Path) -> Sample:
    """Return the sample of a file; raises ProposalError where it has no fields that could be read."""
    if not path.is_file():
        raise ProposalError(f"{path} is no file. Name one with records: FROM=path/to/file.csv")
    path = path.resolve()
    try:
        return _read(path, next(chunks(path), b""))
    except RejectedError as error:
        raise ProposalError(f"{path} cannot be landed: {error}. docs/reasons.md says what to do.") from error


def _read(path: Path, head: bytes) -> Sample:
    start = head.removeprefix(BOM).lstrip()
    if not start:
        raise ProposalError(f"{path} is empty. A sample needs some records.")
    if 0 in start:
        raise ProposalError(f"{path} is no text: it holds NUL bytes. CSV, JSON or a log in UTF-8 is needed.")
    delimiter, names = ",", tuple[str, ...]()
    if start[:1] in b"[{":
        kind = "json"
    elif _is_log(start):
        kind, names = "log", LOG_FIELDS
    else:
        kind = "csv"
        delimiter, names = _columns(path, head)
    shape, records = cut_file.cut_records(_untyped(kind, delimiter, names), path, Tally())
    kept = list(islice(records, MOST))
    if not kept:
        raise ProposalError(
            f"{path} holds no records{' behind its header' if kind == 'csv' else ''}. A sample needs some."
        )
    sample = Sample(path, kind, delimiter, names, rows(kept, shape.format, shape.header), next(records, None) is None)
    return replace(sample, names=_keys(path, kept)) if kind == "json" else sample


def _untyped(kind: str, delimiter: str, names: tuple[str, ...]) -> Dataset:
    fields = tuple(Field(name, Column(f"c{n}", "string"), required=False) for n, name in enumerate(names))
    return Dataset("sample", "", (kind,), fields, None, None, delimiter=delimiter)


def rows(records: list[Record], kind: str, header: str | None) -> pa.RecordBatch:
    """Return records of a format as rows of bronze that came in now."""
    constants = {"batch": 1, "source": "sample", "source_id": "", "format": kind, "header": header}
    return cut_file.rows(records, _BRONZE, {**constants, "ingested_at": datetime.now(UTC)})


def _is_log(start: bytes) -> bool:
    lines = [line for line in start.decode("utf-8", "replace").splitlines()[:LINES] if line.strip()]
    rows = pl.DataFrame({"row": range(len(lines)), "line": lines}, {"row": pl.UInt32, "line": pl.String})
    return (parse_log(rows)["problem"] == "syntax").sum() * 2 < len(lines)


def _keys(path: Path, records: list[Record]) -> tuple[str, ...]:
    """Return the names in JSON objects, in the order in which they come first."""
    decode, names = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode, dict[str, None]()
    for record in records:
        try:
            names.update(dict.fromkeys(decode(record) if isinstance(record, bytes) else ()))
        except (msgspec.MsgspecError, RecursionError):
            continue
    if not names:
        raise ProposalError(
            f"{path} holds no JSON object with a field. Each record is one: an array of them, or lines."
        )
    return tuple(names)


def _columns(path: Path, head: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter of a CSV file and its columns' names."""
    line = first_line(head.removeprefix(BOM), 0)[0].decode("utf-8", "replace")
    if _LOG.match(line):
        raise ProposalError(f"{path} is a log in neither Common nor Combined log format, as these are: {line[:80]!r}.")
    if _EXCEL.fullmatch(line):
        raise ProposalError(f"The first line of {path} is {line!r}, by which Excel knows the delimiter. Delete it.")
    delimiter = _delimiter(head.removeprefix(BOM).decode("utf-8", "replace"))
    names = split_header(line, delimiter)
    if (not all(names[:1]) and len(names) < 2) or sum(map(_is_value, names)) * 2 > len(names):
        raise ProposalError(f"The first line of {path} names no columns: {line[:80]!r}. A header is needed there.")
    if any(name[:1] == name[-1:] == "'" for name in names):
        raise ProposalError(f"{path} quotes its fields with '. Export it with double quotes.")
    return delimiter, tuple(filter(None, names))


def _is_value(name: str) -> bool:
    return not name.strip() or name.strip("+-").replace(".", "").replace(",", "").replace("-", "").isdigit()


def _delimiter(text: str) -> str:
    """Return what most evenly stands between the fields of the lines; a comma where nothing does."""
    for candidates in (_USUAL, _RARE):
        found = [(*_evenness(text, delimiter), -place) for place, delimiter in enumerate(candidates)]
        share, _, place = max(found)
        if share >= 0.5:
            return candidates[-place]
    return ","


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    """Return which part of the lines has as many fields as the first, and how many these are; 0 where it has one."""
    rows = csv.reader(io.StringIO(text.strip(), newline=""), delimiter=delimiter)
    sizes = [len(row) for row in islice(rows, LINES) if row]
    return (sizes.count(sizes[0]) / len(sizes), sizes[0]) if sizes and sizes[0] > 1 else (0.0, 0)

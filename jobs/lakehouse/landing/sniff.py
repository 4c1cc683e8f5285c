"""Finding out what a file of the inbox is from its first bytes: encoding, format, header."""

import csv
import re
from dataclasses import dataclass

from lakehouse.landing.cut_lines import BOM
from lakehouse.model import Dataset

_LINE = re.compile(rb"[^\r\n]*+(\r\n|\n|\r|\Z)")
NAMES = re.compile(r"[^._].*\.(csv|txt|json|jsonl|ndjson|log(\.\d+)?)(\.gz)?", re.IGNORECASE)


# A reason names columns of the file, which may be many and hold anything; more columns would stop Spark's reader.
MAX_DETAIL = 500
MAX_COLUMNS = 1_000

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


class RejectedError(Exception):
    """Raised when a file is refused as a whole; `reason` is a rule's name, `detail` what a person needs to mend it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        text = printable(detail)
        shown = text if len(text) <= MAX_DETAIL else f"{text[:MAX_DETAIL]}…"
        super().__init__(f"{reason}: {shown}" if shown else reason)
        self.reason = reason


def printable(text: str) -> str:
    """Return a text with escapes in place of the characters that a terminal or a log must not get."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(frozen=True)
class Shape:
    """What a file is: its format, its header line where it has one, and how many bytes come before the records.

    `blank` is the number of blank lines among those bytes.
    """

    format: str
    header: str | None = None
    skip: int = 0
    is_array: bool = False
    blank: int = 0


def find_shape(dataset: Dataset, head: bytes) -> Shape:
    """Return the shape of a file of the dataset from its first bytes (at least its first line, or all of it).

    Raises RejectedError with one of the reasons encoding, no_header, delimiter, many_columns, duplicate_column,
    missing_column.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:1024].count(0) > len(head[:1024]) // 4 > 0:
        raise RejectedError("encoding", "UTF-16 or binary; UTF-8 is needed")
    skip = len(BOM) if head.startswith(BOM) else 0
    if "json" in dataset.formats:
        return Shape("json", skip=skip, is_array=head[skip:].lstrip().startswith(b"["))
    line, end, blank = first_line(head, skip)
    # No CSV header has a bracket, but any other part of a log line may be a column's name, set by who sent the request.
    if not line or ("log" in dataset.formats and b"[" in line):
        return Shape("log" if "log" in dataset.formats else dataset.formats[0], skip=skip)
    header = line.decode("utf-8", "replace")
    names = split_header(header, dataset.delimiter)
    if set(dataset.names).isdisjoint(names):
        return _without_header(dataset, header, skip)
    _check_header(dataset, names)
    try:
        return Shape("csv", line.decode("utf-8").strip(" \r\n"), end, blank=blank)
    except UnicodeDecodeError:
        raise RejectedError("encoding", "the header is not UTF-8") from None


def split_header(header: str, delimiter: str) -> list[str]:
    """Return the column names of a CSV header line, trimmed; none where it is no line of CSV."""
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        return []


def first_line(head: bytes, start: int) -> tuple[bytes, int, int]:
    """Return the first line that is not blank (b"" if there is none), where the next starts, the blank lines before."""
    for blank, match in enumerate(_LINE.finditer(head, start)):
        if match[0].strip():
            return match[0].strip(b"\r\n"), match.end(), blank
    return b"", len(head), 0


def _without_header(dataset: Dataset, header: str, skip: int) -> Shape:
    for delimiter, name in _DELIMITERS.items():
        if not set(dataset.names).isdisjoint(split_header(header, delimiter)):
            needed = _DELIMITERS.get(dataset.delimiter, dataset.delimiter)
            raise RejectedError("delimiter", f"columns are separated by {name}; a {needed} is needed")
    if "log" in dataset.formats:
        return Shape("log", skip=skip)
    columns = ", ".join(field.source for field in dataset.fields)
    raise RejectedError("no_header", f"the first line must name the columns, some of {columns}")


def _check_header(dataset: Dataset, names: list[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise RejectedError("many_columns", f"{len(names):,}, at most {MAX_COLUMNS:,} can be read")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RejectedError("duplicate_column", f"{', '.join(twice)} more than once")
    needed = [field for field in dataset.fields if field.required]
    missing = [" or ".join(field.names) for field in needed if set(field.names).isdisjoint(names)]
    if missing:
        raise RejectedError("missing_column", f"{', '.join(missing)} not among {', '.join(names)}")

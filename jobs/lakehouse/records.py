"""Cutting a stream of bytes into source records: lines, and CSV records with quoted line breaks.

One cutter decides what a record is, for counting and for Spark alike; the elements of JSON arrays are in `arrays`.
Nothing is dropped but blank lines: what cannot be understood becomes a record of its own and is judged later.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A longer record is kept with its first KEPT_BYTES only, so that memory stays flat.
MAX_RECORD = 1 << 20
KEPT_BYTES = 64 << 10
# An open quote is given up after so many bytes or lines: its line is then a bad record of its own.
MAX_QUOTED_BYTES = 64 << 10
MAX_QUOTED_LINES = 100
# Input is cut in blocks of this size however it was read, so that the records do not depend on that.
BLOCK = 1 << 20

BOM = b"\xef\xbb\xbf"

# A CSV line without an open quote: fields between commas, quoted ones with doubled quotes (RFC 4180, section 2).
# A quote inside an unquoted field is an ordinary character. Possessive, so that the time is linear.
_FIELDS = rb'(?:(?:"[^"]*+(?:""[^"]*+)*+"[^,]*+|[^",][^,]*+|)(?:,|\Z))*+'
_CLOSED = re.compile(_FIELDS)
# The same for a line before whose start a quote is open.
_CLOSING = re.compile(rb'[^"]*+(?:""[^"]*+)*+"[^,]*+(?:,|\Z)' + _FIELDS)


@dataclass
class Tally:
    """What the cutter counts beside the records: blank lines."""

    blank: int = 0


@dataclass(frozen=True)
class Cut:
    """A record longer than MAX_RECORD, of which only the first KEPT_BYTES are kept."""

    kept: bytes


Record = bytes | Cut


def blocks(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in blocks of `size`; only the last one may be shorter."""
    pending = bytearray()
    for chunk in chunks:
        if not pending and len(chunk) == size:
            yield chunk
            continue
        pending += chunk
        while len(pending) >= size:
            yield bytes(pending[:size])
            del pending[:size]
    if pending:
        yield bytes(pending)


def bounded(record: bytes) -> Record:
    """Return a record as it is, or cut where it is too long."""
    return record if len(record) <= MAX_RECORD else Cut(record[:KEPT_BYTES])


class _Lines:
    """All lines of a byte stream, blank ones too; at most MAX_RECORD and a block are kept in memory.

    The line end is LF (a CR before it stays with the line), or CR where the first block with a line end holds no LF.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.end = b""

    def __iter__(self) -> Iterator[Record]:
        rest, is_cut = b"", False
        for block in blocks(self._chunks, BLOCK):
            rest += block
            if not self.end and (b"\n" in rest or b"\r" in rest[:-1]):
                self.end = b"\n" if b"\n" in rest else b"\r"
            *whole, rest = rest.split(self.end) if self.end else [rest]
            if whole and is_cut:
                yield Cut(whole.pop(0)[:KEPT_BYTES])
                is_cut = False
            yield from map(bounded, whole)
            if len(rest) > MAX_RECORD:
                rest, is_cut = rest[:KEPT_BYTES], True
        if rest:
            yield Cut(rest[:KEPT_BYTES]) if is_cut else bounded(rest)


def lines(chunks: Iterable[bytes], tally: Tally) -> Iterator[Record]:
    """Yield the lines that are not blank, without their ends, and count the blank ones.

    The end is LF or CRLF, or CR where the first block with a line end holds no LF. A last line without an end counts.
    """
    return _without_blank(_Lines(chunks), tally)


def csv_records(chunks: Iterable[bytes], tally: Tally) -> Iterator[Record]:
    """Yield CSV records: lines, joined while a quote is open.

    A quote still open after MAX_QUOTED_BYTES or MAX_QUOTED_LINES is given up: its line is yielded alone and cutting
    starts again at the line after it.
    """
    return _without_blank(_join_quoted(_Lines(chunks)), tally)


def _without_blank(records: Iterable[Record], tally: Tally) -> Iterator[Record]:
    for record in records:
        if isinstance(record, Cut):
            yield record
        elif record.strip():
            yield record[:-1] if record.endswith(b"\r") else record
        else:
            tally.blank += 1


def _join_quoted(source: _Lines) -> Iterator[Record]:
    reader = iter(source)
    # Lines read ahead, each with whether it closes a quote that was open before it: every line is looked at once.
    ahead: deque[tuple[Record, bool]] = deque()
    while (line := ahead.popleft()[0] if ahead else next(reader, None)) is not None:
        if isinstance(line, Cut) or b'"' not in line or _matches(_CLOSED, line):
            yield line
        else:
            count = _lines_to_close(line, ahead, reader)
            following = [ahead.popleft()[0] for _ in range(count)]
            yield source.end.join([line, *(f for f in following if isinstance(f, bytes))])


def _lines_to_close(line: bytes, ahead: deque[tuple[Record, bool]], reader: Iterator[Record]) -> int:
    """Return how many of the lines that follow belong to a line with an open quote; none where it is given up."""
    size = len(line)
    for number in range(MAX_QUOTED_LINES - 1):
        if number == len(ahead):
            following = next(reader, None)
            if following is None:
                return 0
            ahead.append((following, isinstance(following, bytes) and _matches(_CLOSING, following)))
        following, closes = ahead[number]
        size += len(following) + 1 if isinstance(following, bytes) else MAX_RECORD
        if size > MAX_QUOTED_BYTES:
            return 0
        if closes:
            return number + 1
    return 0


def _matches(pattern: re.Pattern[bytes], line: bytes) -> bool:
    match = pattern.match(line)
    return match is not None and match.end() == len(line)

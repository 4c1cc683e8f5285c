"""Cutting a stream of bytes into CSV records: lines, joined while a quote is open."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache

from lakehouse.landing.cut_lines import MAX_RECORD, Cut, Lines, Record, Tally, without_blank

# An open quote is given up after so many bytes or lines: its line is then a bad record of its own.
MAX_QUOTED_BYTES = 64 << 10
MAX_QUOTED_LINES = 100

# A CSV line without an open quote: fields between commas, quoted ones with doubled quotes (RFC 4180, section 2).
# A quote inside an unquoted field is an ordinary character. Possessive, so that the time is linear.
_FIELDS = r'(?:(?:"[^"]*+(?:""[^"]*+)*+"[^,]*+|[^",][^,]*+|)(?:,|\Z))*+'
# The same for a line before whose start a quote is open.
_REST = r'[^"]*+(?:""[^"]*+)*+"[^,]*+(?:,|\Z)' + _FIELDS


def csv_records(chunks: Iterable[bytes], tally: Tally, delimiter: str = ",") -> Iterator[Record]:
    """Yield CSV records: lines, joined while a quote is open.

    A quote still open after MAX_QUOTED_BYTES or MAX_QUOTED_LINES is given up: its line is yielded alone and cutting
    starts again at the line after it.
    """
    return without_blank(_join_quoted(Lines(chunks), _pattern(_FIELDS, delimiter), _pattern(_REST, delimiter)), tally)


@cache
def _pattern(of_commas: str, delimiter: str) -> re.Pattern[bytes]:
    return re.compile(of_commas.replace(",", re.escape(delimiter)).encode())


def _join_quoted(source: Lines, closed: re.Pattern[bytes], closing: re.Pattern[bytes]) -> Iterator[Record]:
    reader = iter(source)
    # Lines read ahead, each with whether it closes a quote that was open before it: every line is looked at once.
    ahead: deque[tuple[Record, bool]] = deque()
    while (line := ahead.popleft()[0] if ahead else next(reader, None)) is not None:
        if isinstance(line, Cut) or b'"' not in line or _matches(closed, line):
            yield line
        else:
            count = _lines_to_close(line, ahead, reader, closing)
            following = [ahead.popleft()[0] for _ in range(count)]
            yield source.end.join([line, *(f for f in following if isinstance(f, bytes))])


def _lines_to_close(
    line: bytes, ahead: deque[tuple[Record, bool]], reader: Iterator[Record], closing: re.Pattern[bytes]
) -> int:
    """Return how many of the lines that follow belong to a line with an open quote; none where it is given up."""
    size = len(line)
    for number in range(MAX_QUOTED_LINES - 1):
        if number == len(ahead):
            following = next(reader, None)
            if following is None:
                return 0
            ahead.append((following, isinstance(following, bytes) and _matches(closing, following)))
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

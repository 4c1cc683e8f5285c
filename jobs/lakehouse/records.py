"""Cutting a stream of bytes into source records: lines, CSV records with quoted line breaks, elements of a JSON array.

One cutter decides what a record is, for counting and for Spark alike. Nothing is dropped but blank lines and the
punctuation of a JSON array: what cannot be understood becomes a record of its own and is judged later.
"""

import codecs
import json
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

BOM = b"\xef\xbb\xbf"

# A CSV line without an open quote: fields between commas, quoted ones with doubled quotes (RFC 4180, section 2).
# A quote inside an unquoted field is an ordinary character. Possessive, so that the time is linear.
_CLOSED = re.compile(rb'(?:(?:"(?:[^"]|"")*+"[^,]*+|[^",][^,]*+|)(?:,|\Z))*+')

# Where a JSON array may go on after a broken element: an object behind a comma or a line end.
_NEXT_ELEMENT = re.compile(r"[,\n\r]\s*(?=\{)")
_BETWEEN = re.compile(r"[\s,]*")

# Numbers are kept as text: they are only passed over here, and int() refuses those of over 4,300 digits.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


@dataclass
class Tally:
    """What the cutter counts beside the records: blank lines."""

    blank: int = 0


@dataclass(frozen=True)
class Cut:
    """A record longer than MAX_RECORD, of which only the first KEPT_BYTES are kept."""

    kept: bytes


Record = bytes | Cut


def lines(chunks: Iterable[bytes], tally: Tally) -> Iterator[Record]:
    """Yield the lines that are not blank, without their ends, and count the blank ones.

    The end is LF or CRLF, or CR where the first chunk with a line end holds no LF. A last line without an end counts.
    """
    for line in _split(chunks):
        if isinstance(line, Cut) or line.strip():
            yield _without_end(line)
        else:
            tally.blank += 1


def _split(chunks: Iterable[bytes]) -> Iterator[Record]:
    """Yield all lines, blank ones too; keep at most MAX_RECORD and a chunk in memory."""
    end = b""
    rest, is_cut = b"", False
    for chunk in chunks:
        rest += chunk
        if not end and (b"\n" in rest or b"\r" in rest[:-1]):
            end = b"\n" if b"\n" in rest else b"\r"
        *whole, rest = rest.split(end) if end else [rest]
        for line in whole:
            yield _bounded(line, is_cut)
            is_cut = False
        if len(rest) > MAX_RECORD:
            rest, is_cut = rest[:KEPT_BYTES], True
    if rest or is_cut:
        yield _bounded(rest, is_cut)


def _bounded(line: bytes, is_cut: bool) -> Record:
    if is_cut or len(line) > MAX_RECORD:
        return Cut(line[:KEPT_BYTES])
    return line


def _without_end(line: Record) -> Record:
    return line[:-1] if isinstance(line, bytes) and line.endswith(b"\r") else line


def csv_records(chunks: Iterable[bytes], tally: Tally) -> Iterator[Record]:
    """Yield CSV records: lines, joined while a quote is open.

    A quote still open after MAX_QUOTED_BYTES or MAX_QUOTED_LINES is given up: its line is yielded alone and cutting
    starts again at the line after it.
    """
    for record in _join_quoted(_split(chunks)):
        if isinstance(record, Cut) or record.strip():
            yield _without_end(record)
        else:
            tally.blank += 1


def _join_quoted(source: Iterator[Record]) -> Iterator[Record]:
    queue: deque[Record] = deque()
    pending: list[bytes] = []
    size = 0
    while True:
        line = queue.popleft() if queue else next(source, None)
        if isinstance(line, bytes):
            if not pending and (b'"' not in line or _is_closed(line)):
                yield line
                continue
            pending.append(line)
            size += len(line) + 1
            if b'"' in line and len(pending) > 1 and _is_closed(joined := b"\n".join(pending)):
                yield joined
                pending, size = [], 0
                continue
            if size <= MAX_QUOTED_BYTES and len(pending) < MAX_QUOTED_LINES:
                continue
        if pending:
            yield pending[0]
            queue.extendleft(reversed([*pending[1:], *([line] if isinstance(line, Cut) else [])]))
            pending, size = [], 0
        elif line is None:
            return
        else:
            yield line


def _is_closed(line: bytes) -> bool:
    match = _CLOSED.match(line)
    return match is not None and match.end() == len(line)


def json_elements(chunks: Iterable[bytes]) -> Iterator[Record]:
    """Yield the elements of a JSON array as they are written, one by one.

    After an element that cannot be read it goes on at the next object behind a comma or a line end that can; what is
    passed over is yielded as one record. So is what follows the array.
    """
    text = _Text(chunks)
    is_open = text.more() and text.skip_to_array()
    while text.skip(_BETWEEN):
        if is_open and text.buffer[text.at] == "]":
            text.at, is_open = text.at + 1, False
        elif is_open and (end := _whole_element(text)):
            yield text.take(end)
        elif is_open:
            yield _broken_element(text)
        else:
            yield text.take_rest()


def _whole_element(text: "_Text") -> int | None:
    """Return where the element at the text's position ends, or None where there is none of at most MAX_RECORD."""
    while True:
        end = _element_end(text.buffer, text.at)
        # At the end of the buffer a number may go on, and it is not known yet what follows the element.
        if end is not None and (end < len(text.buffer) or text.is_done):
            return end
        if len(text.buffer) - text.at > MAX_RECORD or not text.more():
            return end


def _element_end(buffer: str, at: int) -> int | None:
    """Return where the JSON value at `at` ends, or None where there is none or something else follows it."""
    try:
        end = _DECODER.raw_decode(buffer, at)[1]
    except (ValueError, RecursionError):
        return None
    following = buffer[end : end + 64].lstrip()
    return end if not following or following[0] in ",]" else None


def _broken_element(text: "_Text") -> Record:
    """Take what lies before the next element that can be read, or before the end of the array or of the text."""
    kept: Record | None = None
    while (end := _next_element(text.buffer, text.at)) is None:
        if not text.more():
            end = len(text.buffer.rstrip())
            end -= text.buffer[text.at + 1 : end].endswith("]")
            break
        if len(text.buffer) - text.at > 2 * MAX_RECORD:
            skipped = text.take(len(text.buffer) - MAX_RECORD)
            kept = kept or skipped
    last = text.take(end)
    return kept or last


def _next_element(buffer: str, at: int) -> int | None:
    for match in _NEXT_ELEMENT.finditer(buffer, at + 1):
        # Only a window is decoded: an error's line number is counted from the beginning of what is decoded.
        if _element_end(buffer[match.end() : match.end() + KEPT_BYTES], 0) is not None:
            return match.start()
    return None


class _Text:
    """The part of a byte stream that is being read, as text from which the very bytes can be had back."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._source = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.buffer = ""
        self.at = 0
        self.is_done = False

    def more(self) -> bool:
        """Read one more chunk and forget what lies before the position; return False at the end."""
        chunk = next(self._source, b"")
        self.is_done = not chunk
        new = self._decoder.decode(chunk, final=self.is_done)
        self.buffer, self.at = self.buffer[self.at :] + new, 0
        return bool(chunk or new)

    def skip_to_array(self) -> bool:
        """Go behind the bracket that opens the array; return False where there is none."""
        self.at = self.buffer.find("[") + 1
        return self.at > 0

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go behind all that the pattern matches; return False at the end of the text."""
        while True:
            if match := pattern.match(self.buffer, self.at):
                self.at = match.end()
            if self.at < len(self.buffer):
                return True
            if not self.more():
                return False

    def take(self, end: int) -> Record:
        """Return the bytes up to `end` without blanks around them, and go there."""
        data = self.buffer[self.at : end].strip().encode("utf-8", "surrogateescape")
        self.at = end
        return data if len(data) <= MAX_RECORD else Cut(data[:KEPT_BYTES])

    def take_rest(self) -> Record:
        """Return all that is left, at most its first KEPT_BYTES where it is too long."""
        kept = self.buffer[self.at :]
        while self.more():
            kept = (kept + self.buffer)[: MAX_RECORD + 1]
        self.buffer, self.at = kept, 0
        return self.take(len(kept))

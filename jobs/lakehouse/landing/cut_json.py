"""Cutting a JSON array into its elements, going on behind one that is broken.

Nothing is dropped but blanks, commas between elements and the array's brackets.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

from lakehouse.landing.cut_lines import KEPT_BYTES, MAX_RECORD, Cut, Record, blocks, bounded

# Small, because an error of the decoder costs the way from the start of what is decoded to its place.
BLOCK = 64 << 10
# How far the end of an element over MAX_RECORD is looked for before it is taken for one that never ends.
MAX_ELEMENT = 4 << 20
# How many blanks may stand between a comma and an object that follows a broken element.
MAX_BLANKS = 64 << 10

_BLANKS = " \t\r\n"
_BETWEEN = re.compile(r"[ \t\r\n,]*+")
_BLANK = re.compile(r"[ \t\r\n]*+")
# What comes behind an element, and where an array may go on after a broken one: an object behind a comma or a line end.
# No two matches can overlap, so that the time is linear.
_FOLLOWING = re.compile(r"[ \t\r\n]*+[,\]]")
_NEXT_OBJECT = re.compile(r'(?:,[ \t\r\n]*+|[\r\n][ \t]*+)(?=\{[ \t\r\n]*+["}])')
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
# An element is tried in parts of the text that grow: most elements are short, and most places are none.
_WINDOWS = (1 << 10, 64 << 10, MAX_RECORD)

# Numbers are kept as text: they are only passed over here, and int() refuses those of over 4,300 digits.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
# What an element can be beside one that ends somewhere.
_BROKEN, _UNFINISHED = -1, -2
# No token but a string and a number is longer than this; a shorter one at the end of the text may be half of one.
_TOKEN = 16


def json_elements(chunks: Iterable[bytes]) -> Iterator[Record]:
    """Yield the elements of a JSON array as they are written, one by one.

    After an element that cannot be read it goes on at the next object behind a comma or a line end that can; what is
    passed over is yielded as one record. So is what follows the array, and all of a text that is no array.
    """
    text = _Text(chunks)
    is_open = text.skip(_BLANK) and text.buffer[text.at] == "["
    text.at += is_open
    while text.skip(_BETWEEN):
        if not is_open:
            yield text.take_rest()
        elif text.buffer[text.at] == "]":
            text.at, is_open = text.at + 1, False
        else:
            end = _element_end(text.buffer, text.at, text.is_done)
            if end == _UNFINISHED:
                end = _end_further_on(text)
            yield text.take(end) if end >= 0 else _broken_element(text)


def _element_end(buffer: str, at: int, is_all: bool) -> int:
    """Return where the JSON value at `at` ends, _UNFINISHED where more text may decide that, else _BROKEN."""
    try:
        end: int = _DECODER.raw_decode(buffer, at)[1]
    except RecursionError:
        return _BROKEN
    except json.JSONDecodeError as error:
        may_go_on = error.pos > len(buffer) - _TOKEN or error.msg.startswith("Unterminated string")
        return _UNFINISHED if may_go_on and not is_all else _BROKEN
    if _FOLLOWING.match(buffer, end):
        return end
    if _BLANK.fullmatch(buffer, end):
        return end if is_all or len(buffer) - end > MAX_RECORD else _UNFINISHED
    return _UNFINISHED if end > len(buffer) - _TOKEN and not is_all else _BROKEN


def _end_further_on(text: "_Text") -> int:
    """Read on until the element at the text's position ends or is known to be none; return its end or _BROKEN."""
    while len(text.buffer) - text.at <= MAX_RECORD:
        # Twice as much each time, so that a long element is not decoded too often.
        text.read(len(text.buffer) - text.at)
        if (end := _element_end(text.buffer, text.at, text.is_done)) != _UNFINISHED:
            return end
    if text.gave_up:
        return _BROKEN
    text.read(MAX_ELEMENT)
    text.gave_up = (end := _closing_bracket(text.buffer, text.at)) == _BROKEN
    return end


def _closing_bracket(buffer: str, at: int) -> int:
    """Return where the object, array or text at `at` ends, going by its brackets alone, or _BROKEN."""
    if buffer[at] not in '[{"':
        return _BROKEN
    expected: list[str] = []
    for match in _BRACKET.finditer(buffer, at):
        character = match[0]
        if character in "[{":
            expected.append("]" if character == "[" else "}")
        elif character == '"' or (character in "]}" and expected.pop() != character):
            return _BROKEN
        if not expected:
            return match.end() if _FOLLOWING.match(buffer, match.end()) else _BROKEN
    return _BROKEN


def _broken_element(text: "_Text") -> Record:
    """Take what lies before the next element that can be read, or before the end of the array or of the text."""
    kept: bytes | None = None
    searched = text.at + 1
    while True:
        found, searched = _next_object(text, searched)
        if found is not None:
            break
        if text.is_done:
            end = len(text.buffer.rstrip(_BLANKS))
            found = max(text.at, end - text.buffer[text.at + 1 : end].endswith("]"))
            break
        if searched - text.at > MAX_RECORD:
            kept = text.bytes_until(searched)[:KEPT_BYTES] if kept is None else kept
            text.at = searched
        searched -= text.at
        text.read(1)
    last = text.take(found)
    return last if kept is None else Cut(kept)


def _next_object(text: "_Text", start: int) -> tuple[int | None, int]:
    """Return where the text before the next readable object ends, if it is there, and from where to search on else."""
    for match in _NEXT_OBJECT.finditer(text.buffer, start):
        for size in _WINDOWS:
            window = text.buffer[match.end() : match.end() + size]
            is_rest = match.end() + size >= len(text.buffer)
            end = _element_end(window, 0, is_rest and text.is_done)
            if end >= 0:
                return match.start(), start
            if end == _UNFINISHED and is_rest:
                return None, match.start()
            if end == _BROKEN:
                break
    # What the text ends with may be the beginning of a match.
    return None, max(start, len(text.buffer.rstrip(_BLANKS + "{")) - 1, len(text.buffer) - MAX_BLANKS)


class _Text:
    """The part of a byte stream that is being read, as text from which the very bytes can be had back."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._source = blocks(chunks, BLOCK)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.buffer = ""
        self.at = 0
        self.is_done = False
        self.gave_up = False

    def read(self, size: int) -> None:
        """Read blocks until there are `size` bytes more or no more, and forget what lies before the position."""
        found = [self.buffer[self.at :]]
        while size > 0 and not self.is_done:
            block = next(self._source, b"")
            self.is_done = not block
            found.append(self._decoder.decode(block, final=self.is_done))
            size -= len(block)
        self.buffer, self.at = "".join(found), 0

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go behind all that the pattern matches; return False at the end of the text."""
        while True:
            if match := pattern.match(self.buffer, self.at):
                self.at = match.end()
            if self.at < len(self.buffer):
                return True
            if self.is_done:
                return False
            self.read(1)

    def bytes_until(self, end: int) -> bytes:
        """Return the bytes from the position up to `end`, without blanks around them."""
        return self.buffer[self.at : end].strip(_BLANKS).encode("utf-8", "surrogateescape")

    def take(self, end: int) -> Record:
        """Return the bytes up to `end`, without blanks around them, as a record, and go there."""
        data = self.bytes_until(end)
        self.at = end
        return bounded(data)

    def take_rest(self) -> Record:
        """Return all that is left, at most its first KEPT_BYTES where it is too long."""
        kept = self.buffer[self.at :]
        while not self.is_done:
            self.at = len(self.buffer)
            self.read(1)
            kept = (kept + self.buffer)[: MAX_RECORD + 1]
        self.buffer, self.at = kept, 0
        return self.take(len(kept))

"""Cutting a stream of bytes into source records: lines; and what the other cutters share.

One cutter decides what a record is, for counting and for judging alike.
Nothing is dropped but blank lines: what cannot be understood becomes a record of its own and is judged later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A longer record is kept with its first KEPT_BYTES only, so that memory stays flat.
MAX_RECORD = 1 << 20
KEPT_BYTES = 64 << 10
# Input is cut in blocks of this size however it was read, so that the records do not depend on that.
BLOCK = 1 << 20

BOM = b"\xef\xbb\xbf"


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


class Lines:
    """All lines of a byte stream, blank ones too; at most MAX_RECORD and a block are kept in memory.

    The line end is LF (a CR before it stays with the line), or CR where the first block with a line end holds no LF.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.end = b""

    def __iter__(self) -> Iterator[Record]:
        """Yield the lines, without their ends."""
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
    return without_blank(Lines(chunks), tally)


def without_blank(records: Iterable[Record], tally: Tally) -> Iterator[Record]:
    """Yield the records that are not blank, without a CR at their ends, and count the blank ones."""
    for record in records:
        if isinstance(record, Cut):
            yield record
        elif record.strip():
            yield record[:-1] if record.endswith(b"\r") else record
        else:
            tally.blank += 1

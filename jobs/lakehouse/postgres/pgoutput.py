"""What the output plugin `pgoutput` says, message by message.

Source: PostgreSQL documentation, "Logical Replication Message Formats", protocol version 1.
"""

import struct
from collections.abc import Iterable, Iterator

from lakehouse.errors import IntegrityError
from lakehouse.postgres.rows import Change, Texts, as_json

# What begins, ends, or describes, and changes no row: B, C, Y, O, M.
_PASSED_OVER = b"BYOM"


def lsn(text: str) -> int:
    """Return a position of the write-ahead log, such as 0/16B3748, as its number."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def lsn_text(number: int) -> str:
    """Return a position of the write-ahead log as PostgreSQL writes it."""
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


class _Message:
    """The bytes of a message, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, form: str) -> int:
        value: int
        (value,) = struct.unpack_from(f">{form}", self._data, self._at)
        self._at += struct.calcsize(form)
        return value

    def take(self, length: int) -> bytes:
        self._at += length
        return self._data[self._at - length : self._at]

    def text(self) -> str:
        end = self._data.index(b"\0", self._at)
        found = self.take(end - self._at)
        self._at += 1
        return found.decode()

    def row(self, before: Texts = ()) -> list[str | None]:
        """Return a row's texts; of a long value that did not change the one of the row `before`."""
        texts: list[str | None] = []
        for place in range(self.number("h")):
            match self.take(1):
                case b"n":
                    texts.append(None)
                case b"t":
                    texts.append(self.take(self.number("i")).decode())
                case _:
                    texts.append(before[place])
        return texts


class Decoder:
    """Messages of one table as changes of its rows; `key` are the names that its business key may have.

    A row whose business key changes is two changes: the old one is deleted.
    """

    def __init__(self, name: str, key: Iterable[str]) -> None:
        self.name, self._key = name, tuple(key)
        self._columns: list[tuple[str, int]] = []
        self._write = as_json(())

    def changes(self, messages: Iterable[tuple[str, bytes]]) -> Iterator[Change]:
        """Yield the changes of messages with their positions in the log, and `end` after each transaction.

        Raises IntegrityError where an old row is missing, which a table without REPLICA IDENTITY FULL does not give.
        """
        for at, data in messages:
            message = _Message(data)
            match message.take(1):
                case b"R":
                    self._describe(message)
                case b"I":
                    message.take(5)
                    yield Change("insert", at, self._write(message.row()))
                case b"U":
                    old = self._old(message, at)
                    message.take(1)
                    new = message.row(old)
                    if self._keys(old) != self._keys(new):
                        yield Change("delete", at, self._write(old))
                    yield Change("update", at, self._write(new))
                case b"D":
                    yield Change("delete", at, self._write(self._old(message, at)))
                case b"T":
                    yield Change("truncate", at)
                case b"C":
                    message.take(9)
                    yield Change("end", lsn_text(message.number("q")))
                case kind if kind not in _PASSED_OVER:
                    raise IntegrityError(f"The output plugin of {self.name} sends {kind!r} at {at}, which is unknown.")

    def _describe(self, message: _Message) -> None:
        message.take(4)
        message.text(), message.text()
        message.take(1)
        self._columns = []
        for _ in range(message.number("h")):
            message.take(1)
            self._columns.append((message.text(), message.number("i")))
            message.take(4)
        self._write = as_json(self._columns)

    def _old(self, message: _Message, at: str) -> list[str | None]:
        message.take(4)
        if message.take(1) != b"O":
            raise IntegrityError(
                f"{self.name} was changed at {at} while it had no REPLICA IDENTITY FULL: the row as it was is not to "
                f"be had. Run `ALTER TABLE {self.name} REPLICA IDENTITY FULL` and drop the replication slot; then "
                f"`make pipeline ACCEPT_LOSS=1` reads the table anew."
            )
        return message.row()

    def _keys(self, texts: Texts) -> list[str | None]:
        return [text for (name, _), text in zip(self._columns, texts, strict=True) if name in self._key]

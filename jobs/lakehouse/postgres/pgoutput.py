"""What the output plugin `pgoutput` says, message by message.

Source: PostgreSQL documentation, "Logical Replication Message Formats", protocol version 1.
"""

import io
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


class _Message(io.BytesIO):
    """The bytes of a message, read from the front."""

    def number(self, form: str) -> int:
        value: int
        (value,) = struct.unpack(f">{form}", self.read(struct.calcsize(form)))
        return value

    def text(self) -> str:
        end = self.getvalue().index(b"\0", self.tell())
        return self.read(end + 1 - self.tell())[:-1].decode()

    def row(self, before: Texts = ()) -> list[str | None]:
        """Return a row's texts; of a long value that did not change the one of the row `before`."""
        texts: list[str | None] = []
        for place in range(self.number("h")):
            match self.read(1):
                case b"n":
                    texts.append(None)
                case b"t":
                    texts.append(self.read(self.number("i")).decode())
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
            match message.read(1):
                case b"R":
                    self._describe(message)
                case b"I":
                    message.read(5)
                    yield Change("insert", at, self._write(message.row()))
                case b"U":
                    old = self._old(message, at)
                    message.read(1)
                    new = message.row(old)
                    if self._keys(old) != self._keys(new):
                        yield Change("delete", at, self._write(old))
                    yield Change("update", at, self._write(new))
                case b"D":
                    yield Change("delete", at, self._write(self._old(message, at)))
                case b"T":
                    yield Change("truncate", at)
                case b"C":
                    message.read(9)
                    yield Change("end", lsn_text(message.number("q")))
                case kind if kind not in _PASSED_OVER:
                    raise IntegrityError(f"The output plugin of {self.name} sends {kind!r} at {at}, which is unknown.")

    def _describe(self, message: _Message) -> None:
        message.read(4)
        message.text(), message.text()
        message.read(1)
        self._columns = []
        for _ in range(message.number("h")):
            message.read(1)
            self._columns.append((message.text(), message.number("i")))
            message.read(4)
        self._write = as_json(self._columns)

    def _old(self, message: _Message, at: str) -> list[str | None]:
        message.read(4)
        if message.read(1) != b"O":
            raise IntegrityError(
                f"{self.name} was changed at {at} while it had no REPLICA IDENTITY FULL: the row as it was is not to "
                f"be had. Run `ALTER TABLE {self.name} REPLICA IDENTITY FULL` and drop the replication slot; then "
                f"`make pipeline ACCEPT_LOSS=1` reads the table anew."
            )
        return message.row()

    def _keys(self, texts: Texts) -> list[str | None]:
        return [text for (name, _), text in zip(self._columns, texts, strict=True) if name in self._key]

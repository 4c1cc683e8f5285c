"""Rows of a database as rows of bronze: JSON with the values as PostgreSQL writes them, exact to the digit."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from lakehouse.lake.schemas import arrow_schema, bronze
from lakehouse.lake.state import Reading
from lakehouse.landing.cut_file import rows
from lakehouse.landing.cut_lines import bounded
from lakehouse.model import Dataset

# Rows, and bytes of them, that are held at a time.
_ROWS, _BYTES = 20_000, 8 << 20

Texts = Sequence[str | None]

# Types by their numbers in pg_type, which never change: what JSON has a form of its own for.
_BOOLEAN, _NUMBERS, _TIMESTAMP, _TIMESTAMP_WITH_ZONE = 16, (20, 21, 23, 26, 700, 701, 1700), 1114, 1184
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class Change:
    """A row as it was read (`read`), or what was done to it: `insert`, `update` or `delete`; `cursor` says when.

    Beside these, `truncate` says that the table was emptied, and `end` where the next reading begins; both have no row.
    """

    operation: str
    cursor: str
    raw: bytes = b""


def _number(text: str) -> Any:
    # NaN and infinities have no form in JSON.
    return msgspec.Raw(text.encode()) if _NUMBER.fullmatch(text) else text


_CONVERTERS: Mapping[int, Callable[[str], Any]] = {
    _BOOLEAN: "t".__eq__,
    _TIMESTAMP: lambda text: text.replace(" ", "T", 1),
    _TIMESTAMP_WITH_ZONE: lambda text: re.sub(r"\+00$", "Z", text.replace(" ", "T", 1)),
    **dict.fromkeys(_NUMBERS, _number),
}


def as_json(columns: Sequence[tuple[str, int]]) -> Callable[[Texts], bytes]:
    """Return what makes a row's texts a JSON object; `columns` are names and types by their numbers in pg_type."""
    named = [(name, _CONVERTERS.get(kind, str)) for name, kind in columns]

    def write(texts: Texts) -> bytes:
        pairs = zip(named, texts, strict=True)
        return _ENCODER.encode({name: None if text is None else value(text) for (name, value), text in pairs})

    return write


class Arrivals:
    """Changes of a table as rows of bronze, and where the `reading` of the table has come to with them."""

    def __init__(self, dataset: Dataset, source: str, reading: Reading, constants: Mapping[str, Any]) -> None:
        self.reading, self.count = reading, 0
        self._cursor = reading.cursor
        self._schema = arrow_schema(bronze(dataset).columns)
        self._constants = {"source": source, "format": "json", **constants}

    def batches(self, changes: Iterable[Change]) -> Iterator[pa.RecordBatch]:
        """Yield the rows; memory holds a bounded number of them."""
        held: list[Change] = []
        size = 0
        for change in changes:
            if change.operation == "end":
                self._cursor = change.cursor
                continue
            is_row = change.operation != "truncate"
            if is_row:
                held.append(change)
                size += len(change.raw)
            if held and (not is_row or len(held) == _ROWS or size > _BYTES):
                yield self._taken(held)
                held, size = [], 0
            if not is_row:
                self.reading = self.reading.anew()
        if held:
            yield self._taken(held)
        self.reading = self.reading.after(0, self._cursor)

    def _taken(self, changes: list[Change]) -> pa.RecordBatch:
        source_id = self.reading.source_id
        _, first = self.reading.ranges.get(source_id, (0, 0))
        self.count += len(changes)
        self.reading = self.reading.after(len(changes), self.reading.cursor)
        constants = {**self._constants, "source_id": source_id}
        batch = rows([bounded(change.raw) for change in changes], self._schema, constants, first)
        for name in ("operation", "cursor"):
            told = pa.array([getattr(change, name) for change in changes])
            batch = batch.set_column(self._schema.get_field_index(name), self._schema.field(name), told)
        return batch

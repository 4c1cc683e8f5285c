"""One version of a gold table, as it leaves the API."""

import ctypes
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from config.media import JSON
from lakehouse.lake import scan
from lakehouse.model import Metric
from lakehouse.query import render
from lakes import versions

PAGE = 10_000


@dataclass(frozen=True)
class Snapshot:
    """An immutable version of a metric: its first page ready to send, the others compressed.

    `committed` is the time of the version's commit; pages hold `PAGE` rows each and there is always a first one.
    """

    table_id: str
    version: int
    committed: datetime
    names: tuple[str, ...]
    rows: int
    first: bytes
    others: tuple[bytes, ...]

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return 1 + len(self.others)

    def body(self, page: int) -> bytes:
        """Return page `page`, counted from 1, as JSON."""
        return self.first if page == 1 else zlib.decompress(self.others[page - 2])

    def etag(self, page: int, kind: str = JSON) -> str:
        """Return the entity tag, with the table's id: after a reset the same version holds other data."""
        parts = [self.table_id, self.version, *([page] if page > 1 else []), *([] if kind == JSON else [kind])]
        return f'"{"-".join(map(str, parts))}"'

    @cached_property
    def moment(self) -> int:
        """The place of this version among all that its metric ever had: by the time of its commit, then its number."""
        return int(self.committed.timestamp() * 1000) << 20 | self.version & 0xFFFFF


def take(table: DeltaTable, metric: Metric) -> Snapshot:
    """Read an open gold table, sorted by its first column."""
    names = tuple(column.name for column in metric.columns)
    count, first, others = _rendered(table, names)
    if others:
        _give_back()
    committed = versions.committed_at(table)
    return Snapshot(str(table.metadata().id), table.version(), committed, names, count, first, others)


def _rendered(table: DeltaTable, names: Sequence[str]) -> tuple[int, bytes, tuple[bytes, ...]]:
    """Return the number of rows, the first page, and the others compressed."""
    rows = scan.read(table, names)
    order = pc.sort_indices(rows, sort_keys=[(names[0], "ascending")])
    starts = range(0, rows.num_rows, PAGE)
    pages = (render.page(rows.take(order.slice(start, PAGE)), names) for start in starts)
    return rows.num_rows, next(pages, b"[]"), tuple(zlib.compress(page, 3) for page in pages)


def _give_back() -> None:
    """Return freed memory to the system: a metric of a million groups leaves 150 MB behind otherwise."""
    pa.default_memory_pool().release_unused()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)

"""One version of a gold table, as it leaves the API."""

import ctypes
import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from config.media import JSON
from lakehouse.catalogue import versions
from lakehouse.lake import scan
from lakehouse.model import Metric
from lakehouse.query import render

PAGE = 10_000


@dataclass(frozen=True)
class Snapshot:
    """An immutable version of a metric: its first page ready to send, the others compressed.

    `committed` is the time of the version's commit, `created` when its table was made, in ms since 1970; pages
    hold `PAGE` rows each and there is always a first one. Of an answer to a question `asked` tells it from others, and
    `source` is the version of silver that it was computed from.
    """

    table_id: str
    version: int
    committed: datetime
    names: tuple[str, ...]
    rows: int
    first: bytes
    others: tuple[bytes, ...]
    asked: str = ""
    source: int | None = None
    created: int = 0

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return 1 + len(self.others)

    def body(self, page: int) -> bytes:
        """Return page `page`, counted from 1, as JSON."""
        return self.first if page == 1 else zlib.decompress(self.others[page - 2])

    def etag(self, page: int, kind: str = JSON) -> str:
        """Return the entity tag, with the table's id: after a reset the same version holds other data."""
        told = [self.asked, str(page) if page > 1 else "", "" if kind == JSON else kind]
        parts = [self.table_id, self.version, *filter(None, told)]
        return f'"{"-".join(map(str, parts))}"'

    def holding(self, rows: pa.Table, keys: int, **others: Any) -> Self:
        """Return the same with these rows, sorted by their first `keys` columns, and other values of its fields."""
        names = tuple(rows.column_names)
        order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in names[:keys]])
        starts = range(0, rows.num_rows, PAGE)
        pages = (render.page(rows.take(order.slice(start, PAGE)), names) for start in starts)
        first, rest = next(pages, b"[]"), tuple(zlib.compress(page, 3) for page in pages)
        return replace(self, names=names, rows=rows.num_rows, first=first, others=rest, **others)

    @cached_property
    def moment(self) -> int:
        """The place of this version among all that its metric ever had: by when its table was made, then its number."""
        return self.created << 20 | self.version & 0xFFFFF


def take(table: DeltaTable, metric: Metric) -> Snapshot:
    """Read an open gold table, sorted by its first column."""
    names = tuple(column.name for column in metric.columns)
    of, at = table.metadata(), versions.committed_at(table)
    whole = Snapshot(str(of.id), table.version(), at, names, 0, b"", (), created=of.created_time or 0)
    whole = whole.holding(scan.read(table, names), 1)
    if whole.others:
        give_back()
    return whole


def give_back() -> None:
    """Return freed memory to the system: a metric of a million groups leaves 150 MB behind otherwise."""
    pa.default_memory_pool().release_unused()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)

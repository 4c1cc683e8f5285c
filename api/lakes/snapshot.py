"""One version of a gold table, as it leaves the API."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse import frames
from lakehouse.errors import NotBuiltError
from lakehouse.model import Metric
from lakes import render

PAGE = 10_000


@dataclass(frozen=True)
class Snapshot:
    """An immutable version of a metric: its first page ready to send, the others compressed.

    `committed` is the time of the version's commit; pages hold `PAGE` rows each and there is always a first one.
    """

    table_id: str
    version: int
    committed: datetime
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

    def etag(self, page: int) -> str:
        """Return the entity tag, with the table's id: after a reset the same version holds other data."""
        return f'"{self.table_id}-{self.version}"' if page == 1 else f'"{self.table_id}-{self.version}-{page}"'


def committed_at(table: DeltaTable) -> datetime:
    """Return when the open version of a table was committed, from its commit's own words."""
    return datetime.fromtimestamp(table.history(1)[0]["timestamp"] / 1000, UTC)


def take(table: DeltaTable, metric: Metric) -> Snapshot:
    """Read an open gold table, sorted by its first column; raises NotBuiltError for version 0, the empty table."""
    if table.version() == 0:
        raise NotBuiltError(f"The metric {metric.name} has not been computed yet. Run `make pipeline`.")
    names = [column.name for column in metric.columns]
    rows = frames.read(table, names)
    order = pc.sort_indices(rows, sort_keys=[(names[0], "ascending")])
    pages = _pages(rows, order, names)
    snapshot = Snapshot(
        str(table.metadata().id),
        table.version(),
        committed_at(table),
        rows.num_rows,
        next(pages, b"[]"),
        tuple(zlib.compress(page, 3) for page in pages),
    )
    pa.default_memory_pool().release_unused()
    return snapshot


def _pages(rows: pa.Table, order: pa.Array, names: list[str]) -> Iterator[bytes]:
    for start in range(0, rows.num_rows, PAGE):
        yield render.page(rows.take(order.slice(start, PAGE)), names)

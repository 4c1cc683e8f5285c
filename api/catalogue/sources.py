"""Which files and topic partitions the rows of a table came from, counted in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
from deltalake import DeltaTable

from lakes.files import DataFile

_COLUMNS = ("source", "source_id", "position")
_ROWS = 65_536


@dataclass(frozen=True)
class Taken:
    """What a table holds of one source: its first and last position, all records, and those not quarantined."""

    source: str
    source_id: str
    first: int
    last: int
    records: int
    good: int

    def plus(self, other: "Taken") -> "Taken":
        """Return both parts of the same source together."""
        return Taken(
            self.source,
            self.source_id,
            min(self.first, other.first),
            max(self.last, other.last),
            self.records + other.records,
            self.good + other.good,
        )


def taken(address: str, table: DeltaTable) -> tuple[Taken, ...]:
    """Return what an open table at an address holds of each source, by source and source_id.

    A version never changes, so it is counted once; a table that was made anew has another id.
    """
    return _counted(address, str(table.metadata().id), table.version())


@lru_cache(maxsize=32)
def _counted(address: str, _table_id: str, version: int) -> tuple[Taken, ...]:
    table = DeltaTable(address, version=version)
    actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    bad = {action["path"] for action in actions if action.get("partition.quarantined")}
    found: dict[tuple[str, str], Taken] = {}
    for path, batch in _batches(table):
        for part in _parts(batch, is_good=path not in bad):
            key = (part.source, part.source_id)
            found[key] = found[key].plus(part) if key in found else part
    pa.default_memory_pool().release_unused()
    return tuple(found[key] for key in sorted(found))


def _batches(table: DeltaTable) -> Iterator[tuple[str, pa.RecordBatch]]:
    dataset = table.to_pyarrow_dataset()
    for fragment in dataset.get_fragments():
        file = DataFile(fragment, dataset.schema)
        try:
            for group, _ in file.groups(None):
                for batch in file.batches(group, _COLUMNS, _ROWS):
                    yield fragment.path, batch
        finally:
            file.close()


def _parts(batch: pa.RecordBatch, *, is_good: bool) -> Iterator[Taken]:
    rows = pa.Table.from_batches([batch])
    groups = rows.group_by(["source", "source_id"], use_threads=False)
    sums = groups.aggregate([("position", "min"), ("position", "max"), ("position", "count")])
    for row in sums.to_pylist():
        count = row["position_count"]
        yield Taken(
            row["source"], row["source_id"], row["position_min"], row["position_max"], count, count if is_good else 0
        )

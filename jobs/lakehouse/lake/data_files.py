"""Parquet files of a table: written from Arrow batches, described by their own footers, and found again in the log."""

import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from lakehouse.lake.files import Storage, room
from lakehouse.lake.schemas import arrow_schema
from lakehouse.model import Table

Side = bool | None

# A row group is what one task of Spark reads at the least.
ROW_GROUP, ROW_GROUP_BYTES = 100_000, 32 << 20

# Rows that are read at a time.
READ = 20_000


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table: its path below the table's folder, its bytes, its rows and their statistics.

    `least` and `greatest` map columns to values as JSON has them, `nulls` to numbers of rows. `side` is the value of
    `quarantined` that all its rows have, None where the table is not divided by it.
    """

    path: str
    size: int
    rows: int
    least: Mapping[str, Any] = field(default_factory=dict)
    greatest: Mapping[str, Any] = field(default_factory=dict)
    nulls: Mapping[str, int] = field(default_factory=dict)
    side: Side = None

    @classmethod
    def of_footer(cls, path: str, size: int, footer: pq.FileMetaData, table: Table, side: Side = None) -> "DataFile":
        """Return a file of a table as its Parquet footer tells it, with those statistics that the table keeps."""
        least: dict[str, Any] = {}
        greatest: dict[str, Any] = {}
        nulls: dict[str, int] = {}
        columns = [footer.schema.column(n).path for n in range(footer.num_columns)]
        for name in table.statistics:
            groups = [footer.row_group(n).column(columns.index(name)).statistics for n in range(footer.num_row_groups)]
            nulls[name] = sum(group.null_count for group in groups)
            if bounds := [(group.min, group.max) for group in groups if group.has_min_max]:
                least[name], greatest[name] = _in_json(min(b[0] for b in bounds)), _in_json(max(b[1] for b in bounds))
        return cls(path, size, footer.num_rows, least, greatest, nulls, side)

    def may_follow(self, batch: int) -> bool:
        """Return whether rows of later batches may be in the file; one without statistics may hold any."""
        return int(self.greatest.get("batch", batch + 1)) > batch

    def follows(self, batch: int) -> bool:
        """Return whether all rows of the file are of later batches."""
        return int(self.least.get("batch", 0)) > batch


def _in_json(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value


def of_table(table: DeltaTable, statistics: Sequence[str] = ("batch", "size", "operation")) -> tuple[DataFile, ...]:
    """Return the files of an open table, with the statistics of the named columns."""
    actions = pa.table(table.get_add_actions(flatten=True))
    bounds = [f"{end}.{name}" for end in ("min", "max", "null_count") for name in statistics]
    wanted = ("path", "size_bytes", "num_records", "partition.quarantined", *bounds)
    rows = actions.select([name for name in wanted if name in actions.column_names]).to_pylist()
    return tuple(
        DataFile(
            unquote(row["path"]),
            row["size_bytes"],
            row["num_records"] or 0,
            _bound(row, "min."),
            _bound(row, "max."),
            _bound(row, "null_count."),
            side=row.get("partition.quarantined"),
        )
        for row in rows
    )


def _bound(row: Mapping[str, Any], end: str) -> dict[str, Any]:
    found = {name.removeprefix(end): row[name] for name in row if name.startswith(end)}
    return {name: _in_json(value) for name, value in found.items() if value is not None}


def read(address: str, files: Sequence[DataFile], table: Table, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some files of a table, READ at a time, with the named columns or all.

    `address` is the table's URL. The columns that the table is partitioned by are always there.
    """
    schema = arrow_schema(
        column
        for column in table.columns
        if column.name not in table.partition_by and (not names or column.name in names)
    )
    store = PyFileSystem(DeltaStorageHandler(address))
    for file in files:
        with store.open_input_file(file.path) as opened:
            # A dataset's scanner holds nearly all of a file at a time, which here is no more than a row group.
            rows = pq.ParquetFile(opened, pre_buffer=False)
            there = [name for name in schema.names if name in rows.schema_arrow.names]
            for batch in rows.iter_batches(READ, columns=there, use_threads=False):
                # A column that the table got after the file was written is null.
                columns = [
                    batch[f.name].cast(f.type) if f.name in there else pa.nulls(batch.num_rows, f.type) for f in schema
                ]
                side = [pa.repeat(pa.scalar(file.side), batch.num_rows)] * len(table.partition_by)
                yield pa.RecordBatch.from_arrays([*side, *columns], [*table.partition_by, *schema.names])


def distinct(address: str, files: Sequence[DataFile], table: Table, column: str) -> set[Any]:
    """Return the values that a column has in some files of a table; `address` is the table's URL."""
    batches = read(address, files, table, [column])
    return {value for batch in batches for value in pc.unique(batch[column]).to_pylist()}


def prefix(batch: int) -> str:
    """Return what the names of the files begin with that bring a batch of bronze, whoever writes them."""
    return f"{batch:08}"


def write(
    storage: Storage, address: str, table: Table, prefix: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[DataFile]:
    """Write the rows of a table as new Parquet files in its folder, one for each side that they have; yield those.

    `address` is the table's URL; the files' names begin with `prefix`. Nobody sees them before they are committed, and
    what is never committed goes when the table is maintained. Raises ServiceError where the store does not answer.
    """
    schema = arrow_schema(column for column in table.columns if column.name not in table.partition_by)
    with room(), tempfile.TemporaryDirectory(prefix="lakehouse-rows-") as folder, ExitStack() as stack:
        writers: dict[Side, pq.ParquetWriter] = {}
        for group in _row_groups(batches):
            for side, rows in _sides(group, table.partition_by):
                if side not in writers:
                    writer = pq.ParquetWriter(f"{folder}/{side}", schema, compression="zstd")
                    writers[side] = stack.enter_context(writer)
                writers[side].write_table(rows.cast(schema))
        stack.close()
        for side in writers:
            local, name = Path(folder, str(side)), f"{prefix}-{uuid.uuid4()}.parquet"
            path = name if side is None else f"{table.partition_by[0]}={str(side).lower()}/{name}"
            storage.upload(local, f"{address}/{path}")
            yield DataFile.of_footer(path, local.stat().st_size, pq.read_metadata(local), table, side)


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the rows of batches in tables of about ROW_GROUP rows or ROW_GROUP_BYTES."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(b.num_rows for b in group) >= ROW_GROUP or sum(b.nbytes for b in group) >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(group)
            group = []
    if group:
        yield pa.Table.from_batches(group)


def _sides(rows: pa.Table, partition_by: Sequence[str]) -> Iterator[tuple[Side, pa.Table]]:
    """Yield the rows of each side without the column that tells it; all of them where the table has no sides."""
    if not rows.num_rows:
        return
    if not partition_by:
        yield None, rows
        return
    (name,) = partition_by
    sides, rows = rows[name], rows.drop_columns([name])
    for side in pc.unique(sides).to_pylist():
        is_here = pc.equal(sides, pa.scalar(side))
        yield side, rows if pc.all(is_here).as_py() else rows.filter(is_here)

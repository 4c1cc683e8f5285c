"""Reading one page out of a version of a table: files pruned, then read in order, stopped when the page is full.

A filter is first decided on its own columns; the others are read only up to the last row of the page. Nothing is read
ahead, so memory does not grow with the table. Arrow's own threads are left out, because a process that used them can
crash when the interpreter ends.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from lakehouse.query import files, limits
from lakehouse.query.errors import GoneError, QueryError
from lakehouse.query.files import DataFile, matching
from lakehouse.query.filter.conditions import Condition

# Rows decoded at a time: of the few columns of a filter, and of a whole row.
_NARROW, _WIDE = 32_768, 4_096


@dataclass(frozen=True, order=True)
class Position:
    """A place in a version: the file in the order of all paths, its row group, and the row in that to go on with."""

    file: int = 0
    group: int = 0
    row: int = 0


@dataclass
class Effort:
    """What a scan has cost so far: rows looked at, bytes of the files opened."""

    rows: int = 0
    bytes: int = 0


def check_size(table: DeltaTable, expression: ds.Expression | None) -> None:
    """Raise QueryError where the files that may hold rows for an expression are larger than a scan may be."""
    known = _files(table)
    chosen = files.dataset(table).get_fragments(filter=expression)
    _allow(sum(known[fragment.path]["size_bytes"] for fragment in chosen), limits.BYTES)


def _files(table: DeltaTable) -> dict[str, dict[str, Any]]:
    """Return what the log says of each file of a table, by its path: `size_bytes` and `num_records`."""
    actions = pa.table(table.get_add_actions(flatten=True)).select(["path", "size_bytes", "num_records"])
    return {row["path"]: row for row in actions.to_pylist()}


def _allow(size: int, most: int) -> None:
    if size > most:
        raise QueryError(
            f"This would scan {size >> 20} MB and {most >> 20} MB are allowed: "
            "filter on what is written together, such as a time."
        )


@contextmanager
def _reading() -> Iterator[None]:
    """Say of files that are not there any more what became of them, and keep no memory in the end."""
    try:
        yield
    except FileNotFoundError as error:
        raise GoneError("The files of this version were vacuumed away; ask for the newest version.") from error
    finally:
        # Arrow keeps what it freed for later use: 50 MB more in each worker, for nothing.
        pa.default_memory_pool().release_unused()


@dataclass
class Scan:
    """A query over an open table; `columns` are read and given back, `cancelled` stops it between two batches.

    A column of `declared` that this version of the table does not have yet is NULL.

    `quarantined` is the side of a silver table to read, or None. After `run`, `taken` is the number of rows (which a
    table without columns does not know) and `following` where the next page starts, None where nothing more can come.
    """

    table: DeltaTable
    columns: Sequence[str]
    condition: Condition | None
    quarantined: bool | None
    limit: int
    start: Position = field(default_factory=Position)
    declared: pa.Schema = field(default_factory=lambda: pa.schema([]))
    cancelled: threading.Event = field(default_factory=threading.Event)
    effort: Effort = field(default_factory=Effort)
    taken: int = 0
    following: Position | None = None

    @_reading()
    def run(self) -> pa.Table:
        """Return up to `limit` rows with `columns`.

        Raises QueryError where the files left after pruning are larger than a scan may be, GoneError where
        files of this version are not there any more, and TimeoutError once it is cancelled.
        """
        dataset = self._dataset()
        chosen = self._chosen(dataset)
        sizes = self._checked_sizes([fragment.path for _, fragment in chosen])
        batches: list[pa.RecordBatch] = []
        for number, fragment in chosen:
            self.effort.bytes += sizes[fragment.path]
            with closing(DataFile(fragment, dataset.schema)) as file:
                batches += self._of_file(file, number)
            if self.following:
                break
        schema = pa.schema([(name, dataset.schema.field(name).type) for name in self.columns])
        return pa.Table.from_batches(batches, schema=schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows that fulfil the condition, from the first file on, some thousands at a time, as they are read.

        Without columns one is read all the same, because a batch knows how many rows it has by its columns. Raises as
        `run`, for files that are larger than an export may be.
        """
        with _reading():
            yield from self._batches()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        dataset = self._dataset()
        expression = self.condition.expression if self.condition else None
        columns = list(self.columns) or dataset.schema.names[:1]
        read = [*columns, *sorted((self.condition.columns if self.condition else set()) - set(columns))]
        chosen = [fragment for _, fragment in self._chosen(dataset)]
        self._checked_sizes([fragment.path for fragment in chosen], limits.EXPORT_BYTES)
        for fragment in chosen:
            with closing(DataFile(fragment, dataset.schema)) as file:
                for group, _ in file.groups(expression):
                    for batch in self._until_cancelled(file.batches(group, read, _WIDE)):
                        found = batch if expression is None else batch.take(matching(batch, expression))
                        yield found.select(columns)

    def _dataset(self) -> ds.Dataset:
        dataset = files.dataset(self.table)
        if missing := [column for column in self.declared if column.name not in dataset.schema.names]:
            dataset = dataset.replace_schema(pa.schema([*dataset.schema, *missing]))
        return dataset

    def _chosen(self, dataset: ds.Dataset) -> list[tuple[int, ds.Fragment]]:
        """Return the files left after pruning, with their numbers in the order of all paths of the version."""
        side = None if self.quarantined is None else ds.field("quarantined") == self.quarantined
        expression = side if self.condition is None else self.condition.expression
        if side is not None and self.condition is not None:
            expression = side & self.condition.expression
        paths = sorted(str(fragment.path) for fragment in dataset.get_fragments())
        numbers = {path: number for number, path in enumerate(paths)}
        kept = [(numbers[fragment.path], fragment) for fragment in dataset.get_fragments(filter=expression)]
        return sorted((pair for pair in kept if pair[0] >= self.start.file), key=lambda pair: pair[0])

    def _checked_sizes(self, paths: Sequence[str], most: int | None = None) -> dict[str, int]:
        """Return the size of each file; a scan without a filter ends with the file that fills its page."""
        known = _files(self.table)
        total, rows = 0, -self.start.row
        for path in paths:
            total += known[path]["size_bytes"]
            rows += known[path]["num_records"] or 0
            if self.condition is None and rows >= self.limit:
                break
        _allow(total, limits.BYTES if most is None else most)
        return {path: known[path]["size_bytes"] for path in paths}

    def _of_file(self, file: DataFile, number: int) -> list[pa.RecordBatch]:
        batches: list[pa.RecordBatch] = []
        for group, rows in file.groups(self.condition.expression if self.condition else None):
            here = Position(number, group)
            if here < Position(self.start.file, self.start.group):
                continue
            first = self.start.row if here == Position(self.start.file, self.start.group) else 0
            found = self._found(file, group, rows, first, self.limit - self.taken)
            batches += self._rows(file, group, found)
            self.taken += len(found)
            if self.taken == self.limit:
                self.following = Position(number, group, found[-1] + 1)
                break
        return batches

    def _found(self, file: DataFile, group: int, rows: int, first: int, wanted: int) -> list[int]:
        """Return the numbers of up to `wanted` rows of a row group, from row `first` on, that fulfil the filter."""
        if self.condition is None:
            found = list(range(first, min(first + wanted, rows)))
            self.effort.rows += len(found)
            return found
        found, offset = [], 0
        for batch in self._until_cancelled(file.batches(group, sorted(self.condition.columns), _NARROW)):
            if offset + batch.num_rows > first:
                self.effort.rows += batch.num_rows
                numbers = matching(batch, self.condition.expression).to_pylist()
                found += [offset + n for n in numbers if offset + n >= first][: wanted - len(found)]
            if len(found) == wanted:
                break
            offset += batch.num_rows
        return found

    def _rows(self, file: DataFile, group: int, found: Sequence[int]) -> list[pa.RecordBatch]:
        """Return the rows of a row group with the given ascending numbers."""
        batches: list[pa.RecordBatch] = []
        if not self.columns or not found:
            return batches
        offset, waiting = 0, list(found)
        for batch in self._until_cancelled(file.batches(group, self.columns, _WIDE)):
            here = [n - offset for n in waiting if n < offset + batch.num_rows]
            if here:
                batches.append(batch.take(pa.array(here, pa.int64())))
            waiting, offset = waiting[len(here) :], offset + batch.num_rows
            if not waiting:
                break
        return batches

    def _until_cancelled(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if self.cancelled.is_set():
                raise TimeoutError
            yield batch

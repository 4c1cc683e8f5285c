"""The files of a table, and reading one a few rows at a time, whatever the size of its row groups.

Arrow's dataset scanner decodes a row group at once (often a whole file of Spark's), which for a page of ten rows took
150 MB. `iter_batches` decodes as it goes.
"""

import operator
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable

# Bytes of a column that are fetched at a time.
_BUFFER = 1 << 18


class DataFile:
    """A data file of a table, opened for reading; its columns come in the types of the table's schema."""

    def __init__(self, fragment: ds.Fragment, schema: pa.Schema) -> None:
        self._fragment, self._schema = fragment, schema
        self._file = pq.ParquetFile(
            fragment.filesystem.open_input_file(fragment.path),
            metadata=fragment.metadata,
            pre_buffer=False,
            buffer_size=_BUFFER,
        )
        self._names = set(self._file.schema_arrow.names)

    def close(self) -> None:
        """Close the file."""
        self._file.close(force=True)

    def groups(self, expression: ds.Expression | None) -> list[tuple[int, int]]:
        """Return number and rows of each row group that, by its statistics, may hold a row for the expression."""
        parts = self._fragment.split_by_row_group(expression, schema=self._schema)
        return [(group.id, group.num_rows) for part in parts for group in part.row_groups]

    def batches(self, group: int, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        """Give the rows of a row group, `size` at a time; a column that the file has not is NULL."""
        there = [name for name in columns if name in self._names]
        schema = pa.schema([(name, self._schema.field(name).type) for name in columns])
        for batch in self._file.iter_batches(size, row_groups=[group], columns=there, use_threads=False):
            arrays = [
                batch[field.name].cast(field.type) if field.name in there else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
            yield pa.record_batch(arrays, schema=schema)


def dataset(table: DeltaTable) -> ds.FileSystemDataset:
    """Return the files of an open table, each with what the log says can be in it, by which they are pruned.

    deltalake takes a bound that a file's statistics do not have for NULL, and so the file for one without such values.
    Of such a file nothing is taken for known but its partition.
    """
    found, actions = table.to_pyarrow_dataset(), pa.table(table.get_add_actions(flatten=True))
    is_bounded = pa.repeat(True, actions.num_rows)
    for name in actions.column_names:
        end, _, column = name.partition(".")
        if end in ("min", "max"):
            has_none = pc.equal(actions[f"null_count.{column}"], actions["num_records"])
            is_known = pc.or_(pc.is_valid(actions[name]), pc.fill_null(has_none, False))
            is_bounded = pc.and_(is_bounded, is_known)
    bounded = set(actions["path"].filter(is_bounded).to_pylist())
    known = [name for name in actions.column_names if name.startswith("partition.")]
    sides = {row.pop("path"): row for row in actions.select(["path", *known]).to_pylist()}
    fragments = [
        file if file.path in bounded else found.format.make_fragment(file.path, file.filesystem, _is(sides[file.path]))
        for file in found.get_fragments()
    ]
    return ds.FileSystemDataset(fragments, found.schema, found.format, found.filesystem)


def _is(values: Mapping[str, Any]) -> ds.Expression:
    """Return what is true of a file with these values of `partition.<column>`."""
    equalities = (ds.field(name.partition(".")[2]) == value for name, value in values.items())
    return reduce(operator.and_, equalities, ds.scalar(True))


def matching(batch: pa.RecordBatch, expression: ds.Expression) -> pa.Array:
    """Return the indices of the rows for which the expression is true, not unknown."""
    scanner = ds.Scanner.from_batches([batch], schema=batch.schema, columns={"is": expression}, use_threads=False)
    truth = scanner.to_table()["is"]
    return pc.indices_nonzero(pc.fill_null(truth, False))

"""Reading a Parquet file a few rows at a time, whatever the size of its row groups.

Arrow's dataset scanner decodes a row group at once (often a whole file of Spark's), which for a page of ten rows took
150 MB. `iter_batches` decodes as it goes.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

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


def matching(batch: pa.RecordBatch, expression: ds.Expression) -> pa.Array:
    """Return the indices of the rows for which the expression is true, not unknown."""
    scanner = ds.Scanner.from_batches([batch], schema=batch.schema, columns={"is": expression}, use_threads=False)
    truth = scanner.to_table()["is"]
    return pc.indices_nonzero(pc.fill_null(truth, False))

"""All rows of a scan as one file: CSV, an Arrow stream or Parquet, written as they are read, in bounded memory."""

import gzip
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.query import render, shape
from lakehouse.query.scan import Scan

# Takes rows; made for a file and a schema.
Writer = Callable[[pa.Table], None]
# Rows written at a time, which are a row group of Parquet.
_ROWS = 16_384


@contextmanager
def _csv(file: IO[bytes], schema: pa.Schema) -> Iterator[Writer]:
    file.write(render.csv(schema.names, ()))

    def write(rows: pa.Table) -> None:
        file.write(render.csv_lines(shape.texts(rows)))

    yield write


@contextmanager
def _arrow(file: IO[bytes], schema: pa.Schema) -> Iterator[Writer]:
    with pa.ipc.new_stream(file, schema) as writer:
        yield writer.write_table


@contextmanager
def _parquet(file: IO[bytes], schema: pa.Schema) -> Iterator[Writer]:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield writer.write_table


FORMS: dict[str, Callable[[IO[bytes], pa.Schema], AbstractContextManager[Writer]]] = {
    "csv": _csv,
    "arrows": _arrow,
    "parquet": _parquet,
}


def write(path: Path, scan: Scan, schema: pa.Schema, hidden: Collection[str], form: str, *, packed: bool) -> int:
    """Write all rows of a scan to a new file that its owner alone can read, in one of `FORMS`; return how many.

    The file has the columns of `schema`, those of `hidden` masked, and goes through gzip where it is `packed`. Raises
    what `Scan.batches` raises, and OSError where the disk is full; the file is deleted then.
    """
    path.touch(mode=0o600, exist_ok=False)
    count = 0
    try:
        with _opened(path, packed=packed) as file, FORMS[form](file, schema) as writer:
            for rows in _masked(scan, schema, hidden):
                writer(rows)
                count += rows.num_rows
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return count


def _opened(path: Path, *, packed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "wb", 1)) if packed else path.open("wb")


def _masked(scan: Scan, schema: pa.Schema, hidden: Collection[str]) -> Iterator[pa.Table]:
    """Yield the rows as they leave, some thousands at a time."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in scan.batches():
        waiting.append(batch)
        count += batch.num_rows
        if count >= _ROWS:
            yield _part(waiting, schema, hidden)
            waiting, count = [], 0
    if waiting:
        yield _part(waiting, schema, hidden)


def _part(batches: list[pa.RecordBatch], schema: pa.Schema, hidden: Collection[str]) -> pa.Table:
    rows = pa.Table.from_batches(batches)
    return shape.masked(rows, rows.num_rows, schema, hidden).cast(schema)

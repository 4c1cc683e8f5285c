"""A search for bytes over a whole lake: every file below its folder, whether or not a table still names it."""

import io
import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.lake import Lake


def holding(lake: Lake, pattern: bytes) -> list[str]:
    """Return the files in which a pattern is found, in their bytes or in a value of any column of a Parquet file."""
    return sorted(
        path
        for path in lake.files.list(lake.url)
        for content in _contents(path, lake.files.read(f"{lake.url}/{path}") or b"")
        if re.search(pattern, content)
    )


def _contents(path: str, data: bytes) -> Iterator[bytes]:
    yield data
    if path.endswith(".parquet"):
        for column in pq.read_table(io.BytesIO(data)).columns:
            yield from _values(column)


def _values(column: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield the texts and bytes of a column, those in structs, maps and lists too."""
    for chunk in column.chunks:
        if pa.types.is_struct(chunk.type):
            for field in chunk.flatten():
                yield from _values(pa.chunked_array([field]))
        elif pa.types.is_nested(chunk.type):
            yield repr(chunk.to_pylist()).encode()
        else:
            is_text = pa.types.is_binary(chunk.type) or pa.types.is_string(chunk.type)
            values = chunk if is_text else pc.cast(chunk, pa.string())
            yield b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values.drop_null().to_pylist())

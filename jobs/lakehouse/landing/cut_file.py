"""One file of the inbox, read once and cut into the rows of bronze: a Parquet file, and what was decided."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.datasets import DATASETS
from lakehouse.lake.data_files import ROW_GROUP, ROW_GROUP_BYTES
from lakehouse.lake.schemas import arrow_schema, bronze
from lakehouse.landing.cut_csv import csv_records
from lakehouse.landing.cut_json import json_elements
from lakehouse.landing.cut_lines import Cut, Record, Tally, lines
from lakehouse.landing.inbox import File, chunks
from lakehouse.landing.sniff import RejectedError, Shape, find_shape
from lakehouse.model import Dataset


@dataclass
class Decision:
    """A row of ledger.files: what was decided about one file."""

    dataset: str
    name: str
    size: int
    mtime: datetime
    sha256: str | None = None
    records: int = 0
    blank: int = 0
    format: str | None = None
    header: str | None = None
    status: str = "rejected"
    reason: str | None = None


@dataclass(frozen=True)
class Task:
    """A file to cut: its dataset, where it lies, and what all its rows have in common.

    `sha256` is that of its uncompressed bytes, `batch` the number of the batch that its rows will be.
    """

    dataset: str
    path: File
    sha256: str
    batch: int
    ingested_at: datetime
    run_id: str


def hash_file(path: File) -> str:
    """Return the SHA-256 of a file's uncompressed bytes; raises RejectedError as `inbox.chunks`."""
    digest = hashlib.sha256()
    for chunk in chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def cut_file(task: Task, decision: Decision, parquet: Path) -> Decision:
    """Cut one file of the inbox into a local Parquet file with the columns of bronze; return the decision, filled in.

    Raises OSError where the Parquet file cannot be written.
    """
    dataset, tally = DATASETS[task.dataset], Tally()
    try:
        shape, records = cut_records(dataset, task.path, tally)
        constants = {
            "batch": task.batch,
            "source": task.path.name,
            "source_id": task.sha256,
            "format": shape.format,
            "header": shape.header,
            "ingested_at": task.ingested_at,
            "run_id": task.run_id,
        }
        decision.records = write_parquet(dataset, records, constants, parquet)
    except RejectedError as error:
        decision.reason = str(error)
        return decision
    decision.blank = tally.blank + shape.blank
    decision.format, decision.header, decision.status = shape.format, shape.header, "landed"
    return decision


def cut_records(dataset: Dataset, path: File, tally: Tally) -> tuple[Shape, Iterator[Record]]:
    """Return the shape of a dataset's file, and its records as they are cut while it is read.

    Raises RejectedError as `inbox.chunks` and `find_shape`, also while records are taken.
    """
    source = chunks(path)
    head = next(source, b"")
    shape = find_shape(dataset, head)
    body = itertools.chain([head[shape.skip :]], source)
    if shape.is_array:
        return shape, json_elements(body)
    return shape, csv_records(body, tally, dataset.delimiter) if shape.format == "csv" else lines(body, tally)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Yield lists of at most ROW_GROUP records and about ROW_GROUP_BYTES."""
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.kept if isinstance(record, Cut) else record)
        if len(batch) == ROW_GROUP or size > ROW_GROUP_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def write_parquet(dataset: Dataset, records: Iterator[Record], constants: Mapping[str, object], path: Path) -> int:
    """Write records with their positions, in row groups that Spark can read in parallel; return their number."""
    schema = arrow_schema(bronze(dataset).columns)
    position = 0
    alike = [name for name in schema.names if name not in ("position", "raw", "size", "is_cut")]
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=alike) as writer:
        for batch in _batches(records):
            writer.write_batch(rows(batch, schema, constants, position))
            position += len(batch)
    return position


def rows(
    records: Sequence[Record], schema: pa.Schema, constants: Mapping[str, object], start: int = 0
) -> pa.RecordBatch:
    """Return records as rows of bronze with the columns of `schema`, the first at the position `start`.

    `constants` are those that all rows have in common; what is neither there nor told by a record is null.
    """
    raw = [record.kept if isinstance(record, Cut) else record for record in records]
    columns = {
        "position": range(start, start + len(records)),
        "raw": raw,
        "size": map(len, raw),
        "is_cut": [isinstance(record, Cut) for record in records],
    }
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.repeat(pa.scalar(constants.get(field.name), field.type), len(records))
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)

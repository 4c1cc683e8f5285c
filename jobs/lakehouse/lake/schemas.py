"""Every table of the lake with its columns, derived from the registries of datasets and metrics."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from deltalake import Schema

from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.model import Column, Dataset, Table

# Delta's names for the types that Spark SQL calls otherwise (Delta protocol, "Schema Serialization Format").
_DELTA_TYPES: dict[str, str | dict[str, object]] = {
    "int": "integer",
    "bigint": "long",
    "array<string>": {"type": "array", "elementType": "string", "containsNull": True},
}
# The entry in a stored column's metadata that names the field which silver got it from, where none was declared.
FIELD = "lakehouse.field"

# Who a record is: file name or topic, sha256 or partition, record number from 0 or offset.
IDENTITY = (Column("source", "string"), Column("source_id", "string"), Column("position", "bigint"))

# What ledger.files says of a file that bronze does not hold any more: it comes in again where the inbox still has it.
GONE = ("undone", "lost")

BATCH = Column("batch", "bigint", comment="number of the append that brought the row, from 1")

FILES = Table(
    "ledger.files",
    (
        Column("dataset", "string"),
        Column("name", "string"),
        Column("size", "bigint", comment="bytes of the file as it lies in the inbox"),
        Column("mtime", "timestamp"),
        Column("sha256", "string", comment="of the uncompressed bytes"),
        Column("records", "bigint", comment="counted while cutting, without Spark"),
        Column("blank", "bigint", comment="blank lines, which are no records"),
        Column("format", "string"),
        Column("header", "string"),
        Column(
            "status",
            "string",
            comment="landed, duplicate or rejected; undone where a restore took it out of bronze again, lost where its "
            "records went with a data file",
        ),
        Column("reason", "string"),
        Column("run_id", "string"),
        Column("seen_at", "timestamp"),
    ),
    comment="What was decided about each file of the inbox; append-only, a later decision is a later row.",
    statistics=("dataset", "status", "seen_at"),
)

RUNS = Table(
    "ledger.runs",
    (
        Column("run_id", "string"),
        Column("job", "string"),
        Column("status", "string", comment="started, succeeded or failed; a start without an end was interrupted"),
        Column("at", "timestamp"),
        Column("code_version", "string"),
        Column("seconds", "double"),
        Column(
            "counts",
            "string",
            comment="JSON: per table the rows added, the seconds, and what changed in the records' fields",
        ),
        Column("error", "string"),
    ),
    comment="The start and the end of every job run, one row each.",
    statistics=("run_id", "at"),
)

FORGOTTEN = Table(
    "ledger.forgotten",
    (
        Column("dataset", "string"),
        Column("column", "string", comment="of silver; raw where a record that cannot be read is known by its bytes"),
        Column("digest", "string", comment="HMAC-SHA256 of what was forgotten, under the secret key of the lake"),
        *IDENTITY,
        Column("run_id", "string"),
        Column("at", "timestamp"),
    ),
    comment="What was forgotten, and the records that went with it; a row without a record is what was asked for.",
    statistics=("dataset", "at"),
)


def bronze(dataset: Dataset) -> Table:
    """Return the bronze table of a dataset: one row is a source record with its bytes as they came."""
    columns = (
        BATCH,
        *IDENTITY,
        Column("raw", "binary", comment="the record's bytes as they came, line end removed"),
        Column("size", "bigint", comment="bytes of raw"),
        Column("format", "string", comment="csv, json or log"),
        Column("header", "string", comment="header line of its CSV file"),
        Column("is_cut", "boolean", comment="only the first 64 KiB of a record over 1 MiB were kept"),
        Column("operation", "string", comment="of a row of a database: read, insert, update or delete"),
        Column("cursor", "string", comment="of a row of a database: the transaction's id, or the LSN of the change"),
        Column("kafka_timestamp", "timestamp"),
        Column("ingested_at", "timestamp"),
        Column("run_id", "string"),
    )
    return Table(
        f"bronze.{dataset.name}",
        columns,
        comment=f"Source records of {dataset.name}, unchanged.",
        statistics=(BATCH.name, *(c.name for c in IDENTITY), "size", "operation", "kafka_timestamp"),
        added=("operation", "cursor"),
    )


def silver(dataset: Dataset) -> Table:
    """Return the silver table of a dataset: every bronze row exactly once, typed where good, else with its reasons.

    `key_hash` finds the rows that may share a business key, and `content_hash` (of the typed columns) tells a duplicate
    from a conflict without reading the record again; both are xxHash64.
    """
    columns = (
        Column("quarantined", "boolean"),
        BATCH,
        Column("bronze_batch", "bigint", comment="the batch of bronze that it was judged with"),
        *IDENTITY,
        *dataset.columns,
        Column("key_hash", "bigint"),
        Column("content_hash", "bigint"),
        Column("raw", "binary", comment="only where quarantined"),
        Column("reasons", "array<string>", comment="names of the rules that it broke, only where quarantined"),
        Column("rules_version", "string", comment="hash of the rules that judged the row"),
        Column("ingested_at", "timestamp"),
        Column("run_id", "string"),
    )
    # Statistics cost CPU for each row that is written; only these columns tell files apart, the others have no order.
    time = [dataset.time_column] if dataset.time_column else []
    statistics = ("batch", "bronze_batch", *(c.name for c in IDENTITY), *time)
    return Table(
        f"silver.{dataset.name}",
        columns,
        ("quarantined",),
        f"Judged records of {dataset.name}.",
        statistics,
        added=tuple(c.name for c in dataset.columns),
    )


def tables() -> dict[str, Table]:
    """Return every table of the lake by its full name."""
    gold = (Table(f"gold.{m.name}", m.table_columns, comment=m.comment) for m in METRICS.values())
    layers = (table for d in DATASETS.values() for table in (bronze(d), silver(d)))
    return {table.name: table for table in (FILES, RUNS, FORGOTTEN, *layers, *gold)}


def schema(columns: Iterable[Column]) -> Schema:
    """Return the columns as a Delta schema, every one nullable."""
    fields = [
        {
            "name": c.name,
            "type": _DELTA_TYPES.get(c.type, c.type),
            "nullable": True,
            "metadata": {name: text for name, text in (("comment", c.comment), (FIELD, c.field)) if text},
        }
        for c in columns
    ]
    return Schema.from_json(json.dumps({"type": "struct", "fields": fields}))


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the columns as an Arrow schema."""
    return pa.schema(schema(columns).to_arrow())


def differences(stored: Mapping[str, Any], declared: Mapping[str, Any]) -> str:
    """Return which columns a table lacks, and which it has that are not declared or declared with another type."""
    names = [name for name in {**stored, **declared} if stored.get(name) != declared.get(name)]
    return "; ".join(
        f"{name} is {_named(stored.get(name))} there and {_named(declared.get(name))} here" for name in names
    )


def _named(kind: Any) -> str:
    return "missing" if kind is None else str(getattr(kind, "type", kind))

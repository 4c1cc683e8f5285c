"""Delta tables without a JVM: making, opening and appending to them, by deltalake."""

import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from lakehouse import paths
from lakehouse.catalogue import tables
from lakehouse.errors import NotBuiltError, ServiceError
from lakehouse.model import Column, Table

# Delta's names for the types that Spark SQL calls otherwise (Delta protocol, "Schema Serialization Format").
_DELTA_TYPES: dict[str, str | dict[str, object]] = {
    "int": "integer",
    "bigint": "long",
    "array<string>": {"type": "array", "elementType": "string", "containsNull": True},
}

_CHECKPOINT_INTERVAL = {"delta.checkpointInterval": "100"}


def schema(columns: Iterable[Column]) -> Schema:
    """Return the columns as a Delta schema, every one nullable."""
    fields = [
        {
            "name": c.name,
            "type": _DELTA_TYPES.get(c.type, c.type),
            "nullable": True,
            "metadata": {"comment": c.comment} if c.comment else {},
        }
        for c in columns
    ]
    return Schema.from_json(json.dumps({"type": "struct", "fields": fields}))


def _cause(error: Exception) -> str:
    # HDFS's errors come in several lines and with terminal colours.
    return " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())


def create_table(lake: str, table: Table) -> None:
    """Create a table, empty and with its explicit schema, unless it is there already."""
    statistics = {"delta.dataSkippingStatsColumns": ",".join(table.statistics)} if table.statistics else {}
    DeltaTable.create(
        paths.table(lake, table.name),
        schema(table.columns),
        mode="ignore",
        partition_by=list(table.partition_by) or None,
        name=table.name,
        description=table.comment,
        configuration=_CHECKPOINT_INTERVAL | statistics,
    )


def create_tables(lake: str) -> None:
    """Create every table of the lake that is not there yet; raises ServiceError where the lake cannot be reached."""
    try:
        # Each creation waits half a second for HDFS to close a file.
        with ThreadPoolExecutor(len(tables())) as pool:
            list(pool.map(lambda table: create_table(lake, table), tables().values()))
    except (OSError, DeltaError) as error:
        raise ServiceError(
            f"The lake {lake} cannot be reached ({_cause(error)}). Run `make status`, then `make up`."
        ) from error


def open_table(lake: str, name: str, version: int | None = None) -> DeltaTable:
    """Open the table `name`, such as `gold.status_code_counts`, at its newest or the given version.

    Raises NotBuiltError where it does not exist and ServiceError where the lake does not answer.
    """
    try:
        return DeltaTable(paths.table(lake, name), version=version)
    except TableNotFoundError as error:
        raise NotBuiltError(f"The table {name} does not exist yet in {lake}. Run `make pipeline`.") from error
    except (OSError, DeltaError) as error:
        raise ServiceError(
            f"The table {name} in {lake} cannot be read ({_cause(error)}). Run `make status`."
        ) from error


def append(lake: str, table: Table, rows: list[dict[str, object]]) -> None:
    """Append rows, given as dictionaries by column name, to a table in one commit.

    Raises ServiceError where the lake does not answer.
    """
    arrow_schema = pa.schema(schema(table.columns).to_arrow())
    data = pa.Table.from_pylist(rows, schema=arrow_schema)
    try:
        write_deltalake(paths.table(lake, table.name), data, mode="append")
    except (OSError, DeltaError) as error:
        raise ServiceError(
            f"The table {table.name} in {lake} cannot be written ({_cause(error)}). Run `make status`."
        ) from error

"""A table's transaction log, commit by commit, as the Delta protocol has it.

Written through plain files, because each commit by deltalake waits half a second for HDFS to close a file (its client
sleeps where the NameNode does not know of the block yet), and read so, because `DeltaTable.history` holds Python's lock
while HDFS is frozen. Source: Delta protocol, "Delta Log Entries", "Actions".
"""

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deltalake import DeltaTable

from lakehouse.lake import native
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.files import Storage, room
from lakehouse.lake.schemas import schema
from lakehouse.model import Table

Action = dict[str, Any]

# Versions between two checkpoints.
CHECKPOINT_INTERVAL = 100

# Says where the newest checkpoint is; a reader that finds none lists the log.
HINT = "_delta_log/_last_checkpoint"


def file_of(address: str, version: int) -> str:
    """Return the URL of a version's commit."""
    return f"{address}/_delta_log/{version:020}.json"


def read(files: Storage, address: str, version: int) -> list[Action] | None:
    """Return the actions of a version's commit, None where the log does not hold it (any more)."""
    content = files.read(file_of(address, version))
    return None if content is None else [json.loads(line) for line in content.splitlines() if line.strip()]


def append(
    files: Storage,
    address: str,
    version: int,
    added: Sequence[DataFile],
    metadata: str,
    *,
    app: tuple[str, int] | None = None,
    removed: Sequence[DataFile] = (),
) -> bool:
    """Commit files as a version of a table; return False, changing nothing, where that version is there already.

    `metadata` is the commit's user metadata, `removed` the files whose place the added ones take. `app` is the
    transaction's application and its version; a commit without one that removes files changes no row.
    """
    stamp = time.time_ns() // 1_000_000
    is_change = app is not None or not removed
    info = {
        "timestamp": stamp,
        "operation": "WRITE" if is_change else "OPTIMIZE",
        "operationParameters": {"mode": "Overwrite" if removed else "Append"} if is_change else {},
        "operationMetrics": {"numFiles": str(len(added)), "numOutputRows": str(sum(file.rows for file in added))},
        "userMetadata": metadata,
    }
    actions: Iterable[Action] = (
        {"commitInfo": info},
        *([{"txn": {"appId": app[0], "version": app[1], "lastUpdated": stamp}}] if app else []),
        *({"remove": _remove(file, stamp) | {"dataChange": is_change}} for file in removed),
        *({"add": _add(file, stamp) | {"dataChange": is_change}} for file in added),
    )
    return _commit(files, address, version, actions)


def _commit(files: Storage, address: str, version: int, actions: Iterable[Action]) -> bool:
    return files.create(file_of(address, version), "".join(f"{json.dumps(a)}\n" for a in actions).encode())


def beginning(table: Table) -> bytes:
    """Return the first commit of a table without rows, as deltalake makes it on the local disk."""
    with room(), tempfile.TemporaryDirectory(prefix="lakehouse-table-") as folder:
        made = DeltaTable.create(
            folder,
            schema(table.columns),
            partition_by=list(table.partition_by) or None,
            name=table.name,
            description=table.comment,
            configuration={"delta.checkpointInterval": str(CHECKPOINT_INTERVAL)} | _configuration(table),
        )
        return Path(file_of(folder, made.version())).read_bytes()


def _configuration(table: Table) -> dict[str, str]:
    """Return what a table's log says of its statistics: readers pass over those of other columns."""
    return {"delta.dataSkippingStatsColumns": ",".join(table.statistics)} if table.statistics else {}


def widen(files: Storage, address: str, opened: DeltaTable, table: Table, metadata: str) -> bool:
    """Commit other columns as the next version of an open table, whose rows have null there; return as `append`.

    `metadata` is the commit's user metadata (Delta protocol, "Change Metadata").
    """
    known, stamp = opened.metadata(), time.time_ns() // 1_000_000
    info = {"timestamp": stamp, "operation": "ADD COLUMNS", "operationParameters": {}, "userMetadata": metadata}
    described = {
        "id": str(known.id),
        "name": known.name,
        "description": known.description,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema(table.columns).to_json(),
        "partitionColumns": known.partition_columns,
        "configuration": {**known.configuration, **_configuration(table)},
        "createdTime": known.created_time,
    }
    return _commit(files, address, opened.version() + 1, ({"commitInfo": info}, {"metaData": described}))


def sum_up(files: Storage, address: str, version: int) -> None:
    """Write the checkpoint of a version, from the one before or the beginning (Delta protocol, "Checkpoints").

    deltalake makes it on the local disk from a copy of the log. Where the log does not reach back far enough, there is
    none: readers do without. What a forgetting left of one begins with a checkpoint.
    """
    with room(), tempfile.TemporaryDirectory(prefix="lakehouse-log-") as folder:
        log = Path(folder, "_delta_log")
        log.mkdir()
        for number in range(version, -1, -1):
            if number < version and number % CHECKPOINT_INTERVAL == 0 and _copied(files, address, folder, number):
                break
            commit = files.read(file_of(address, number))
            if commit is None:
                if number + 1 == version or not _copied(files, address, folder, number + 1):
                    return
                break
            Path(file_of(folder, number)).write_bytes(commit)
        native.call(f"the copy of the log of {address}", lambda: DeltaTable(folder).create_checkpoint())
        files.upload(Path(checkpoint_of(folder, version)), checkpoint_of(address, version))
        files.delete(f"{address}/{HINT}")
        files.create(f"{address}/{HINT}", Path(folder, HINT).read_bytes())


def _copied(files: Storage, address: str, folder: str, version: int) -> bool:
    """Copy the checkpoint of a version into a folder; return whether there is one."""
    summed = files.read(checkpoint_of(address, version))
    if summed is not None:
        Path(checkpoint_of(folder, version)).write_bytes(summed)
    return summed is not None


def checkpoint_of(address: str, version: int) -> str:
    """Return the URL of a version's checkpoint."""
    return f"{address}/_delta_log/{version:020}.checkpoint.parquet"


def _add(file: DataFile, stamp: int) -> Action:
    statistics = {
        "numRecords": file.rows,
        "minValues": dict(file.least),
        "maxValues": dict(file.greatest),
        "nullCount": dict(file.nulls),
    }
    return _named(file) | {"modificationTime": stamp, "stats": json.dumps(statistics)}


def _remove(file: DataFile, stamp: int) -> Action:
    return _named(file) | {"deletionTimestamp": stamp, "extendedFileMetadata": True}


def _named(file: DataFile) -> Action:
    values = {} if file.side is None else {"quarantined": str(file.side).lower()}
    return {"path": quote(file.path, safe="/="), "partitionValues": values, "size": file.size}


def changes_rows(actions: Iterable[Action]) -> bool:
    """Return whether a commit lets a table hold other rows (Delta protocol, "Add File and Remove File")."""
    return any(a[kind].get("dataChange", True) for a in actions for kind in ("add", "remove") if kind in a)


def metadata_of(actions: Iterable[Action]) -> Any:
    """Return what the user metadata of a commit holds as JSON, None where it holds none."""
    text = next((a["commitInfo"].get("userMetadata") for a in actions if "commitInfo" in a), None)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None

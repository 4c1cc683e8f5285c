"""One SQL query of somebody who is not trusted, in a process of its own: `python -m lakehouse.query.sandbox`.

The query comes on standard input as JSON (`sql`, the `layers` that may be read, whether personal columns are `masked`),
the answer goes as an Arrow stream to standard output, what is wrong with the query as a line to standard error with the
exit code of a QueryError or a DeniedError. Nothing in the engine can be given a deadline or less memory than there is,
and a process can: who starts this one ends it when the time is up, and the kernel ends it with who started it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakehouse import clients
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from lakehouse.query import limits
from lakehouse.query.errors import QueryError
from lakehouse.query.sql import run
from lakehouse.settings import load

# What ends a process with who started it (prctl's PR_SET_PDEATHSIG).
_PARENT_DEATH = 1


def main() -> int:
    """Answer the query on standard input and return the exit code."""
    _confine()
    asked: dict[str, Any] = json.load(sys.stdin)
    settings = load()
    clients.prepare(settings, settings.hdfs_reader)
    try:
        rows = _bounded(run(Lake.of(settings), asked["sql"], masked=asked["masked"], layers=asked["layers"]))
    except (LakehouseError, MemoryError) as error:
        sys.stderr.write(str(error))
        return error.exit_code if isinstance(error, LakehouseError) else 1
    with pa.ipc.new_stream(sys.stdout.buffer, rows.schema) as stream:
        stream.write_table(rows)
    return 0


def _confine() -> None:
    """Bound the memory and the time of this process, and its life by that of its parent."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    os.nice(5)
    # What libraries have reserved by now and never touch is counted too.
    most = _reserved() + limits.SQL_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Its own files, such as what a sort would put aside, have no room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _reserved() -> int:
    """Return the bytes of this process that RLIMIT_DATA counts."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData"))


def _bounded(reader: pa.RecordBatchReader) -> pa.Table:
    """Return all rows of an answer; raises QueryError where there are too many, or they are too large."""
    batches, rows, size = [], 0, 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > limits.SQL_ROWS or size > limits.SQL_BYTES:
            raise QueryError(
                f"The answer has more than {limits.SQL_ROWS:,} rows or {limits.SQL_BYTES >> 20} MB: sum up further, or "
                f"add LIMIT; /api/export/ gives whole tables."
            )
    return pa.Table.from_batches(batches, reader.schema)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the engine may still be at work; the interpreter's own end would take the ground from under them.
    os._exit(code)

"""One SQL query of somebody who is not trusted, in a process of its own: `python -m lakehouse.query.sandbox`.

The query comes on standard input as JSON (`sql`, the `layers` that may be read, whether personal columns are `masked`).
The answer goes as an Arrow stream to standard output, or what is wrong with the query as a line, with the exit code of
a QueryError or a DeniedError; what libraries have to say goes to standard error. Nothing in the engine can be given a
deadline or less memory than there is, and a process can: who starts this one ends it when the time is up, and the
kernel ends it with who started it.
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
from lakehouse.query.shape import texts
from lakehouse.query.sql import run
from lakehouse.settings import load

TOO_MUCH = f"The query needs more than {limits.SQL_MEMORY >> 20} MB; ask for less at a time."
# Bytes of a value's frame in JSON, as it leaves the API.
_FRAME = len('{"VarCharValue": ""}, ')
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
    except MemoryError:
        sys.stdout.write(TOO_MUCH)
        return QueryError.exit_code
    except LakehouseError as error:
        sys.stdout.write(str(error))
        return error.exit_code
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
    """Return all rows of an answer; raises QueryError where there are too many, or they are too large as text.

    Many values may share the same bytes in Arrow, and each of them is written out where the answer is made.
    """
    batches, rows, size = [], 0, 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + max(batch.nbytes, _size(batch))
        if rows > limits.SQL_ROWS or size > limits.SQL_BYTES:
            raise QueryError(
                f"The answer has more than {limits.SQL_ROWS:,} rows or {limits.SQL_BYTES >> 20} MB: sum up further, or "
                f"add LIMIT; /api/export/ gives whole tables."
            )
    return pa.Table.from_batches(batches, reader.schema)


def _size(batch: pa.RecordBatch) -> int:
    """Return the size of a batch in JSON; raises QueryError for a value that no text is known for."""
    try:
        return sum(_FRAME + len(cell or "") for row in texts(batch) for cell in row)
    except (ArithmeticError, ValueError, NotImplementedError) as error:
        raise QueryError(f"A value of the answer has no text ({error}): cast it to text in the query.") from error


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the engine may still be at work; the interpreter's own end would take the ground from under them.
    os._exit(code)

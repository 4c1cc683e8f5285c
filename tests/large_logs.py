"""A silver.logs that takes a while to read: texts that hardly compress, a row group a file.

From a shell: `PYTHONPATH=jobs:tests python -m large_logs LAKE ROWS FILES`.
"""

import sys
from datetime import UTC, datetime, timedelta
from random import Random

import pyarrow as pa
from deltalake import write_deltalake

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, schemas
from lakehouse.lake.schemas import arrow_schema


def append(url: str, rows: int, files: int) -> None:
    """Append so many files of so many good rows to silver.logs of a lake."""
    table, rng, start = schemas.silver(DATASETS["logs"]), Random(7), datetime(2024, 1, 1, tzinfo=UTC)
    schema = arrow_schema(table.columns)
    for file in range(files):
        numbers = range(file * rows, (file + 1) * rows)
        made = {
            "ip": pa.array(["10.0.0.1"] * rows),
            "time": pa.array([start + timedelta(seconds=n) for n in numbers], pa.timestamp("us", "UTC")),
            "path": pa.array([rng.randbytes(250).hex() for _ in numbers]),
            "status": pa.array([200 + n % 300 for n in numbers], pa.int32()),
            "quarantined": pa.array([False] * rows),
            "batch": pa.array([2 + file] * rows),
        }
        columns = [made[f.name].cast(f.type) if f.name in made else pa.nulls(rows, f.type) for f in schema]
        data = pa.table(columns, schema=schema)
        write_deltalake(Lake(url).address(table.name), data, mode="append", partition_by=["quarantined"])


if __name__ == "__main__":
    append(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

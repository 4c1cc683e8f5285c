"""Print how many of forty tasks of a job on YARN ran in which node's folder: `jobs/submit.sh tests/yarn_spread.py`."""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from lakehouse.spark import session

TASKS = 40


def in_task(_: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    # A task takes a fifth of a second or so: of shorter ones, whoever starts first would do all.
    hashlib.pbkdf2_hmac("sha256", b"", b"", 500_000)
    # …/yarn/local2/usercache/… is that of the second NodeManager.
    yield pa.RecordBatch.from_pydict({"node": [str(Path.cwd()).partition("/usercache/")[0].rpartition("/")[2]]})


if __name__ == "__main__":
    spark = session.start("spread")
    rows = spark.range(0, TASKS, 1, TASKS).mapInArrow(in_task, "node string").collect()
    for node, count in sorted(Counter(row.node for row in rows).items()):
        sys.stdout.write(f"node {node} {count}\n")

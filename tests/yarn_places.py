"""Print where the driver and a task of a job on YARN find their code: `jobs/submit.sh tests/yarn_places.py`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyspark

import lakehouse
from lakehouse import settings
from lakehouse.spark import session

WHAT = ("lakehouse", "pyspark", "prefix", "root", "folder", "pythonpath")


def places() -> list[str]:
    files = (str(lakehouse.__file__), str(pyspark.__file__))
    return [*files, sys.prefix, str(settings.ROOT), str(Path.cwd()), os.environ["PYTHONPATH"]]


def in_task(_: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pydict({"place": places()})


if __name__ == "__main__":
    spark = session.start("places")
    rows = spark.range(0, 1, 1, 1).mapInArrow(in_task, "place string").collect()
    for where, found in (("driver", places()), ("task", [row.place for row in rows])):
        for what, place in zip(WHAT, found, strict=True):
            sys.stdout.write(f"{where} {what} {place}\n")

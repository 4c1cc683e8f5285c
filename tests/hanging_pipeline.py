"""The pipeline with a native call that never returns: `spark-submit tests/hanging_pipeline.py TABLE once|always`."""

import sys
import threading
from typing import Any

from deltalake import DeltaTable

import pipeline
from lakehouse.lake import native, store
from lakehouse.spark.main import main

TABLE, HOW = sys.argv[1:]
hung: list[str] = []


def open_or_hang(address: str, **options: Any) -> DeltaTable:
    """Open a table; the named one hangs, the first time or always."""
    if address.endswith(TABLE) and (HOW == "always" or not hung):
        hung.append(address)
        threading.Event().wait()
    return DeltaTable(address, **options)


native.SECONDS = 3.0
store.DeltaTable = open_or_hang  # type: ignore[assignment,attr-defined]

if __name__ == "__main__":
    sys.exit(main("pipeline", pipeline.run))

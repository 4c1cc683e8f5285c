"""The store: tables, plain files, the lock and the ledger; everything here works without a JVM."""

from lakehouse.lake.state import Standing
from lakehouse.lake.store import Lake

__all__ = ["Lake", "Standing"]

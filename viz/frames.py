"""Answers to SQL over tables of the lake as frames, which is what is drawn."""

import pandas as pd
from deltalake import DeltaTable

from lakehouse.lake import scan


def query(sql: str, **tables: DeltaTable) -> pd.DataFrame:
    """Return the answer to an SQL query over open tables, each under its keyword's name, as `scan.query` gives it."""
    frame: pd.DataFrame = scan.query(sql, **tables).to_pandas()
    return frame

"""Delta tables as Arrow tables and pandas frames without a JVM, for charts and API.

Everything is read without Arrow's own threads: a process that used them can crash when the interpreter ends.
"""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable, QueryBuilder


def read(table: DeltaTable, columns: Sequence[str] | None = None, where: ds.Expression | None = None) -> pa.Table:
    """Return the rows of an open table that fulfil `where`, with the named columns."""
    dataset = table.to_pyarrow_dataset()
    return dataset.to_table(columns=list(columns) if columns else None, filter=where, use_threads=False)


def query(sql: str, **tables: DeltaTable) -> pd.DataFrame:
    """Return the answer to an SQL query over open tables, each under its keyword's name.

    The engine is DataFusion, inside deltalake: aggregates run in bounded memory, only their result is a frame.
    """
    builder = QueryBuilder()
    for name, table in tables.items():
        builder.register(name, table)
    frame: pd.DataFrame = pa.table(builder.execute(sql).read_all()).to_pandas()
    return frame


def rows_by_partition(table: DeltaTable) -> dict[bool | None, int]:
    """Return the number of rows per value of `quarantined` (None where it is no column), from the log alone."""
    actions = pa.table(table.get_add_actions(flatten=True))
    sides: Sequence[bool | None] = [None] * actions.num_rows
    if "partition.quarantined" in actions.column_names:
        sides = actions["partition.quarantined"].to_pylist()
    counts: dict[bool | None, int] = {}
    for side, rows in zip(sides, actions["num_records"].to_pylist(), strict=True):
        counts[side] = counts.get(side, 0) + (rows or 0)
    return counts


def sum_of(table: DeltaTable, statistic: str) -> int:
    """Return the sum over a table's files of a statistic of its log, such as `num_records` or `null_count.amount`."""
    actions = pa.table(table.get_add_actions(flatten=True))
    if statistic not in actions.column_names:
        return 0
    return sum(value or 0 for value in actions[statistic].to_pylist())

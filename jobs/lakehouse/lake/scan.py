"""Open tables read without a JVM: rows as Arrow, answers to SQL, counts from the log alone.

Everything is read without Arrow's own threads: a process that used them can crash when the interpreter ends.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, QueryBuilder

from lakehouse.lake import native
from lakehouse.lake.state import Source, State


def read(table: DeltaTable, columns: Sequence[str] | None = None, where: ds.Expression | None = None) -> pa.Table:
    """Return the rows of an open table that fulfil `where`, with the named columns."""
    names = list(columns) if columns else None
    return native.call(
        table.table_uri,
        lambda: table.to_pyarrow_dataset().to_table(columns=names, filter=where, use_threads=False),
        native.QUERY_SECONDS,
    )


def query(sql: str, **tables: DeltaTable) -> pa.Table:
    """Return the answer to an SQL query over open tables, each under its keyword's name.

    The engine is DataFusion, inside deltalake: aggregates run in bounded memory, only their result is a table.
    """

    def work() -> pa.Table:
        builder = QueryBuilder()
        for name, table in tables.items():
            builder.register(name, table)
        # Read by pyarrow, which lets other threads run meanwhile; the reader's own read_all() holds Python's lock.
        return pa.RecordBatchReader.from_stream(builder.execute(sql)).read_all()

    where = ", ".join(table.table_uri for table in tables.values())
    return native.call(where, work, native.QUERY_SECONDS)


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


def count_after(table: DeltaTable, batch: int) -> int:
    """Return the number of rows of later batches; files that their statistics rule out are not read."""
    where = ds.field("batch") > batch
    return native.call(
        table.table_uri,
        lambda: int(table.to_pyarrow_dataset().count_rows(filter=where, use_threads=False)),
        native.QUERY_SECONDS,
    )


def state_of_rows(table: DeltaTable) -> State:
    """Return what a table stands at by its rows, for one whose commits carry no state (any more).

    The id of its topic or source is not to be had from there and stays empty.
    """
    names = [field.name for field in table.schema().fields]
    if "batch" not in names or not sum_of(table, "num_records"):
        return State()
    if "bronze_batch" in names:
        rows = read(table, ["batch", "bronze_batch"])
        return State(batch=pc.max(rows["batch"]).as_py(), source=Source("", 0, pc.max(rows["bronze_batch"]).as_py(), 0))
    batch = pc.max(read(table, ["batch"])["batch"]).as_py()
    by_topic = read(table, ["source_id", "position"], ds.field("kafka_timestamp").is_valid())
    ends = by_topic.group_by("source_id").aggregate([("position", "min"), ("position", "max")]).to_pylist()
    return State(batch=batch, offsets={r["source_id"]: (r["position_min"], r["position_max"] + 1) for r in ends})

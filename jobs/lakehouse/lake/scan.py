"""Open tables read without a JVM: rows as Arrow, answers to SQL, counts from the log alone.

Rows are read by DataFusion, the engine inside deltalake. Arrow's own readers call back into Python from threads of
theirs, and a process that ended meanwhile crashed once in 150 times (`terminate called without an active exception`).
"""

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from sqlglot import exp

from lakehouse.lake import data_files, native
from lakehouse.lake.state import Source, State

_OF_THE_STORE = re.compile(r"^External error|Object Store error")


def read(table: DeltaTable, columns: Sequence[str] = (), where: str = "") -> pa.Table:
    """Return the rows of an open table that fulfil a condition in SQL, in no order, with the named columns (or all).

    The types are the table's own, where `query` gives views of strings.
    """
    schema = pa.schema(table.schema().to_arrow())
    wanted = pa.schema([schema.field(name) for name in columns]) if columns else schema
    names = ", ".join(f'"{name}"' for name in wanted.names)
    return query(f"SELECT {names} FROM t{' WHERE ' if where else ''}{where}", t=table).cast(wanted)


def query(sql: str, **tables: DeltaTable) -> pa.Table:
    """Return the answer to an SQL query over open tables, each under its keyword's name.

    The engine is DataFusion, inside deltalake: aggregates run in bounded memory, only their result is a table. Raises
    OSError where a file is missing or cannot be read.
    """
    where = ", ".join(table.table_uri for table in tables.values())
    return native.call(where, lambda: answer(sql, **tables), native.QUERY_SECONDS)


def answer(sql: str, **tables: DeltaTable) -> pa.Table:
    """Return what `query` does, beside other native calls: for a thread that others do not wait for."""
    builder = QueryBuilder()
    for name, table in tables.items():
        builder.register(name, table)
    # Read by pyarrow, which lets other threads run meanwhile; the reader's own read_all() holds Python's lock.
    try:
        return pa.RecordBatchReader.from_stream(builder.execute(sql)).read_all()
    except pa.ArrowInvalid as error:
        # Arrow has one error for a store that fails and for a query that does.
        if _OF_THE_STORE.search(str(error)):
            raise OSError(str(error)) from error
        raise


def literal(text: str) -> str:
    """Return a text as an SQL literal, whatever it holds."""
    return exp.Literal.string(text).sql(dialect="postgres")


def rows_by_partition(table: DeltaTable) -> dict[bool | None, int]:
    """Return the number of rows per value of `quarantined` (None where it is no column), from the log alone."""
    counts: Counter[bool | None] = Counter()
    for file in data_files.of_table(table, ()):
        counts[file.side] += file.rows
    return dict(counts)


def sum_of(table: DeltaTable, statistic: str) -> int:
    """Return the sum over a table's files of a statistic of its log, such as `num_records` or `null_count.amount`."""
    actions = pa.table(table.get_add_actions(flatten=True))
    return sum(filter(None, actions[statistic].to_pylist())) if statistic in actions.column_names else 0


def count_after(table: DeltaTable, batch: int) -> int:
    """Return the number of rows of later batches; files that their statistics rule out are not read."""
    answer = query(f"SELECT count(*) AS n FROM t WHERE batch > {batch:d}", t=table)
    return int(answer["n"][0].as_py())


def state_of_rows(table: DeltaTable) -> State:
    """Return what a table stands at by its rows, for one whose commits carry no state (any more).

    The id of its topic or source is not to be had from there and stays empty.
    """
    names = [field.name for field in table.schema().fields]
    if "batch" not in names or not sum_of(table, "num_records"):
        return State()
    if "bronze_batch" in names:
        newest = query("SELECT max(batch) AS batch, max(bronze_batch) AS bronze FROM t", t=table).to_pylist()[0]
        rules = query("SELECT rules_version, count(*) AS n FROM t GROUP BY 1", t=table).to_pylist()
        by_version = {row["rules_version"]: row["n"] for row in rules}
        return State(batch=newest["batch"], source=Source("", 0, newest["bronze"], 0), rules=by_version)
    batch = query("SELECT max(batch) AS batch FROM t", t=table)["batch"][0].as_py()
    ends = query(
        "SELECT source_id, min(position) AS first, max(position) AS last FROM t "
        "WHERE kafka_timestamp IS NOT NULL GROUP BY 1",
        t=table,
    )
    return State(batch=batch, offsets={row["source_id"]: (row["first"], row["last"] + 1) for row in ends.to_pylist()})

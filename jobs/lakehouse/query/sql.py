"""Ad-hoc SQL over the tables of a lake by their names, by DataFusion inside deltalake: no JVM, read-only."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import sqlglot
from deltalake import QueryBuilder
from deltalake.exceptions import DeltaError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakehouse.lake import Lake, native, relations
from lakehouse.lake.relations import View
from lakehouse.query.errors import QueryError


class SqlError(QueryError):
    """Raised for SQL that is not one query over the tables there are, or that the engine refuses."""


def run(lake: Lake, sql: str) -> pa.RecordBatchReader:
    """Return the answer to a query as a stream of batches.

    Tables go by their full names (`silver.transactions`, `quarantine.logs`, `gold.campaign_metrics`, `bronze.logs`,
    `ledger.files`), metrics and datasets by their bare ones too, all as they are spelled: deltalake's DataFusion does
    not fold case. Raises SqlError for anything but one query, naming
    what is wrong, NotBuiltError for a table that is not there yet, and ServiceError where the lake does not answer.
    """
    wanted = named_views(sql)
    tables = {name: lake.open(name) for name in sorted({view.table for view in wanted.values()})}
    builder = QueryBuilder()
    for schema in sorted({"lake", *(view.layer for view in wanted.values())}):
        builder.execute(f"CREATE SCHEMA {schema}").read_all()
    for table, opened in tables.items():
        builder.register(f'lake."{table}"', opened)
    for name, view in wanted.items():
        builder.execute(f"CREATE VIEW {name} AS {_select(relations.as_stored(view, tables[view.table]))}").read_all()
    with _translated():
        # DataFusion finds most faults while planning, the others with the first batch.
        reader = pa.RecordBatchReader.from_stream(builder.execute(sql))
        first = _next(reader)
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader, first))


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    return native.call("the answer to the query", lambda: next(iter(reader), None), native.QUERY_SECONDS)


def _batches(reader: pa.RecordBatchReader, first: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
    following = first
    while following is not None:
        yield following
        with _translated():
            following = _next(reader)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DeltaError, pa.ArrowException, OSError) as error:
        raise SqlError(f"The query cannot be run: {_words(error)}") from error


def named_views(sql: str) -> dict[str, View]:
    """Return the views that a query names, by the name it uses; raises SqlError where it is no single query."""
    try:
        statements = [s for s in sqlglot.parse(sql, read="postgres") if s is not None]
    except (SqlglotError, RecursionError) as error:
        raise SqlError(f"This is not SQL: {_words(error)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlError("One SELECT is needed: nothing can be changed from here, and nothing else is run.")
    if statements[0].find(exp.Into, exp.DDL, exp.DML):
        raise SqlError("Only reading is possible: the query would write.")
    return {name: _view(name) for name in sorted(_names(statements[0]))}


def _names(query: exp.Query) -> set[str]:
    defined = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    found = set()
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise SqlError("Only tables of the lake can be read, no table functions.")
        parts = [part.name for part in table.parts]
        if not (len(parts) == 1 and parts[0] in defined):
            found.add(".".join(parts))
    return found


def _view(name: str) -> View:
    known, short = relations.views(), relations.aliases()
    view = known.get(short.get(name, name))
    if view is None:
        near = difflib.get_close_matches(name.lower(), [*known, *short], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise SqlError(f"There is no table {name}.{hint} There are: {', '.join(known)}.")
    return view


def _select(view: View) -> str:
    columns = ", ".join(f'"{column.name}"' for column in view.columns)
    side = "" if view.quarantined is None else f" WHERE quarantined = {str(view.quarantined).lower()}"
    return f'SELECT {columns} FROM lake."{view.table}"{side}'


def _words(error: BaseException) -> str:
    """Return the first line of an error without the colours that sqlglot puts into it."""
    text = str(error).replace("\x1b[4m", "").replace("\x1b[0m", "").strip()
    return text.splitlines()[0] if text else type(error).__name__

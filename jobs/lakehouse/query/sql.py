"""Ad-hoc SQL over the tables of a lake by their names, by DataFusion inside deltalake: no JVM, read-only."""

import difflib
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.dataset as ds
import sqlglot
from deltalake import QueryBuilder
from deltalake.exceptions import DeltaError
from sqlglot import ErrorLevel, exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError, UnsupportedError
from sqlglot.parsers.postgres import PostgresParser

from lakehouse.errors import ServiceError
from lakehouse.lake import Lake, native, relations
from lakehouse.lake.relations import View
from lakehouse.model import Column
from lakehouse.query.errors import DeniedError, QueryError
from lakehouse.query.scan import check_size
from lakehouse.query.shape import MASK

# How the engine names a failure of the store: all others are faults of the query.
_OF_THE_STORE = re.compile(r"External error: (Parquet|Object Store) error")
# Characters of an error, which may hold a value of any length.
_MOST_WORDS = 300


class _EngineParser(PostgresParser):
    """Leaves each function as it is written: the engine has its own, and to_char's formats are not PostgreSQL's."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}


class _Engine(Postgres):
    """The engine's SQL: PostgreSQL's but for the functions."""

    Parser = _EngineParser


class SqlError(QueryError):
    """Raised for SQL that is not one query over the tables there are, or that the engine refuses."""


def run(lake: Lake, sql: str, *, masked: bool = False, layers: Collection[str] | None = None) -> pa.RecordBatchReader:
    """Return the answer to a query as a stream of batches.

    Tables go by their full names (`silver.transactions`, `quarantine.logs`, `gold.campaign_metrics`, `bronze.logs`,
    `ledger.files`), metrics and datasets by their bare ones too, all as they are spelled: deltalake's DataFusion does
    not fold case. Personal columns are `masked` throughout, for conditions too. Where `layers` are given, these alone
    can be read, and no more than by a scan.

    Raises SqlError for anything but one query, naming what is wrong, DeniedError for a table of another layer,
    QueryError where too much would be read, NotBuiltError for a table that is not there yet, and ServiceError where
    the lake does not answer.
    """
    query = parsed(sql)
    text, wanted = _written(query), named_views(query)
    for view in wanted.values():
        if layers is not None and view.layer not in layers:
            raise DeniedError(f"You may not read {view.name}; of the lake you may read {', '.join(layers)}.")
    tables = {name: lake.open(name) for name in sorted({view.table for view in wanted.values()})}
    for view in wanted.values() if layers is not None else ():
        side = None if view.quarantined is None else ds.field("quarantined") == view.quarantined
        check_size(tables[view.table], side)
    builder = QueryBuilder()
    for schema in sorted({"lake", *(view.layer for view in wanted.values())}):
        builder.execute(f"CREATE SCHEMA {schema}").read_all()
    for table, opened in tables.items():
        builder.register(f'lake."{table}"', opened)
    is_cut = query.find(exp.Limit, exp.Fetch, exp.Offset) is not None
    for name, view in wanted.items():
        stored = relations.as_stored(view, tables[view.table])
        builder.execute(f"CREATE VIEW {name} AS {_select(stored, masked=masked, is_cut=is_cut)}").read_all()
    for table in tables:
        # A view keeps what it reads; to the query there is nothing beside the views.
        builder.execute(f'DROP TABLE lake."{table}"').read_all()
    with _translated():
        # DataFusion finds most faults while planning, the others with the first batch.
        reader = pa.RecordBatchReader.from_stream(builder.execute(text))
        first = _next(reader)
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader, first))


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    # Once: a second call would go on behind the rows that the first one had got.
    return native.call("the answer to the query", lambda: next(iter(reader), None), native.QUERY_SECONDS, attempts=1)


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
        if _OF_THE_STORE.match(str(error)):
            raise ServiceError(
                f"The lake cannot be read ({native.cause(error)}). Run `make status`; `make balance` names files that "
                "are missing or changed."
            ) from error
        raise SqlError(f"The query cannot be run: {_words(error)}") from error


def parsed(sql: str) -> exp.Query:
    """Return the one query that a text is; raises SqlError for anything else.

    What is run is written anew from it: the engine reads no text that it could take for something else.
    """
    try:
        statements = [s for s in sqlglot.parse(sql, read=_Engine) if s is not None]
    except (SqlglotError, RecursionError) as error:
        raise SqlError(f"This is not SQL: {_words(error)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlError("One SELECT is needed: nothing can be changed from here, and nothing else is run.")
    if statements[0].find(exp.Into, exp.DDL, exp.DML):
        raise SqlError("Only reading is possible: the query would write.")
    return statements[0]


def _written(query: exp.Query) -> str:
    """Return the text of a query for the engine; raises SqlError for what would be lost on the way."""
    try:
        return query.sql(_Engine, comments=False, normalize_functions=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise SqlError(f"The query cannot be run: {_words(error)}") from error


def named_views(query: exp.Query) -> dict[str, View]:
    """Return the views that a query names, by the name it uses; raises SqlError for others."""
    return {name: _view(name) for name in sorted(_names(query))}


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


def _select(view: View, *, masked: bool, is_cut: bool) -> str:
    hidden = view.personal if masked else frozenset()
    values = {c.name: _mask(c) if c.name in hidden else f'"{c.name}"' for c in view.columns}
    columns = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
    conditions = [] if view.quarantined is None else [f"quarantined = {str(view.quarantined).lower()}"]
    if is_cut:
        # deltalake loses a LIMIT that gets as far as a scan of no columns, such as that of a masked column or of
        # SELECT 1. It does not get past a condition that may be another for each row.
        conditions.append("random() >= 0")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f'SELECT {columns} FROM lake."{view.table}"{where}'


def _mask(column: Column) -> str:
    """Return what stands for a masked column: the mask where it holds text or bytes, NULL of its type else."""
    if kind := {"string": "Utf8", "binary": "Binary"}.get(column.type):
        return f"arrow_cast('{MASK}', '{kind}')"
    return f'CASE WHEN FALSE THEN "{column.name}" END'


def _words(error: BaseException) -> str:
    """Return the first line of an error's cause, cut to a bearable length, without sqlglot's colours."""
    text = str(error).replace("\x1b[4m", "").replace("\x1b[0m", "").rpartition("\ncaused by\n")[2].strip()
    return text.splitlines()[0][:_MOST_WORDS] if text else type(error).__name__

"""Ad-hoc SQL over the tables of a lake by their names, by DataFusion inside deltalake: no JVM, read-only."""

import difflib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import sqlglot
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakehouse import lake, views
from lakehouse.errors import LakehouseError, ServiceError
from lakehouse.views import View

# Seconds that the lake has to open the tables of a query; a frozen NameNode would keep it waiting for ever.
PATIENCE = 15.0


class SqlError(LakehouseError):
    """Raised for SQL that is not one query over the tables there are, or that the engine refuses."""

    exit_code = 2


def run(url: str, sql: str) -> pa.RecordBatchReader:
    """Return the answer to a query as a stream of batches.

    Tables go by their full names (`silver.transactions`, `quarantine.logs`, `gold.campaign_metrics`, `bronze.logs`,
    `ledger.files`), metrics and datasets by their bare ones too, all as they are spelled: deltalake's DataFusion does
    not fold case. Raises SqlError for anything but one query, naming
    what is wrong, NotBuiltError for a table that is not there yet, and ServiceError where the lake does not answer.
    """
    wanted = named_views(sql)
    tables = _opened(url, sorted({view.table for view in wanted.values()}))
    builder = QueryBuilder()
    for schema in sorted({"lake", *(view.layer for view in wanted.values())}):
        builder.execute(f"CREATE SCHEMA {schema}").read_all()
    for table, opened in tables.items():
        builder.register(f'lake."{table}"', opened)
    for name, view in wanted.items():
        builder.execute(f"CREATE VIEW {name} AS {_select(view)}").read_all()
    with _translated():
        # DataFusion finds most faults while planning, the others with the first batch.
        reader = pa.RecordBatchReader.from_stream(builder.execute(sql))
        first = next(iter(reader), None)
    return pa.RecordBatchReader.from_batches(reader.schema, _batches(reader, first))


def _batches(reader: pa.RecordBatchReader, first: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
        with _translated():
            yield from reader


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
    known, short = views.views(), views.aliases()
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


def _opened(url: str, names: list[str]) -> dict[str, DeltaTable]:
    """Open tables; raises ServiceError where that takes longer than PATIENCE seconds."""
    opened: dict[str, DeltaTable] = {}
    failed: list[BaseException] = []

    def work() -> None:
        try:
            opened.update({name: lake.open_table(url, name) for name in names})
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if failed:
        raise failed[0]
    if thread.is_alive():
        raise ServiceError(f"The lake {url} did not answer within {PATIENCE:g} s. Run `make status`.")
    return opened


def _words(error: BaseException) -> str:
    """Return the first line of an error without the colours that sqlglot puts into it."""
    text = str(error).replace("\x1b[4m", "").replace("\x1b[0m", "").strip()
    return text.splitlines()[0] if text else type(error).__name__

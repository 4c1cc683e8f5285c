"""A connection to the database, its errors in words that a user can act on, and what both ways of reading ask of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from lakehouse.errors import IntegrityError, ServiceError
from lakehouse.model import DatabaseTable
from lakehouse.postgres.rows import Change, as_json

Row = dict[str, Any]

# How values are written as text: in UTC, as ISO 8601 has it, floats to their last digit. Seconds that a statement may
# take that does not read a table; a slot is made when all transactions of before have ended.
_OPTIONS = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1 -c bytea_output=hex"
_SECONDS = 60

_TABLE = """
    SELECT c.oid::text AS oid, c.relkind, c.relreplident, d.oid::text AS database, system_identifier::text AS server
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_database d, pg_control_system()
    WHERE n.nspname = %s AND c.relname = %s AND d.datname = current_database()
"""


class Connection:
    """One connection to the database; every method raises LakehouseErrors in place of the driver's.

    The driver takes the password from PGPASSWORD or PGPASSFILE by itself, so that it is in no variable here.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        with self.translated():
            self.raw = psycopg.connect(
                url, autocommit=True, options=_OPTIONS, connect_timeout=10, application_name="lakehouse",
                client_encoding="UTF8",
            )  # fmt: skip
            self.run(f"SET statement_timeout = '{_SECONDS}s'")

    def run(self, statement: str) -> None:
        """Execute a statement that gives no rows."""
        with self.translated():
            self.raw.execute(statement)

    def row(self, query: str | Composed, *values: Any) -> Row | None:
        """Return the first row that a query gives, by the names of its columns; None where it gives none."""
        with self.translated(), self.raw.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query, values or None)
            return cursor.fetchone()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Read as of one moment, however long that takes."""
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            self.run("SET LOCAL statement_timeout = 0")
            yield
        finally:
            if not self.raw.closed:
                self.run("ROLLBACK")

    @contextmanager
    def copy(self, statement: Composed) -> Iterator[psycopg.Copy]:
        """Give the rows of a COPY as they come."""
        with self.translated(), self.raw.cursor() as cursor, cursor.copy(statement) as copied:
            yield copied

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise LakehouseErrors in place of the driver's; what a message quotes of the data is left out."""
        try:
            yield
        except psycopg.Error as error:
            where = self.url.partition("@")[2].partition("?")[0]
            told = (error.diag.message_primary or str(error) or type(error).__name__).splitlines()[0]
            if isinstance(error, psycopg.errors.QueryCanceled):
                raise ServiceError(
                    f"PostgreSQL at {where} did not do what is asked within {_SECONDS} s: a transaction that stays "
                    f"open keeps it. pg_stat_activity names it; the next run goes on from the last commit."
                ) from error
            if isinstance(error, psycopg.OperationalError) and not error.sqlstate:
                raise ServiceError(
                    f"PostgreSQL at {where} does not answer ({told}). Start it, or look at POSTGRES_URL and at the "
                    f"password in PGPASSWORD or PGPASSFILE; the next run goes on from the last commit."
                ) from error
            raise IntegrityError(
                f"PostgreSQL at {where} refuses what is asked ({told}). docs/relational.md says what a table, its "
                f"publication and the user need; the next run goes on from the last commit."
            ) from error


def quoted(name: str) -> Identifier:
    """Return a table's name with its schema as an SQL identifier."""
    return Identifier(*name.split(".", 1))


def describe(connection: Connection, table: DatabaseTable, way: str) -> tuple[Row, str]:
    """Return what the catalogue says of a table, and the id that tells it from another one of the same name.

    Raises IntegrityError where there is none.
    """
    found = connection.row(_TABLE, *table.name.split(".", 1))
    if found is None:
        raise IntegrityError(
            f"There is no table {table.name} in the database of POSTGRES_URL, or its user may not see it. Look at "
            f"POSTGRES_TABLES: names are matched exactly."
        )
    return found, f"{way} {found['server']}/{found['database']}/{found['oid']}"


def copy(connection: Connection, rows: Composed, columns: Sequence[tuple[str, int]], cursor: str) -> Iterator[Change]:
    """Yield the rows of a query as they are read, without all of them in memory.

    `columns` are its columns with their types. Where `cursor` is no LSN it is the name of the column that says when a
    row was written, which is no part of the row.
    """
    names = [name for name, _ in columns]
    at = names.index(cursor) if cursor in names else None
    write = as_json([column for n, column in enumerate(columns) if n != at])
    statement = SQL("COPY ({}) TO STDOUT").format(rows)
    with connection.copy(statement) as copied:
        for texts in copied.rows():
            if at is None:
                yield Change("read", cursor, write(texts))
            else:
                yield Change("read", texts[at], write((*texts[:at], *texts[at + 1 :])))


def columns_of(connection: Connection, rows: Composed) -> list[tuple[str, int]]:
    """Return the columns of a query with their types by the numbers in pg_type."""
    with connection.translated(), connection.raw.cursor() as asked:
        asked.execute(SQL("{} LIMIT 0").format(rows))
        return [(column.name, column.type_code) for column in asked.description or ()]

"""A connection to the database, and its errors in words that a user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Composed, Identifier

from lakehouse.errors import IntegrityError, ServiceError

Row = dict[str, Any]

# How values are written as text: in UTC, as ISO 8601 has it, floats to their last digit. Seconds that a statement may
# take that does not read a table; a slot is made when all transactions of before have ended.
_OPTIONS = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1 -c bytea_output=hex"
_SECONDS = 60


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

    def close(self) -> None:
        """Close the connection."""
        self.raw.close()

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

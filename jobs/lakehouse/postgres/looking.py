"""What both ways of reading ask of a table, and its rows as they are."""

from collections.abc import Iterator, Sequence

from psycopg.sql import SQL, Composed

from lakehouse.errors import IntegrityError
from lakehouse.model import DatabaseTable
from lakehouse.postgres.connection import Connection, Row
from lakehouse.postgres.rows import Change, as_json

_TABLE = """
    SELECT c.oid::text AS oid, c.relkind, c.relreplident, d.oid::text AS database, system_identifier::text AS server
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_database d, pg_control_system()
    WHERE n.nspname = %s AND c.relname = %s AND d.datname = current_database()
"""


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

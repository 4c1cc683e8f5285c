"""A table read by a column that holds the transaction which wrote a row last.

A cursor of numbers or times passes over rows of transactions that began earlier and end later. So a reading goes up to
the oldest transaction that is still open (`pg_snapshot_xmin`): what is below has ended, and is seen. Source: PostgreSQL
documentation, "Transaction ID and Snapshot Information Functions".
"""

from collections.abc import Iterator

from psycopg.sql import SQL, Identifier

from lakehouse.errors import IntegrityError
from lakehouse.lake.state import Reading
from lakehouse.model import DatabaseTable
from lakehouse.postgres.connection import Connection, columns_of, copy, describe, quoted
from lakehouse.postgres.rows import Change
from lakehouse.postgres.tables import Look

_TYPE = """
    SELECT format_type(atttypid, NULL) AS type FROM pg_attribute
    WHERE attrelid = %s::oid AND attname = %s AND attnum > 0 AND NOT attisdropped
"""
_STANDS = """
    SELECT pg_snapshot_xmax(s)::text AS next,
        EXISTS (SELECT FROM {table} WHERE {cursor} >= %s::xid8 AND {cursor} < pg_snapshot_xmin(s)) AS has_news,
        EXISTS (SELECT FROM {table} WHERE {cursor} >= pg_snapshot_xmax(s)) AS is_ahead,
        EXISTS (SELECT FROM {table} WHERE {cursor} IS NULL) AS is_unset
    FROM pg_current_snapshot() s
"""


class CursorReader:
    """A table or view whose column `table.cursor` is an xid8; see `tables.Reader`."""

    def __init__(self, connection: Connection, table: DatabaseTable) -> None:
        self._connection, self._table = connection, table
        self._names = {"table": quoted(table.name), "cursor": Identifier(table.cursor)}

    def look(self, reading: Reading | None) -> Look:
        """See Reader; raises IntegrityError for rows that no reading would ever come to."""
        row, identity = describe(self._connection, self._table, "cursor")
        name, column = self._table.name, self._table.cursor
        kind = self._connection.row(_TYPE, row["oid"], column)
        if kind is None or kind["type"] != "xid8":
            raise IntegrityError(
                f"{name} has no column {column} of the type xid8, by which it could be read. Run `ALTER TABLE {name} "
                f"ADD COLUMN {column} xid8 NOT NULL DEFAULT pg_current_xact_id()`, and let a trigger set it on UPDATE."
            )
        cursor = reading.cursor if reading and reading.id == identity else "0"
        stands = self._connection.row(SQL(_STANDS).format(**self._names), cursor) or {}
        for wrong, what in (("is_ahead", "of transactions that have not been yet"), ("is_unset", "of none")):
            if stands[wrong]:
                raise IntegrityError(
                    f"{name} has rows whose {column} is that {what}: no reading would come to them. Set it to "
                    f"pg_current_xact_id() there; rows that were put in from another server have its numbers."
                )
        return Look(identity, stands["has_news"] or reading is None, self._loss(reading, identity, int(stands["next"])))

    def _loss(self, reading: Reading | None, identity: str, following: int) -> str:
        name = self._table.name
        if reading is None:
            return ""
        if reading.id != identity:
            return f"{name} is not the table that was read: it was made again, or read in another way, or elsewhere."
        if int(reading.cursor) > following:
            return (
                f"{name} was read to transaction {reading.cursor}, and the database is at {following}: it was put back."
            )
        return ""

    def changes(self, reading: Reading | None, look: Look) -> Iterator[Change]:  # noqa: ARG002 - see Reader
        """See Reader."""
        rows = SQL("SELECT * FROM {table}").format(**self._names)
        with self._connection.transaction():
            now = self._connection.row("SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin") or {}
            new = SQL("{rows} WHERE {cursor} >= {first}::xid8 AND {cursor} < {end}::xid8 ORDER BY {cursor}").format(
                rows=rows, first=reading.cursor if reading else "0", end=now["xmin"], **self._names
            )
            yield from copy(self._connection, new, columns_of(self._connection, rows), self._table.cursor)
        yield Change("end", now["xmin"])

    def done(self, reading: Reading) -> None:
        """See Reader: the database keeps nothing for a reader by cursor."""

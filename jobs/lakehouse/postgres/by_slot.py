"""A table read by logical replication: inserts, updates and deletes, each once, in the order of their transactions.

Changes are peeked at, committed to bronze, and only then is the slot advanced. So a run that is killed anywhere in
between finds the same changes again, or finds in bronze's state how far the slot is to be advanced.
"""

from collections.abc import Iterator
from typing import Any

from psycopg.sql import SQL, Composed, Identifier

from lakehouse import crash
from lakehouse.errors import IntegrityError
from lakehouse.lake.state import Reading
from lakehouse.model import DatabaseTable
from lakehouse.postgres.connection import Connection, columns_of, copy, describe, quoted
from lakehouse.postgres.pgoutput import Decoder, lsn
from lakehouse.postgres.rows import Change
from lakehouse.postgres.tables import Look

# Bytes of other tables' changes that a slot may hold back before bronze's state goes on without any of its own.
_IDLE = 16 << 20

_PUBLISHED = """
    SELECT array_agg(schemaname || '.' || tablename) AS names, min(attnames) AS columns, min(rowfilter) AS condition,
        bool_and(pubinsert AND pubupdate AND pubdelete AND pubtruncate) AS has_all
    FROM pg_publication JOIN pg_publication_tables USING (pubname) WHERE pubname = %s
"""
_SLOT = "SELECT to_jsonb(s) AS slot FROM pg_replication_slots s WHERE slot_name = %s"
_PEEK = """
    SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes({slot}, {end}::pg_lsn, {most}::int,
        'proto_version', '1', 'publication_names', {publication})
"""


class SlotReader:
    """A table with a publication of its own and a replication slot of the same name; see `tables.Reader`."""

    def __init__(self, connection: Connection, table: DatabaseTable, key: tuple[str, ...]) -> None:
        self._connection, self._table, self._key = connection, table, key

    def look(self, reading: Reading | None) -> Look:
        """See Reader; raises IntegrityError where the table is not published as a whole."""
        row, identity = describe(self._connection, self._table, "slot")
        self._check(row["relreplident"], row["relkind"])
        now = self._connection.row("SELECT pg_current_wal_flush_lsn()::text AS lsn") or {}
        if reading is None:
            return Look(identity, has_news=True)
        slot = self._slot()
        if loss := self._loss(reading, identity, slot, now["lsn"]):
            return Look(identity, has_news=True, loss=loss)
        # A run that was killed may have committed and not advanced; and so may a server that was.
        if slot and lsn(slot["confirmed_flush_lsn"]) < lsn(reading.cursor):
            self.done(reading)
        is_idle = lsn(now["lsn"]) - lsn(reading.cursor) > _IDLE
        has_news = self._connection.row(SQL("{} LIMIT 1").format(self._peek(now["lsn"], "1"))) is not None
        return Look(identity, has_news or is_idle, end=now["lsn"])

    def _check(self, identity: str, kind: str) -> None:
        name, slot = self._table.name, self._table.slot
        published = self._connection.row(_PUBLISHED, slot) or {}
        if kind != "r":
            raise IntegrityError(
                f"{name} is no plain table, which alone is read by logical replication: name a column."
            )
        if published["names"] != [name] or not published["has_all"]:
            raise IntegrityError(
                f"There is no publication {slot} of {name} alone, with all that is done to it. Run "
                f"`CREATE PUBLICATION {slot} FOR TABLE {name}`."
            )
        if identity != "f":
            raise IntegrityError(f"Rows as they were are needed: run `ALTER TABLE {name} REPLICA IDENTITY FULL`.")
        if (self._connection.row("SHOW wal_level") or {})["wal_level"] != "logical":
            raise IntegrityError("The server's wal_level must be logical: set it, and start the server again.")

    def _slot(self) -> dict[str, Any] | None:
        row = self._connection.row(_SLOT, self._table.slot)
        return row["slot"] if row else None

    def _loss(self, reading: Reading, identity: str, slot: dict[str, Any] | None, end: str) -> str:
        """Return in a sentence what is gone since the table was read, empty where nothing is."""
        name, slot_name = self._table.name, self._table.slot
        if reading.id != identity:
            return f"{name} is not the table that was read: it was made again, or read in another way, or elsewhere."
        if lsn(reading.cursor) > lsn(end):
            return f"{name} was read to {reading.cursor}, and the database's log ends at {end}: it was put back."
        if slot is None:
            return f"The replication slot {slot_name} of {name} is gone, with what it had kept since {reading.cursor}."
        if slot["wal_status"] == "lost":
            return (
                f"The database has removed what the replication slot {slot_name} of {name} had kept since "
                f"{reading.cursor} (max_slot_wal_keep_size)."
            )
        if lsn(slot["confirmed_flush_lsn"]) > lsn(reading.cursor):
            return (
                f"The replication slot {slot_name} of {name} was advanced to {slot['confirmed_flush_lsn']}, and bronze "
                f"has read to {reading.cursor}."
            )
        return ""

    def _peek(self, end: str, most: str | None) -> Composed:
        slot = self._table.slot
        return SQL(_PEEK).format(slot=slot, end=end, most=most, publication=slot)

    def changes(self, reading: Reading | None, look: Look) -> Iterator[Change]:
        """See Reader; without a reading the slot is made anew, and then the table is read as it is."""
        if reading is None:
            yield from self._all_rows()
            return
        statement = SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(self._peek(look.end, None))
        decoder = Decoder(self._table.name, self._key)
        with self._connection.transaction(), self._connection.copy(statement) as copied:
            copied.set_types(["text", "bytea"])
            yield from decoder.changes(copied.rows())
        if lsn(look.end) - lsn(reading.cursor) > _IDLE:
            yield Change("end", look.end)

    def _all_rows(self) -> Iterator[Change]:
        """Yield the table as it is, after its slot was made: what changes meanwhile comes once more by that."""
        slot, rows = self._table.slot, self._rows()
        with crash.around("source", "slot"):
            if self._slot() is not None:
                self._connection.row("SELECT pg_drop_replication_slot(%s)", slot)
            made = self._connection.row(
                "SELECT lsn::text FROM pg_create_logical_replication_slot(%s, 'pgoutput')", slot
            )
        cursor = (made or {})["lsn"]
        with self._connection.transaction():
            yield from copy(self._connection, rows, columns_of(self._connection, rows), cursor)
        yield Change("end", cursor)

    def _rows(self) -> Composed:
        published = self._connection.row(_PUBLISHED, self._table.slot) or {}
        names = SQL(", ").join(map(Identifier, published["columns"]))
        condition = SQL(published["condition"] or "true")
        return SQL("SELECT {} FROM {} WHERE {}").format(names, quoted(self._table.name), condition)

    def done(self, reading: Reading) -> None:
        """See Reader: the database may remove what is before."""
        with crash.around("source", "advance"):
            self._connection.row("SELECT pg_replication_slot_advance(%s, %s::pg_lsn)", self._table.slot, reading.cursor)

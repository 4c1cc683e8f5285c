"""A shop's database for tests: a real PostgreSQL, a table of sales, and its user with a password of its own."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_server import PostgresServer

from lakehouse.settings import Settings, load

# Long and of its own, so that a search finds nothing else.
PASSWORD = "s3cr3t-0f-the-shop-8d1f"
USER = "reader"
TABLE = """
    CREATE TABLE public.sales (
        "TransactionID" text PRIMARY KEY, "ClientID" text NOT NULL, "ClientName" text, "TransactionDate" timestamptz,
        "Product" text, "Quantity" integer, "UnitPrice" numeric(12,2), "Amount" numeric(14,2), "PaymentMethod" text
    );
    GRANT SELECT ON public.sales TO reader;
"""
CURSOR = """
    ALTER TABLE public.sales ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id();
    CREATE INDEX ON public.sales (changed);
    CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.changed := pg_current_xact_id(); RETURN NEW; END $$;
    CREATE TRIGGER changed BEFORE UPDATE ON public.sales FOR EACH ROW EXECUTE FUNCTION changed();
"""
PUBLISHED = """
    ALTER TABLE public.sales REPLICA IDENTITY FULL;
    CREATE PUBLICATION lakehouse_transactions FOR TABLE public.sales;
"""


class Shop:
    """A database of a server with the table of sales; `sql` is the owner's connection."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server, self.name = server, name
        with psycopg.connect(server.url(), password=server.password, autocommit=True) as sql:
            sql.execute(f"CREATE DATABASE {name}")
        self.sql = self.connect()
        self.sql.execute(TABLE)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.url(database=self.name), password=self.server.password, autocommit=True)

    def ready(self, cursor: str = "") -> None:
        """Let the table be read: by the column `changed`, or by logical replication."""
        self.sql.execute(CURSOR if cursor else PUBLISHED)

    def sell(self, *keys: str, product: str = "Lamp", amount: str = "10.00", by: Any = None) -> None:
        """Insert rows in one transaction, or by another connection."""
        rows = ", ".join(f"('{key}', 'c', 'Ada', '2025-01-05 10:00+00', '{product}', {amount}, 'card')" for key in keys)
        columns = '"TransactionID", "ClientID", "ClientName", "TransactionDate", "Product", "Amount", "PaymentMethod"'
        (by or self.sql).execute(f"INSERT INTO sales ({columns}) VALUES {rows}")

    def set(self, key: str, amount: str) -> None:
        self.sql.execute('UPDATE sales SET "Amount" = %s WHERE "TransactionID" = %s', (amount, key))

    def delete(self, key: str) -> None:
        self.sql.execute('DELETE FROM sales WHERE "TransactionID" = %s', (key,))

    def totals(self, where: str = "") -> dict[str, Decimal]:
        """Return the sales per product as the table has them now."""
        return dict(self.sql.execute(f'SELECT "Product", sum("Amount") FROM sales {where} GROUP BY 1').fetchall())

    def environ(self, cursor: str = "") -> dict[str, str]:
        """Return the settings that make the table a source: by its column `cursor`, or by its slot."""
        table = f"transactions=public.sales{':' if cursor else ''}{cursor}"
        return {"POSTGRES_URL": self.server.url(USER, self.name), "POSTGRES_TABLES": table}

    def settings(self, folder: Path, cursor: str = "") -> Settings:
        return load({"LAKEHOUSE_URL": folder.as_uri(), **self.environ(cursor)})

    def drop(self) -> None:
        self.sql.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
        self.sql.close()
        with psycopg.connect(self.server.url(), password=self.server.password, autocommit=True) as sql:
            sql.execute(f"DROP DATABASE {self.name} WITH (FORCE)")


def start(folder: Path, **settings: str) -> PostgresServer:
    server = PostgresServer(folder, **settings)
    server.start()
    with psycopg.connect(server.url(), password=server.password, autocommit=True) as sql:
        sql.execute(f"CREATE ROLE {USER} LOGIN REPLICATION PASSWORD '{PASSWORD}'")
    return server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Give a server that all tests share."""
    server = start(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture
def shop(postgres: PostgresServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a database of its own; the jobs find their password as users give it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    made = Shop(postgres, f"shop_{abs(hash(request.node.nodeid)):x}")
    yield made
    made.drop()

"""Tables of a real PostgreSQL into bronze: by a cursor with late commits found, by a slot, exactly once under kills."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from inbox_box import HEADER, ROW
from killing import contents, killed_at_each
from postgres_shop import CURSOR, PASSWORD, PUBLISHED, USER, Shop

import bronze
from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError, LakehouseError, LossError, ServiceError, SettingError
from lakehouse.lake import Lake, ledger, log, restoring, scan, schemas, sources, store
from lakehouse.lake.lineage import database_tables
from lakehouse.lake.passport import Name, passport
from lakehouse.lake.state import State
from lakehouse.landing.land import Inbox
from lakehouse.postgres.tables import Tables
from lakehouse.settings import Settings, load
from lakehouse.spark.run import Run

SALES = DATASETS["transactions"]
WAYS = pytest.mark.parametrize("cursor", ["changed", ""], ids=["by cursor", "by slot"])


def read(settings: Settings, *, accepts_loss: bool = False) -> Run:
    """Read what is new into bronze, as a run of its own does."""
    lake = Lake.of(settings)
    job = Run("bronze", settings, lake, lake.make_tables(), accepts_loss=accepts_loss)
    with Tables(settings) as tables:
        look = tables.look({name: job.state(f"bronze.{name}") for name in DATASETS})[SALES.name]
        if bronze.has_rows(job, SALES, look):
            bronze.read_rows(job, SALES, tables, look)
    return job


def records(settings: Settings) -> list[tuple[str, dict[str, Any]]]:
    """Return operation and content of the records in bronze, in order; each must be numbered once."""
    rows = scan.read(Lake.of(settings).open(f"bronze.{SALES.name}")).to_pylist()
    rows.sort(key=lambda row: (row["source_id"], row["position"]))
    for part in {row["source_id"] for row in rows}:
        positions = [row["position"] for row in rows if row["source_id"] == part]
        assert positions == list(range(len(positions)))
    return [(row["operation"], json.loads(row["raw"])) for row in rows]


def keys(settings: Settings) -> list[tuple[str, str, Any]]:
    return [(operation, row["TransactionID"], row["Amount"]) for operation, row in records(settings)]


def is_closed(settings: Settings) -> bool:
    return all(line.is_closed for line in ledger.balance(Lake.of(settings)))


@WAYS
def test_rows_are_read_once_as_the_database_writes_them(shop: Shop, tmp_path: Path, cursor: str) -> None:
    shop.ready(cursor)
    shop.sell("T1", amount="0.10")
    shop.sql.execute("""UPDATE sales SET "Quantity" = 1, "Product" = E'L\u00e4mp "x"\\n'""")
    settings = shop.settings(tmp_path, cursor)
    read(settings)
    read(settings)
    ((operation, row),) = records(settings)
    assert (operation, row) == (
        "read",
        {
            "TransactionID": "T1", "ClientID": "c", "ClientName": "Ada", "TransactionDate": "2025-01-05T10:00:00Z",
            "Product": 'L\u00e4mp "x"\n', "Quantity": 1, "UnitPrice": None, "Amount": 0.1, "PaymentMethod": "card",
        },
    )  # fmt: skip
    raw = scan.read(Lake.of(settings).open(f"bronze.{SALES.name}"), ["raw"])["raw"][0].as_py()
    assert b'"Amount":0.10,' in raw, "numbers keep their digits"
    assert Lake.of(settings).open(f"bronze.{SALES.name}").version() == 1, "nothing new makes no version"
    assert is_closed(settings)


def test_a_row_that_is_committed_late_is_found_by_its_cursor(shop: Shop, tmp_path: Path) -> None:
    shop.ready("changed")
    settings = shop.settings(tmp_path, "changed")
    late = shop.connect()
    late.execute("BEGIN")
    shop.sell("late", by=late)
    shop.sell("early")
    read(settings)
    assert keys(settings) == [], "up to the oldest transaction that is open"
    late.execute("COMMIT")
    late.close()
    read(settings)
    assert {key for _, key, _ in keys(settings)} == {"late", "early"}
    shop.set("early", "12.00")
    read(settings)
    assert keys(settings)[2:] == [("read", "early", 12.0)]


def test_a_slot_gives_each_change_in_the_order_of_its_transaction(shop: Shop, tmp_path: Path) -> None:
    shop.ready()
    shop.sell("T1", "T2")
    settings = shop.settings(tmp_path)
    read(settings)
    late = shop.connect()
    late.execute("BEGIN")
    shop.sell("T3", by=late)
    shop.set("T1", "11.00")
    shop.delete("T2")
    late.execute("ROLLBACK")
    late.close()
    shop.sql.execute("""UPDATE sales SET "TransactionID" = 'T9' WHERE "TransactionID" = 'T1'""")
    read(settings)
    assert keys(settings) == [
        ("read", "T1", 10.0), ("read", "T2", 10.0), ("update", "T1", 11.0), ("delete", "T2", 10.0),
        ("delete", "T1", 11.0), ("update", "T9", 11.0),
    ]  # fmt: skip
    assert is_closed(settings)


def test_a_long_value_that_did_not_change_is_there(shop: Shop, tmp_path: Path) -> None:
    """TOAST: the log holds no value for it, so the row as it was gives it."""
    shop.ready()
    shop.sql.execute('ALTER TABLE sales ALTER COLUMN "ClientName" SET STORAGE EXTERNAL')
    shop.sell("T1")
    shop.sql.execute("""UPDATE sales SET "ClientName" = repeat('n', 9000)""")
    settings = shop.settings(tmp_path)
    read(settings)
    shop.set("T1", "11.00")
    read(settings)
    assert [len(row["ClientName"]) for _, row in records(settings)] == [9000, 9000]


def test_many_rows_of_one_statement_have_numbers_of_their_own(shop: Shop, tmp_path: Path) -> None:
    """COPY writes several rows to the log as one record, with one position."""
    shop.ready()
    settings = shop.settings(tmp_path)
    read(settings)
    with shop.sql.cursor().copy('COPY sales ("TransactionID", "ClientID") FROM STDIN') as copy:
        for number in range(50_000):
            copy.write_row((f"T{number}", "c"))
    read(settings)
    assert len(records(settings)) == 50_000
    assert is_closed(settings)


@WAYS
@pytest.mark.parametrize("seeds", [1], ids=["a few rows"])
def test_a_reading_killed_at_each_of_its_changes_in_turn_ends_as_one_that_was_not(
    shop: Shop, tmp_path: Path, cursor: str, seeds: int
) -> None:
    shop.ready(cursor)
    settings = shop.settings(tmp_path / "struck", cursor)

    def change() -> list[tuple[str, str, Any]]:
        shop.sell("T1", "T2")
        read(settings)
        shop.set("T1", "11.00")
        shop.delete("T2")
        shop.sell("T3")
        return []

    change()
    passed = killed_at_each(partial(read, settings))
    names = {point for point, _ in passed}
    assert names >= {
        f"bronze.{SALES.name}.{moment}_{what}" for moment in ("before", "after") for what in ("data", "commit")
    }
    assert cursor or names >= {"source.before_advance", "source.after_advance"}
    came = keys(settings)
    changed = [("update", "T1", 11.0), ("delete", "T2", 10.0), ("insert", "T3", 10.0)]
    assert came[2:] == changed or (cursor and sorted(came[2:]) == [("read", "T1", 11.0), ("read", "T3", 10.0)])
    assert is_closed(settings)


def test_a_first_reading_killed_at_each_of_its_changes_begins_again(shop: Shop, tmp_path: Path) -> None:
    shop.ready()
    shop.sell("T1", "T2")
    settings = shop.settings(tmp_path)
    names = {point for point, _ in killed_at_each(partial(read, settings))}
    assert names >= {"source.before_slot", "source.after_slot"}
    assert keys(settings) == [("read", "T1", 10.0), ("read", "T2", 10.0)]
    assert is_closed(settings)


def slot_of(shop: Shop) -> Any:
    (found,) = shop.sql.execute(
        "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'lakehouse_transactions'"
    ).fetchall()
    return found[0]


def test_a_slot_lets_go_of_what_other_tables_write(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakehouse.postgres.by_slot._IDLE", 1 << 16)
    shop.ready()
    shop.sell("T1")
    settings = shop.settings(tmp_path)
    read(settings)
    before = slot_of(shop)
    shop.sql.execute("CREATE TABLE other AS SELECT repeat('x', 500) FROM generate_series(1, 1000)")
    read(settings)
    assert slot_of(shop) > before
    assert keys(settings) == [("read", "T1", 10.0)]
    shop.sell("T2")
    read(settings)
    assert keys(settings)[1:] == [("insert", "T2", 10.0)]
    assert is_closed(settings)


def test_an_emptied_table_begins_anew(shop: Shop, tmp_path: Path) -> None:
    shop.ready()
    shop.sell("T1")
    settings = shop.settings(tmp_path)
    read(settings)
    shop.sell("T2")
    shop.sql.execute("TRUNCATE sales")
    shop.sell("T3")
    job = read(settings)
    assert keys(settings) == [("read", "T1", 10.0), ("insert", "T2", 10.0), ("insert", "T3", 10.0)]
    assert dict(job.state(f"bronze.{SALES.name}").readings["public.sales"].ranges) == {"0": (0, 2), "0@2": (0, 1)}
    assert is_closed(settings)


def gone(shop: Shop) -> None:
    shop.sql.execute("SELECT pg_drop_replication_slot('lakehouse_transactions')")


def advanced(shop: Shop) -> None:
    shop.sql.execute("SELECT pg_replication_slot_advance('lakehouse_transactions', pg_current_wal_lsn())")


def removed(shop: Shop) -> None:
    """Let the server write more than a slot may keep."""
    shop.sql.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    shop.sql.execute("SELECT pg_reload_conf()")
    try:
        shop.sql.execute("CREATE TABLE other (number int)")
        for _ in range(4):
            shop.sql.execute("INSERT INTO other VALUES (1)")
            shop.sql.execute("SELECT pg_switch_wal()")
        shop.sql.execute("CHECKPOINT")
    finally:
        shop.sql.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
        shop.sql.execute("SELECT pg_reload_conf()")


def made_again(shop: Shop) -> None:
    shop.sql.execute(
        "CREATE TABLE new (LIKE sales INCLUDING ALL); INSERT INTO new SELECT * FROM sales; DROP TABLE sales"
    )
    shop.sql.execute("ALTER TABLE new RENAME TO sales; GRANT SELECT ON sales TO reader")
    if shop.sql.execute("SELECT FROM pg_publication").fetchall():
        shop.sql.execute("DROP PUBLICATION lakehouse_transactions")
        shop.ready()


LOSSES: dict[str, tuple[str, Callable[[Shop], None], str]] = {
    "a slot that is gone": ("", gone, "The replication slot lakehouse_transactions of public.sales is gone"),
    "a slot that others advanced": ("", advanced, "was advanced to"),
    "a log that was removed": ("", removed, r"has removed what the replication slot .*max_slot_wal_keep_size"),
    "a table made again, by slot": ("", made_again, "public.sales is not the table that was read"),
    "a table made again, by cursor": ("changed", made_again, "public.sales is not the table that was read"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_what_is_gone_is_told_and_the_way_on_reads_the_table_anew(shop: Shop, tmp_path: Path, case: str) -> None:
    cursor, lose, told = LOSSES[case]
    shop.ready(cursor)
    shop.sell("T1", "T2")
    settings = shop.settings(tmp_path, cursor)
    read(settings)
    shop.delete("T2")
    shop.sell("T3")
    lose(shop)
    before = contents(Lake.of(settings))
    with pytest.raises(LossError, match=told) as raised:
        read(settings)
    assert "make pipeline ACCEPT_LOSS=1" in str(raised.value)
    assert "docs/losses.md" in str(raised.value)
    assert contents(Lake.of(settings)) == before
    read(settings, accepts_loss=True)
    assert sorted(keys(settings)[2:]) == [("read", "T1", 10.0), ("read", "T3", 10.0)]
    shop.sell("T4")
    read(settings)
    assert len(keys(settings)) == 5
    assert is_closed(settings)


def test_a_database_that_was_put_back_is_told(shop: Shop, tmp_path: Path) -> None:
    """What bronze has read lies beyond what the database knows: as if it was put back."""
    for cursor, beyond in (("changed", "999999999"), ("", "FF/0")):
        settings = shop.settings(tmp_path / cursor, cursor)
        shop.ready(cursor)
        shop.sell(f"T{beyond}".replace("/", ""))
        job = read(settings)
        name = f"bronze.{SALES.name}"
        reading = job.state(name).readings["public.sales"]
        ahead = replace(job.state(name), readings={"public.sales": replace(reading, cursor=beyond)})
        job.lake.commit(name, job.standings[name], [], ahead, is_change=False)
        with pytest.raises(LossError, match=f"was read to (transaction )?{beyond}.*it was put back"):
            read(settings)


def test_rows_that_no_reading_would_come_to_are_told(shop: Shop, tmp_path: Path) -> None:
    shop.ready("changed")
    settings = shop.settings(tmp_path, "changed")
    shop.sql.execute("ALTER TABLE sales DISABLE TRIGGER ALL; ALTER TABLE sales ALTER changed DROP NOT NULL")
    shop.sell("T1")
    for value, told in (("'999999999'", "transactions that have not been yet"), ("NULL", "that of none")):
        shop.sql.execute(f"UPDATE sales SET changed = {value}")
        with pytest.raises(IntegrityError, match=told):
            read(settings)


REFUSED: dict[str, tuple[str, str, str]] = {
    "no publication": ("", "SELECT 1", "CREATE PUBLICATION lakehouse_transactions FOR TABLE public.sales"),
    "no old rows": ("", PUBLISHED + "ALTER TABLE sales REPLICA IDENTITY DEFAULT", "REPLICA IDENTITY FULL"),
    "not all that is done": (
        "",
        PUBLISHED + "ALTER PUBLICATION lakehouse_transactions SET (publish = 'insert, update')",
        "CREATE PUBLICATION",
    ),
    "no such column": ("other", "SELECT 1", "ADD COLUMN other xid8"),
    "a column of another type": ("Quantity", "SELECT 1", "no column Quantity of the type xid8"),
    "no right to read": ("changed", CURSOR + "REVOKE SELECT ON sales FROM reader", "permission denied for table sales"),
    "no such table": ("changed", CURSOR + "ALTER TABLE sales RENAME TO others", "There is no table public.sales"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_table_lacks_is_said_before_anything_is_read(shop: Shop, tmp_path: Path, case: str) -> None:
    cursor, statement, told = REFUSED[case]
    shop.sell("T1")
    shop.sql.execute(statement)
    settings = shop.settings(tmp_path, cursor)
    with pytest.raises(LakehouseError, match=told):
        read(settings)
    assert records(settings) == []


def test_a_database_that_does_not_answer_or_does_not_let_in_is_named_without_the_password(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ready("changed")
    settings = shop.settings(tmp_path, "changed")
    monkeypatch.setenv("PGPASSWORD", f"wrong-{PASSWORD}")
    with pytest.raises(
        ServiceError, match=f"PostgreSQL at 127.0.0.1:{shop.server.port}.*password authentication"
    ) as raised:
        read(settings)
    assert PASSWORD not in str(raised.value)
    with pytest.raises(ServiceError, match="PostgreSQL at localhost:1/x does not answer"):
        read(replace(settings, postgres="postgresql://reader@localhost:1/x"))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://{USER}:{PASSWORD}@localhost/shop",
        f"postgresql://{USER}@localhost/shop?password={PASSWORD}",
        f"host=localhost password={PASSWORD}",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingError, match="PGPASSWORD") as raised:
        load({"POSTGRES_URL": url})
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize("tables", ["transactions", "transactions=sales", "other=public.x", "logs=public.logs"])
def test_a_table_that_cannot_be_a_source_is_refused(tables: str) -> None:
    with pytest.raises(SettingError, match="POSTGRES_TABLES"):
        Tables(load({"POSTGRES_URL": "postgresql://a@localhost/b", "POSTGRES_TABLES": tables}))


def test_a_record_and_its_source_are_found_by_the_tables_name(shop: Shop, tmp_path: Path) -> None:
    shop.ready("changed")
    settings = shop.settings(tmp_path, "changed")
    shop.sell("T1", "T2")
    read(settings)
    found = passport(Lake.of(settings), Name("public.sales", "0", 1))
    assert found["dataset"] == SALES.name
    assert found["bronze"]["operation"] == "read"
    (told,) = database_tables(settings.postgres, State(), Lake.of(settings).standing(f"bronze.{SALES.name}").state)
    assert (told.namespace, told.name) == (f"postgres://127.0.0.1:{shop.server.port}", f"{shop.name}.public.sales")
    for text in ("public.sales", "public.sales/0"):
        (sheet,) = sources.sources(Lake.of(settings), text)
        assert (sheet.source, sheet.status, sheet.came, sheet.bronze, sheet.is_closed) == (
            "public.sales",
            "read",
            2,
            2,
            True,
        )
    (line,) = [line for line in ledger.balance(Lake.of(settings)) if line.dataset == SALES.name]
    assert (line.from_tables, line.from_files, line.gaps) == (2, 0, 0)


def test_rows_that_are_gone_with_a_data_file_are_a_loss_and_no_gap(shop: Shop, tmp_path: Path) -> None:
    shop.ready()
    shop.sell("T1", "T2")
    settings = shop.settings(tmp_path / "lake")
    read(settings)
    lake, name = Lake.of(settings), f"bronze.{SALES.name}"

    def told() -> tuple[object, ...]:
        (line,) = [line for line in ledger.balance(lake) if line.dataset == SALES.name]
        (sheet,) = sources.sources(lake, "public.sales")
        return line.source, line.bronze, line.lost, line.gaps, line.is_closed, sheet.absent, sheet.is_closed

    assert told() == (2, 2, 0, 0, True, 0, True)
    for file in lake.standing(name).files:
        (tmp_path / "lake" / name.replace(".", "/") / file.path).unlink()
    restoring.restore(lake, restoring.without_damaged(lake, SALES.name), lake.make_tables(), "accept")
    assert told() == (2, 0, 2, 0, True, 2, True)
    shop.sell("T3")
    read(settings)
    assert told() == (3, 1, 2, 0, True, 2, True)
    standing = lake.standing(name)
    lake.commit(name, standing, [], standing.state, removed=standing.files)
    assert told() == (3, 0, 2, 0, False, 3, False)


def test_a_lake_that_was_made_before_tables_could_be_read_goes_on(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bronze lacks two columns, and the statistics by which rows of a database are counted."""
    shop.ready()
    shop.sell("T1", "T2")
    settings = replace(shop.settings(tmp_path / "lake"), inbox=tmp_path / "inbox")
    lake, now, all_now = Lake.of(settings), schemas.bronze(SALES), schemas.tables()
    was = replace(
        now,
        columns=tuple(column for column in now.columns if column.name not in now.added),
        statistics=tuple(name for name in now.statistics if name not in now.added),
    )
    with monkeypatch.context() as patch:
        for module in (schemas, store):
            patch.setattr(module, "tables", lambda: {**all_now, now.name: was})
        lake.make_tables()
    file = Path(settings.inbox) / SALES.name / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(HEADER + ROW * 3)
    Inbox(lake, Path(settings.inbox), lake.make_tables()).land("run")
    read(settings)
    (line,) = [line for line in ledger.balance(lake) if line.dataset == SALES.name]
    assert (line.from_files, line.from_tables, line.gaps, line.is_closed) == (3, 2, 0, True)
    log.sum_up(lake.files, lake.address(now.name), lake.open(now.name).version())
    assert is_closed(settings)


@WAYS
def test_bronze_that_was_taken_back_reads_again_what_the_database_still_has(
    shop: Shop, tmp_path: Path, cursor: str
) -> None:
    shop.ready(cursor)
    shop.sell("T1")
    settings = shop.settings(tmp_path, cursor)
    read(settings)
    shop.sell("T2")
    job = read(settings)
    restoring.restore(job.lake, restoring.to_version(job.lake, f"bronze.{SALES.name}", 1), job.standings, "undo")
    assert keys(settings) == [("read", "T1", 10.0)]
    assert is_closed(settings)
    if not cursor:
        with pytest.raises(LossError, match="was advanced to"):
            read(settings)
    read(settings, accepts_loss=True)
    assert {key for _, key, _ in keys(settings)} == {"T1", "T2"}
    assert is_closed(settings)

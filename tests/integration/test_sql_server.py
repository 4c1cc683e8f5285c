"""The profile `sql`: gold for a client that speaks HiveServer2's protocol; the server and HDFS refuse all else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from chain import Chain, hadoop_conf
from hdfs import HdfsError, InsecureClient
from impala.dbapi import connect
from impala.error import Error
from stack import RunningStack, make_stack, serving

from lakehouse.metrics import METRICS

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with serving(make_stack(tmp_path_factory.mktemp("sql"), PROFILE="sql")) as made:
        yield made


@pytest.fixture(scope="module")
def chain(sql: RunningStack) -> Iterator[Chain]:
    with hadoop_conf(sql):
        yield Chain(sql, sql.settings, sql.environ)


@contextmanager
def session(chain: Chain, user: str = "anybody", **settings: str) -> Iterator[Any]:
    """Give a cursor in a session of its own."""
    connection = connect("127.0.0.1", chain.settings.ports["SQL_PORT"], auth_mechanism="PLAIN", user=user, password="x")
    with connection, connection.cursor(configuration=settings) as cursor:
        yield cursor


def ask(chain: Chain, query: str, user: str = "anybody", **settings: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with session(chain, user, **settings) as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def tables(chain: Chain) -> set[str]:
    return {row[1] for row in ask(chain, "SHOW TABLES IN gold")}


def test_gold_is_there_as_soon_as_it_is_made(chain: Chain) -> None:
    assert tables(chain) == set()
    chain.files(200, 42)
    result = chain.job()
    assert result.returncode == 0, result.stdout
    deadline = time.monotonic() + 60
    while tables(chain) != set(METRICS):
        assert time.monotonic() < deadline, "gold is not named"
        time.sleep(0.5)
    answers = chain.sent.answers()
    assert dict(ask(chain, "SELECT * FROM gold.status_code_counts")) == answers["status_code_counts"]
    sales = dict(ask(chain, "SELECT produit, total_ventes FROM gold.total_sales_per_product"))
    assert sales == answers["total_sales_per_product"]
    joined = "WITH a AS (SELECT * FROM gold.status_code_counts) SELECT count(*) FROM a JOIN a b USING (status_code)"
    assert ask(chain, joined) == [(len(answers["status_code_counts"]),)]
    assert ask(chain, "DESCRIBE gold.status_code_counts")[0][:2] == ("status_code", "int")


SILVER, LOCAL = "silver/transactions", "text.`file:///etc/passwd`"
REFUSED = [
    "INSERT INTO gold.status_code_counts VALUES (1, 1)",
    "INSERT OVERWRITE gold.status_code_counts SELECT * FROM gold.status_code_counts",
    "UPDATE gold.status_code_counts SET count_requests = 0",
    "DELETE FROM gold.status_code_counts",
    "TRUNCATE TABLE gold.status_code_counts",
    "MERGE INTO gold.status_code_counts t USING gold.status_code_counts s ON true WHEN MATCHED THEN DELETE",
    "DROP TABLE gold.status_code_counts",
    "DROP DATABASE gold CASCADE",
    "ALTER TABLE gold.status_code_counts ADD COLUMN x INT",
    "CREATE TABLE gold.x (a INT) USING delta",
    "CREATE TABLE gold.x USING delta AS SELECT 1 a",
    "CREATE TABLE gold.x USING delta LOCATION '{silver}'",
    "CREATE TEMPORARY VIEW v USING text OPTIONS (path 'file:///etc/passwd')",
    "CREATE TEMPORARY VIEW v AS SELECT 1",
    "CREATE DATABASE own",
    "CREATE FUNCTION f AS 'java.lang.String'",
    "INSERT OVERWRITE LOCAL DIRECTORY '/tmp/x' USING csv SELECT 1",
    "INSERT OVERWRITE DIRECTORY '{gold}/x' USING csv SELECT 1",
    "LOAD DATA INPATH 'file:///etc/passwd' INTO TABLE gold.status_code_counts",
    "VACUUM gold.status_code_counts",
    "OPTIMIZE gold.status_code_counts",
    "RESTORE TABLE gold.status_code_counts TO VERSION AS OF 0",
    "CONVERT TO DELTA parquet.`{silver}`",
    "DESCRIBE HISTORY delta.`{silver}`",
    "DESCRIBE DETAIL delta.`{silver}`",
    "DESCRIBE delta.`{silver}`",
    "SELECT * FROM delta.`{silver}`",
    "SELECT * FROM parquet.`{silver}`",
    "SELECT * FROM silver.transactions",
    "SELECT * FROM table_changes_by_path('{silver}', 0)",
    f"SELECT * FROM {LOCAL}",
    "SELECT * FROM csv.`/etc/passwd`",
    "SELECT * FROM binaryFile.`file:///etc/passwd`",
    f"SELECT (SELECT count(*) FROM {LOCAL})",
    f"SELECT 1 WHERE EXISTS (SELECT * FROM {LOCAL})",
    f"WITH a AS (SELECT * FROM {LOCAL}) SELECT * FROM a",
    f"EXPLAIN SELECT * FROM {LOCAL}",
    f"EXECUTE IMMEDIATE 'SELECT * FROM {LOCAL}'",
    "EXECUTE IMMEDIATE 'DROP TABLE gold.status_code_counts'",
    "BEGIN DROP TABLE gold.status_code_counts; END",
    "SELECT reflect('java.lang.System', 'getProperty', 'user.home')",
    "SELECT java_method('java.lang.System', 'getenv', 'PATH')",
    "SELECT try_reflect('java.lang.System', 'getenv', 'PATH')",
    "SELECT 1 FROM gold.status_code_counts ORDER BY reflect('java.lang.System', 'getenv', 'PATH')",
    "SELECT TRANSFORM(status_code) USING 'cat /etc/passwd' AS (x STRING) FROM gold.status_code_counts",
    "SET spark.sql.runSQLOnFiles=true",
    "ADD JAR 'file:///tmp/x.jar'",
    "ADD FILE '/etc/passwd'",
    "CACHE TABLE gold.status_code_counts",
    "DECLARE VARIABLE x INT",
    "USE default",
]


def test_all_else_is_refused(chain: Chain) -> None:
    gold = chain.lake.standing("gold.status_code_counts")
    places = {"silver": f"{chain.settings.lake}/{SILVER}", "gold": f"{chain.settings.lake}/gold"}
    taken = []
    with session(chain) as cursor:
        for query in REFUSED:
            try:
                cursor.execute(query.replace("{silver}", places["silver"]).replace("{gold}", places["gold"]))
                taken.append((query, "it was done"))
            except Error as error:
                if ": refused. This server answers queries" not in str(error):
                    taken.append((query, str(error)[:300]))
    assert not taken
    assert chain.lake.standing("gold.status_code_counts") == gold
    assert tables(chain) == set(METRICS)


@pytest.mark.parametrize("name", ["spark.sql.defaultCatalog", "fs.defaultFS", "spark.sql.catalog.own"])
def test_a_session_brings_no_settings_of_its_own(chain: Chain, name: str) -> None:
    with pytest.raises(Error, match=rf"The setting {name}: refused"):
        ask(chain, "SELECT 1", **{f"set:hiveconf:{name}": "x"})


def test_hdfs_gives_the_server_gold_alone_whoever_its_client_says_to_be(chain: Chain) -> None:
    """Behind the gate the NameNode refuses too: the user of the server is no client's choice."""
    analyst = InsecureClient(chain.settings.webhdfs, user=chain.settings.hdfs_analyst)
    assert set(analyst.list("/lake/gold")) >= set(METRICS)
    commit = "_delta_log/00000000000000000000.json"
    with analyst.read(f"/lake/gold/status_code_counts/{commit}") as reader:
        assert b"metaData" in reader.read()

    def silver() -> None:
        with analyst.read(f"/lake/{SILVER}/{commit}") as reader:
            reader.read()

    for act in (
        silver,
        lambda: analyst.list("/lake/silver"),
        lambda: analyst.list("/lake/bronze"),
        lambda: analyst.list("/lake/ledger"),
        lambda: analyst.list("/lake"),
        lambda: analyst.write("/lake/gold/x", b"x"),
        lambda: analyst.delete("/lake/gold/status_code_counts", recursive=True),
    ):
        with pytest.raises(HdfsError, match="Permission denied"):
            act()
    for user in (chain.settings.hdfs_user, "root"):
        with pytest.raises(Error, match="refused"):
            ask(chain, f"SELECT * FROM delta.`{chain.settings.lake}/{SILVER}`", user=user)


def test_the_server_listens_on_loopback_alone(chain: Chain) -> None:
    processes = [p for p in psutil.process_iter(["cmdline"]) if "sql_server.py" in " ".join(p.info["cmdline"] or ())]
    own = {process.pid for process in processes if process.environ().get("STACK_OWNER") == chain.environ["STACK_HOME"]}
    listening = {c.laddr for c in psutil.net_connections("tcp") if c.pid in own and c.status == psutil.CONN_LISTEN}
    assert chain.settings.ports["SQL_PORT"] in {address.port for address in listening if address}
    assert {address.ip.removeprefix("::ffff:") for address in listening if address} == {"127.0.0.1"}

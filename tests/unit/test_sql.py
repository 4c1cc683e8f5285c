"""SQL at the machine: names, formats, refusals, and the examples of the documentation."""

import os
import re
import subprocess
import sys
import threading
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sample_lake as maker

import sql
from lakehouse.errors import NotBuiltError, ServiceError
from lakehouse.lake import Lake, native, relations, scan, store
from lakehouse.query import sql as adhoc
from lakehouse.query.shape import MASK

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/queries.md").read_text(encoding="utf-8"), re.DOTALL)


def answer(url: str, query: str) -> list[Row]:
    rows: list[Row] = adhoc.run(Lake(url), query).read_all().to_pylist()
    return rows


def good(url: str, dataset: str) -> list[Row]:
    rows = scan.read(Lake(url).open(f"silver.{dataset}")).to_pylist()
    return [row for row in rows if not row["quarantined"]]


@pytest.mark.parametrize("query", EXAMPLES)
def test_every_example_of_the_documentation_has_an_answer(query: str, sample_lake: str) -> None:
    assert answer(sample_lake, query)


def test_the_documentation_answers_the_seed_questions() -> None:
    assert len(EXAMPLES) >= 9


def test_sales_by_product_and_payment_method_agree_with_plain_python(sample_lake: str) -> None:
    sums: dict[tuple[object, object], Decimal] = defaultdict(Decimal)
    for row in good(sample_lake, "transactions"):
        sums[row["product"], row["payment_method"]] += row["amount"]
    found = {(r["product"], r["payment_method"]): r["turnover"] for r in answer(sample_lake, EXAMPLES[0])}
    assert found == sums


def test_errors_in_the_logs_agree_with_plain_python(sample_lake: str) -> None:
    counts: dict[object, int] = defaultdict(int)
    for row in good(sample_lake, "logs"):
        if 400 <= row["status"] <= 599:
            counts[row["status"]] += 1
    assert {row["status"]: row["requests"] for row in answer(sample_lake, EXAMPLES[1])} == counts


def test_click_through_rates_agree_with_plain_python(sample_lake: str) -> None:
    clicks: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for row in good(sample_lake, "ad_campaigns"):
        clicks[row["campaign_id"]][0] += row["clicks"]
        clicks[row["campaign_id"]][1] += row["impressions"]
    best = sorted(((c / i, name) for name, (c, i) in clicks.items() if i), key=lambda pair: (-pair[0], pair[1]))[:10]
    assert [(row["ctr"], row["campaign_id"]) for row in answer(sample_lake, EXAMPLES[3])] == best


def test_engagement_agrees_with_plain_python(sample_lake: str) -> None:
    likes: dict[object, list[int]] = defaultdict(list)
    for row in good(sample_lake, "social_data"):
        if row["product"] is not None:
            likes[row["product"]].append(row["likes"])
    found = answer(sample_lake, EXAMPLES[5])
    assert len(found) == 10
    assert all(
        row["likes"] == sum(likes[row["product"]]) and row["posts"] == len(likes[row["product"]]) for row in found
    )


@pytest.mark.parametrize("name", list(relations.views()))
def test_every_table_has_its_name_its_columns_and_its_side(name: str, sample_lake: str) -> None:
    view = relations.views()[name]
    found = adhoc.run(Lake(sample_lake), f"SELECT * FROM {name}").read_all()
    assert found.column_names == [column.name for column in view.columns]
    assert found.num_rows == scan.rows_by_partition(Lake(sample_lake).open(view.table))[view.quarantined]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) AS n FROM transactions",
        "SELECT count(*) AS n FROM kafka_ing_transactions AS t",
        "WITH t AS (SELECT * FROM silver.transactions) SELECT count(*) AS n FROM t",
        "SELECT sum(c) AS n FROM (SELECT count(*) AS c FROM silver.transactions UNION ALL SELECT 0);",
        "SELECT count(*) AS n FROM silver.transactions -- all of them",
    ],
)
def test_short_names_and_common_sql_work(query: str, sample_lake: str) -> None:
    assert answer(sample_lake, query) == [{"n": len(good(sample_lake, "transactions"))}]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("to_char(TIMESTAMP '2024-01-31 12:00:00', '%Y-%m at %H')", "2024-01 at 12"),
        ("to_timestamp('31/01/2024 12:00:00', '%d/%m/%Y %H:%M:%S') = TIMESTAMP '2024-01-31 12:00:00'", True),
        ("length(uuid()::varchar)", 36),
        ("array_length(range(0, 3))", 3),
        ("date_part('year', DATE '2024-01-31')", 2024),
        ("extract(month FROM DATE '2024-01-31')", 1),
        ("substring('hello' FROM 2 FOR 3) || left('abc', 1)", "ella"),
        ("coalesce(NULL, nullif(1, 1), 5 % 3)", 2),
    ],
)
def test_a_function_is_the_engines_own(expression: str, value: object, sample_lake: str) -> None:
    assert answer(sample_lake, f"SELECT {expression} AS a") == [{"a": value}]


def test_tables_can_be_joined(sample_lake: str) -> None:
    query = "SELECT s.position FROM silver.logs s JOIN bronze.logs b USING (source_id, position) WHERE b.format = 'log'"
    assert len(answer(sample_lake, query)) == len(good(sample_lake, "logs"))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("SELECT 1 AS one FROM silver.logs LIMIT 3", 3),
        ("SELECT ip FROM silver.logs LIMIT 3", 3),
        ("SELECT ip, user FROM kafka_ing_logs LIMIT 3 OFFSET 2", 3),
        ("SELECT raw FROM bronze.logs LIMIT 3", 3),
        ("SELECT 1 AS one FROM gold.status_code_counts LIMIT 2", 2),
        ("SELECT x.ip FROM (SELECT ip FROM silver.logs LIMIT 3) AS x WHERE x.ip = '***'", 3),
        ("WITH x AS (SELECT ip FROM silver.logs LIMIT 3) SELECT * FROM x, x AS y", 9),
        ("SELECT status FROM silver.logs WHERE status >= 100 ORDER BY time LIMIT 3", 3),
    ],
)
def test_a_limit_holds_where_no_column_is_read_too(query: str, count: int, sample_lake: str) -> None:
    assert len(adhoc.run(Lake(sample_lake), query, masked=True).read_all()) == count


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("INSERT INTO silver.logs SELECT * FROM silver.logs", "One SELECT"),
        ("DELETE FROM silver.logs", "One SELECT"),
        ("DROP TABLE silver.logs", "One SELECT"),
        ("COPY silver.logs TO '/tmp/x.csv'", "One SELECT"),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", "One SELECT"),
        ("CREATE TABLE x AS SELECT 1", "One SELECT"),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", "One SELECT"),
        ("EXPLAIN ANALYZE DELETE FROM silver.logs", "One SELECT"),
        ("SELECT 1; DROP TABLE silver.logs", "One SELECT"),
        ("SELECT * INTO x FROM silver.logs", "Only reading"),
        ("WITH x AS (DELETE FROM silver.logs RETURNING *) SELECT * FROM x", "Only reading"),
        ("SET datafusion.x = 1", "One SELECT"),
        ("", "One SELECT"),
        ("-- nothing", "One SELECT"),
        ("SELECT FROM WHERE", "not SQL"),
        ("nonsense words here", "not SQL"),
        ("SELECT * FROM '/etc/passwd'", "There is no table"),
        ('SELECT * FROM "/etc/passwd"', "There is no table"),
        ("SELECT * FROM read_csv('/etc/passwd')", "table functions"),
        ('SELECT * FROM lake."silver.logs"', "There is no table"),
        ("SELECT * FROM silver.transaction", "Did you mean silver.transactions"),
        ("SELECT * FROM SILVER.Transactions", "Did you mean silver.transactions"),
        ("SELECT nope FROM silver.logs", "No field named nope"),
        ("SELECT status + path FROM silver.logs", "cannot be run"),
        ("SELECT CAST(product AS INT) FROM silver.transactions", "cannot be run"),
        ("SELECT first_value(path) IGNORE NULLS OVER (ORDER BY time) AS a FROM silver.logs", "IGNORE NULLS"),
        ("SELECT CAST('x' AS INT)", "Cannot cast string 'x'"),
        (f"SELECT CAST('{'x' * 5_000}' AS INT)", "Cannot cast string 'xxx"),
        ("(" * 3_000 + "SELECT 1", "not SQL"),
    ],
)
def test_anything_but_one_query_over_the_tables_is_refused(query: str, said: str, sample_lake: str) -> None:
    before = {name: Lake(sample_lake).open(view.table).version() for name, view in relations.views().items()}
    with pytest.raises(adhoc.SqlError, match=re.escape(said)) as caught:
        adhoc.run(Lake(sample_lake), query).read_all()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1_000
    assert before == {name: Lake(sample_lake).open(view.table).version() for name, view in relations.views().items()}
    assert not Path("/tmp/x.csv").exists()


def test_a_table_that_is_not_built_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="make pipeline"):
        adhoc.run(Lake(f"file://{tmp_path}/lake"), "SELECT * FROM silver.logs")


def test_a_lake_that_hangs_is_given_up(sample_lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event = threading.Event()
    monkeypatch.setattr(native, "SECONDS", 0.01)
    monkeypatch.setattr(store, "DeltaTable", lambda *_, **__: event.wait(30))
    with pytest.raises(ServiceError, match="did not answer"):
        adhoc.run(Lake(sample_lake), "SELECT * FROM silver.logs")
    event.set()


def test_a_file_that_is_gone_is_no_fault_of_the_query(tmp_path: Path) -> None:
    maker.copy((tmp_path / "lake").as_uri(), rows=40)
    for path in (tmp_path / "lake/silver/logs").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(ServiceError, match=r"cannot be read .*silver/logs.* `make balance`"):
        adhoc.run(Lake((tmp_path / "lake").as_uri()), "SELECT max(path) FROM silver.logs").read_all()


def test_rows_that_do_not_come_are_not_asked_for_again(sample_lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event, asked = threading.Event(), []

    def hang(*_: object) -> None:
        asked.append(1)
        event.wait(30)

    monkeypatch.setattr(native, "QUERY_SECONDS", 0.05)
    monkeypatch.setattr(adhoc, "next", hang, raising=False)
    with pytest.raises(ServiceError, match=r"did not answer within 1 x 0\.05 s"):
        adhoc.run(Lake(sample_lake), "SELECT path FROM silver.logs")
    event.set()
    assert asked == [1]


def test_the_command_prints_a_table_and_ends_well(sample_lake: str) -> None:
    done = command(sample_lake, "SELECT status_code FROM gold.status_code_counts WHERE status_code = 404")
    assert done.returncode == 0
    assert done.stdout == "status_code\n-----------\n        404\n"
    assert "1 row" in done.stderr


def test_a_masked_column_that_holds_no_text_is_null_of_its_type(
    sample_lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relations.View, "personal", {"status", "time"})
    query = "SELECT max(time) AS time, sum(status) AS status, count(status) AS n FROM silver.logs WHERE status IS NULL"
    table = adhoc.run(Lake(sample_lake), query, masked=True).read_all()
    assert table.to_pylist() == [{"time": None, "status": None, "n": 0}]
    assert [str(kind) for kind in table.schema.types] == ["timestamp[us, tz=UTC]", "int64", "int64"]


def test_masked_the_command_shows_nobody(sample_lake: str) -> None:
    query = "SELECT DISTINCT client_name FROM silver.transactions"
    shown = command(sample_lake, query, "--format", "csv").stdout.split()
    assert len(shown) > 2
    assert command(sample_lake, query, "--format", "csv", "--masked").stdout.split() == ["client_name", MASK]


def test_the_command_says_what_is_wrong_without_a_trace(sample_lake: str) -> None:
    done = command(sample_lake, "SELECT nope FROM silver.logs")
    assert done.returncode == 2
    assert done.stderr.startswith("sql: ")
    assert "Traceback" not in done.stderr


def test_without_a_query_the_command_lists_the_tables(sample_lake: str) -> None:
    done = command(sample_lake, "")
    assert done.returncode == 0
    assert all(name in done.stdout for name in relations.views())


def test_a_reader_that_stops_early_is_no_error(sample_lake: str) -> None:
    with subprocess.Popen(
        [sys.executable, str(ROOT / "jobs/sql.py"), "SELECT * FROM silver.logs a, silver.logs b", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(sample_lake),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def command(url: str, query: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(ROOT / "jobs/sql.py"), query, *options]
    return subprocess.run(words, capture_output=True, text=True, env=environment(url), check=False)


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "LAKEHOUSE_URL": url, "PYTHONPATH": str(ROOT / "jobs")}


def test_the_commands_words_are_a_query_and_a_format() -> None:
    asked = sql.arguments(["SELECT 1", "--format", "json"])
    assert (asked.query, asked.format) == ("SELECT 1", "json")

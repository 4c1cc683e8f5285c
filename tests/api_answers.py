"""What the API must answer on the sample lake, wherever that is: computed in plain Python from the records it is of.

Each of CHECKS asks as a user of the groups `engineer` and `analyst` who may not see personal columns.
"""

import csv
import hashlib
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq
from api_live import Reply, Server
from api_query import rows_of
from prometheus_client.parser import text_string_to_metric_families
from sample_gold import METRIC_ROWS
from sample_lake import records
from sample_records import Record
from stack import RunningStack

from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS

ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
SALES = "SELECT product, count(*) AS n, sum(amount) AS turnover FROM silver.transactions GROUP BY product"
SINCE, UNTIL = date(2024, 11, 5), date(2024, 12, 17)
Row = dict[str, Any]


def sample(dataset: str) -> list[Record]:
    return records(dataset, 300)


def good(dataset: str) -> list[Row]:
    return [record.values for record in sample(dataset) if not record.reasons]


def sales() -> list[tuple[str, int, Decimal]]:
    """Return the answer to SALES, in order."""
    groups: dict[str, list[Decimal]] = defaultdict(list)
    for row in good("transactions"):
        groups[row["product"]].append(row["amount"])
    return sorted((product, len(amounts), sum(amounts, Decimal())) for product, amounts in groups.items())


def get(server: Server, token: str, route: str, asked: Mapping[str, object], accept: str = "") -> Reply:
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    answer = server.request("GET", f"/api/{route}/?{urlencode(asked)}", headers=headers)
    assert answer.status == 200, answer.body
    return answer


def sql(server: Server, token: str, query: str, accept: str = "") -> Reply:
    return server.request("POST", "/api/sql/", {"sql": query}, {"Authorization": f"Bearer {token}", "Accept": accept})


def first_day(day: date, by: str) -> date:
    return {"day": day, "week": day - timedelta(day.weekday()), "month": day.replace(day=1)}[by]


def periods(metric: str, by: str, **where: str) -> Iterator[Row]:
    """Yield the rows of a metric from SINCE on and before UNTIL, by period, of records with the values of `where`."""
    columns, dataset = METRICS[metric].columns, DATASETS[METRICS[metric].dataset]
    found: dict[date, list[Row]] = defaultdict(list)
    for row in good(dataset.name):
        time = row[str(dataset.time_column)]
        day = time.date() if dataset.name != "ad_campaigns" else time
        if SINCE <= day < UNTIL and all(row[name] == value for name, value in where.items()):
            found[first_day(day, by)].append(row)
    for first, rows in found.items():
        for group in METRIC_ROWS[metric](rows):
            values = {column.name: group[column.name] for column in columns}
            yield {by: first.isoformat()} | {k: float(v) if isinstance(v, Decimal) else v for k, v in values.items()}


def metrics_with_questions(server: Server, token: str) -> None:
    for metric in METRIC_ROWS:
        where = {"payment_method": "card"} if metric == "total_sales_per_product" else {}
        for by in ("day", "week", "month"):
            asked = {"from": SINCE, "to": UNTIL, "by": by, **where}
            answer = get(server, token, metric.replace("_", "-"), asked)
            assert sorted(answer.json(), key=repr) == sorted(periods(metric, by, **where), key=repr)
            assert int(answer.headers["X-Total-Rows"]) == len(answer.json()) > 0
            assert int(answer.headers["X-Source-Version"]) > 0


def whole_tables_as_files(server: Server, token: str) -> None:
    wanted = [row | {"client_name": "***"} for row in good("transactions")]
    names = list(wanted[0])
    for kind in (ARROW, PARQUET):
        answer = get(server, token, "export", {"table": "silver.transactions"}, kind)
        whole = pa.ipc.open_stream(answer.body).read_all() if kind == ARROW else pq.read_table(io.BytesIO(answer.body))
        found = sorted(whole.select(names).to_pylist(), key=lambda row: str(row["transaction_id"]))
        assert found == wanted
        assert int(answer.headers["X-Total-Rows"]) == len(wanted)
        assert int(answer.headers["Content-Length"]) == len(answer.body)


def the_rows_of_a_condition_as_a_file(server: Server, token: str) -> None:
    asked = {"table": "silver.logs", "filter": "status >= 400", "columns": "time,status,ip"}
    answer = get(server, token, "export", asked, "text/csv")
    head, *rows = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == ["time", "status", "ip"]
    wanted = [(row["time"], row["status"], "***") for row in good("logs") if row["status"] >= 400]
    found = [(datetime.fromisoformat(time).replace(tzinfo=UTC), int(status), ip) for time, status, ip in rows]
    assert sorted(found) == sorted(wanted)
    assert int(answer.headers["X-Total-Rows"]) == len(wanted) > 0


def sql_for_analysts(server: Server, token: str) -> None:
    answer = sql(server, token, f"{SALES} ORDER BY product")
    assert answer.status == 200, answer.body
    assert [tuple(row.values()) for row in rows_of(answer)] == [(p, str(n), f"{t:.2f}") for p, n, t in sales()]
    query = "SELECT reasons[1] AS reason, raw, count(*) AS n FROM quarantine.logs GROUP BY 1, 2"
    found = pa.ipc.open_stream(sql(server, token, query, ARROW).body).read_all().to_pylist()
    counts = Counter(record.reasons[0] for record in sample("logs") if record.reasons)
    assert {(row["reason"], row["raw"], row["n"]) for row in found} == {(r, b"***", n) for r, n in counts.items()}


def samples_of_quarantine(server: Server, token: str) -> None:
    made = sample("social_data")
    asked = {"table": "quarantine.social_data", "filter": "reasons LIKE '%duplicate%'", "limit": 100}
    columns = {"columns": "source,position,reasons,raw"}
    found = rows_of(get(server, token, "query-table", asked | columns))
    positions = [n for n, record in enumerate(made) if "duplicate" in record.reasons]
    assert sorted(int(row["position"]) for row in found) == positions
    assert {(row["source"], row["reasons"], row["raw"]) for row in found} == {("posts.json", "duplicate", "***")}


def passports(server: Server, token: str) -> None:
    made, source_id = sample("social_data"), hashlib.sha256(b"posts.json").hexdigest()
    bad = next(n for n, record in enumerate(made) if record.reasons)
    for position in (0, bad):
        name = {"source": "posts.json", "source_id": source_id, "position": position}
        found = get(server, token, "records", name).json()
        silver, values = found["silver"], made[position].values
        assert (found["dataset"], found["bronze"]["position"], found["run"]["run_id"]) == (
            "social_data",
            position,
            "run-0002",
        )
        assert list(found["reasons"]) == list(made[position].reasons)
        if position == 0:
            assert [silver[name] for name in ("likes", "retweets", "product")] == [
                values[name] for name in ("likes", "retweets", "product")
            ]
            wanted = METRIC_ROWS["avg_likes_per_product"](good("social_data"))
            counts_in = found["gold"]["avg_likes_per_product"]
            assert counts_in["avg_likes"] == next(
                row["avg_likes"] for row in wanted if row["contenu"] == counts_in["contenu"]
            )
            assert counts_in["contenu"] == values["product"]


def what_prometheus_reads(server: Server, token: str) -> None:
    families = text_string_to_metric_families(server.get("/metrics").body.decode())
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }
    for metric in METRICS:
        version = int(get(server, token, metric.replace("_", "-"), {}).headers["X-Table-Version"])
        assert (found["lakehouse_metric_version", metric], found["lakehouse_metric_stale", metric]) == (version, 0)
    bad = len(DATASETS) * sum(bool(record.reasons) for record in sample("logs"))
    assert found["lakehouse_job_last_run", "pipeline", "succeeded"] == 1
    assert found["lakehouse_job_last_records", "pipeline", "quarantined"] == bad
    assert found["lakehouse_job_last_records", "good", "pipeline"] == 300 * len(DATASETS) - bad


CHECKS: list[Callable[[Server, str], None]] = [
    metrics_with_questions,
    whole_tables_as_files,
    the_rows_of_a_condition_as_a_file,
    sql_for_analysts,
    samples_of_quarantine,
    passports,
    what_prometheus_reads,
]


def a_shell_is_answered(stack: RunningStack, lake: str) -> None:
    """Ask for SALES by the command of `make sql`."""
    words = [sys.executable, "jobs/sql.py", SALES, "--format=csv"]
    done = stack.run("env", f"LAKEHOUSE_URL={lake}", *words)
    assert done.returncode == 0, done.stderr
    assert printed(done.stdout) == sales()


def printed(text: str) -> list[tuple[str, int, Decimal]]:
    """Return the rows that `make sql FORMAT=csv` printed of SALES, in order."""
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == ["product", "n", "turnover"]
    return sorted((product, int(n), Decimal(turnover)) for product, n, turnover in rows)

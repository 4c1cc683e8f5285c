"""The query route: names, rights, parameters, shapes."""

import csv
import gzip
import io
from collections.abc import Callable

import pyarrow as pa
import pytest
from api_query import URL, rows_of
from django.test import Client

from accounts.permissions import IsEngineer
from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, relations, scan
from lakehouse.metrics import METRICS


def test_the_answer_has_athenas_shape(client: Client, served: str) -> None:
    answer = client.get(URL, {"table": "gold.status_code_counts", "limit": "1", "filter": "status_code = 404"})
    count = next(
        row["count_requests"]
        for row in scan.read(Lake(served).open("gold.status_code_counts")).to_pylist()
        if row["status_code"] == 404
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "ResultSet": {
            "Rows": [
                {"Data": [{"VarCharValue": "status_code"}, {"VarCharValue": "count_requests"}]},
                {"Data": [{"VarCharValue": "404"}, {"VarCharValue": str(count)}]},
            ]
        }
    }
    assert answer.headers["X-Table-Version"] == "1"
    assert int(answer.headers["X-Rows-Scanned"]) > 0
    assert int(answer.headers["X-Bytes-Scanned"]) > 0
    assert int(answer.headers["X-Elapsed-Ms"]) >= 0
    assert answer.headers["X-Request-Id"]
    assert "Authorization" in answer.headers["Vary"]


def test_null_is_an_empty_object(engineer: Client, served: str) -> None:
    answer = engineer.get(URL, {"table": "social_data", "filter": "product IS NULL", "columns": "post_id,product"})
    rows = answer.json()["ResultSet"]["Rows"]
    assert len(rows) > 1
    assert all(row["Data"][1] == {} for row in rows[1:])


@pytest.mark.parametrize("name", list(relations.views()))
def test_every_table_can_be_asked_for_by_its_full_name(name: str, engineer: Client, served: str) -> None:
    answer = engineer.get(URL, {"table": name})
    assert answer.status_code == 200
    assert 1 <= len(rows_of(answer)) <= 10
    assert list(rows_of(answer)[0]) == [column.name for column in relations.views()[name].columns]


@pytest.mark.parametrize("short", [*METRICS, *DATASETS, *(f"kafka_ing_{name}" for name in DATASETS)])
def test_a_short_name_stands_for_gold_or_silver(short: str, engineer: Client, served: str) -> None:
    full = f"gold.{short}" if short in METRICS else f"silver.{short.removeprefix('kafka_ing_')}"
    assert engineer.get(URL, {"table": short}).json() == engineer.get(URL, {"table": full}).json()


@pytest.mark.parametrize(
    "name",
    [
        *("nope", "", "gold", "gold.", "silver.nope", "../silver/logs", "gold/status_code_counts", "SILVER.LOGS"),
        *("silver.transactions;--", "gold.status_code_counts ", "ledger.secrets", "\x00", "é" * 50),
    ],
)
def test_an_unknown_table_is_404_with_the_names_there_are(name: str, engineer: Client, served: str) -> None:
    answer = engineer.get(URL, {"table": name})
    assert answer.status_code == 404
    assert "gold.status_code_counts" in answer.json()["detail"]


@pytest.mark.parametrize("name", list(relations.views()))
def test_below_gold_a_user_needs_the_engineer_group(name: str, client: Client, served: str) -> None:
    assert client.get(URL, {"table": name}).status_code == (200 if name.startswith("gold.") else 403)


def test_without_a_token_nothing_is_answered(anonymous: Client, served: str) -> None:
    assert anonymous.get(URL, {"table": "gold.status_code_counts"}).status_code == 401


@pytest.mark.parametrize(
    "parameters",
    [
        *({"limit": limit} for limit in ("0", "1001", "-1", "1.5", "abc", "", "1e2", " 5", "٣", "9" * 30)),
        *({"columns": columns} for columns in ("nope", "", "status_code,", "status_code,status_code", "*", "a;b")),
        *({"as_of": as_of} for as_of in ("", "yesterday", "1.5", "-1", "9" * 30, "2024-13-01")),
        {"page": "abc"},
        {"page": ""},
        {"page": "a:b:c"},
        {"page": "x", "as_of": "1"},
        {"nope": "1"},
        {"limit": ["1", "2"]},
        {"filter": ""},
    ],
)
def test_a_parameter_that_cannot_be_used_is_400(parameters: dict[str, str], client: Client, served: str) -> None:
    answer = client.get(URL, {"table": "gold.status_code_counts", **parameters})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "detail", "request_id"}


def test_without_a_table_is_400(client: Client, served: str) -> None:
    assert client.get(URL).status_code == 400


def test_ten_rows_are_given_where_no_limit_is_asked_for_and_a_thousand_at_most(engineer: Client, served: str) -> None:
    assert len(rows_of(engineer.get(URL, {"table": "silver.logs"}))) == 10
    assert 200 < len(rows_of(engineer.get(URL, {"table": "silver.logs", "limit": "1000"}))) <= 300


def test_silver_and_quarantine_are_the_two_sides_of_one_table(engineer: Client, served: str) -> None:
    sides = scan.rows_by_partition(Lake(served).open("silver.logs"))
    for name, side in (("silver.logs", False), ("quarantine.logs", True)):
        assert len(rows_of(engineer.get(URL, {"table": name, "limit": "1000"}))) == sides[side] > 0


def test_reasons_are_filtered_as_text(engineer: Client, served: str) -> None:
    everything = rows_of(engineer.get(URL, {"table": "quarantine.transactions", "limit": "1000"}))
    reason = everything[0]["reasons"]
    found = rows_of(
        engineer.get(URL, {"table": "quarantine.transactions", "limit": "1000", "filter": f"reasons = '{reason}'"})
    )
    assert found == [row for row in everything if row["reasons"] == reason]


def test_values_are_exact_texts(engineer: Client, served: str) -> None:
    columns = "transaction_id,transaction_date,quantity,amount"
    row = rows_of(engineer.get(URL, {"table": "silver.transactions", "limit": "1", "columns": columns}))[0]
    wanted = f"transaction_id = '{row['transaction_id']}' AND amount = {row['amount']} AND quantity = {row['quantity']}"
    moment = f" AND transaction_date = TIMESTAMP '{row['transaction_date']}'"
    assert rows_of(engineer.get(URL, {"table": "transactions", "filter": wanted + moment, "columns": columns})) == [row]


def test_a_refused_filter_says_what_where_and_which_columns(client: Client, served: str) -> None:
    answer = client.get(URL, {"table": "gold.status_code_counts", "filter": "status_code = 1 AND nope = 2"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"
    detail = answer.json()["detail"]
    assert "nope" in detail["message"]
    assert detail["position"] == 21
    assert detail["columns"] == ["count_requests", "status_code"]


def test_csv_and_arrow_hold_the_same_rows_as_json(engineer: Client, served: str) -> None:
    asked = {"table": "silver.social_data", "limit": "300"}
    expected = rows_of(engineer.get(URL, asked))
    as_csv = engineer.get(URL, asked, headers={"Accept": "text/csv"})
    as_arrow = engineer.get(URL, asked, headers={"Accept": "application/vnd.apache.arrow.stream;q=0.9, text/csv;q=0.1"})
    read = list(csv.DictReader(io.StringIO(as_csv.content.decode(), newline="")))
    assert as_csv.headers["Content-Type"].startswith("text/csv")
    assert [{k: v or None for k, v in row.items()} for row in read] == expected
    table = pa.ipc.open_stream(as_arrow.content).read_all()
    assert table.schema.field("likes").type == pa.int32()
    assert table.schema.field("post_date").type == pa.timestamp("us", "UTC")
    assert [str(n) for n in table["likes"].to_pylist()] == [row["likes"] for row in expected]
    assert "attachment" in as_csv.headers["Content-Disposition"]


def test_an_accept_header_that_names_none_of_the_forms_gets_json(client: Client, served: str) -> None:
    for accept in ("*/*", "text/html", "", "text/csv;q=0", "garbage;;q=x", "text/csv;q=nan"):
        answer = client.get(URL, {"table": "gold.campaign_metrics"}, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json"


def test_a_table_that_is_not_built_is_503(client: Client, scratch: str, serve_lake: Callable[[str], object]) -> None:
    serve_lake(scratch)
    assert client.get(URL, {"table": "gold.campaign_metrics"}).status_code == 503


@pytest.mark.parametrize(
    "more", [{"columns": "nope"}, {"filter": "nope = 1"}, {"limit": "0"}, {"page": "x", "as_of": "1"}]
)
def test_who_may_not_read_a_table_learns_nothing_of_its_columns(
    more: dict[str, str], client: Client, served: str
) -> None:
    answer = client.get(URL, {"table": "silver.logs", **more})
    assert (answer.status_code, answer.json()["detail"]) == (403, IsEngineer.message)


def test_the_next_page_is_a_link_too(engineer: Client, served: str) -> None:
    answer = engineer.get(URL, {"table": "silver.logs", "limit": "2", "filter": "status >= 100"})
    address = answer["Link"].removeprefix("<").removesuffix('>; rel="next"')
    following = engineer.get(address)
    assert following.status_code == 200
    assert rows_of(following) != rows_of(answer)
    assert engineer.get(URL, {"table": "gold.status_code_counts", "limit": "1000"}).get("Link") is None


def test_a_client_that_takes_gzip_gets_the_same_in_a_tenth(engineer: Client, served: str) -> None:
    asked = {"table": "silver.logs", "limit": "1000"}
    plain = engineer.get(URL, asked)
    packed = engineer.get(URL, asked, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content) / 5
    assert "Accept-Encoding" in packed["Vary"]

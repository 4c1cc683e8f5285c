"""Who people are is masked in every form of an answer, and cannot be asked for by a filter."""

import pyarrow as pa
import pytest
from django.test import Client
from personal_values import COLUMNS, READ, all_personal_values, personal_values

from lakehouse.lake import Lake, relations, scan
from lakehouse.metrics import METRICS

URL = "/api/query-table/"
FORMS = ("application/json", "text/csv", "application/vnd.apache.arrow.stream")


def test_the_personal_columns_are_the_ones_that_are_marked() -> None:
    assert set(COLUMNS) >= {
        ("silver.transactions", "client_name"),
        ("silver.logs", "ip"),
        ("silver.logs", "user"),
        ("silver.social_data", "user"),
        ("silver.social_data", "message"),
        ("quarantine.logs", "raw"),
        ("bronze.transactions", "raw"),
        ("bronze.transactions", "header"),
    }
    assert not [name for name, _ in COLUMNS if name.startswith("gold.")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_a_personal_column_is_masked_in_every_form(
    name: str, column: str, form: str, engineer: Client, served: str
) -> None:
    answer = engineer.get(URL, {"table": name, "limit": "1000"}, headers={"Accept": form})
    assert answer.status_code == 200
    assert b"***" in answer.content
    assert not [secret for secret in personal_values(served, name, column) if secret in answer.content]


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_the_permission_shows_it(name: str, column: str, privileged: Client, served: str) -> None:
    asked = {"table": name, "limit": "1000", "columns": column}
    answer = privileged.get(URL, asked, headers={"Accept": FORMS[2]})
    shown = pa.ipc.open_stream(answer.content).read_all()[column].to_pylist()
    view = relations.views()[name]
    side = "" if view.quarantined is None else f"quarantined = {view.quarantined}"
    stored = scan.read(Lake(served).open(view.table), [column], side)[column].to_pylist()
    assert sorted(shown, key=repr) == sorted(stored, key=repr)


@pytest.mark.parametrize(("name", "column"), COLUMNS)
@pytest.mark.parametrize(
    "condition", ["{} IS NULL", "{} = 'x'", "{0} IS NOT NULL OR {0} LIKE 'a%'", "NOT \"{}\" IN ('x')"]
)
def test_a_filter_on_it_is_403(name: str, column: str, condition: str, engineer: Client, served: str) -> None:
    answer = engineer.get(URL, {"table": name, "filter": condition.format(column)})
    assert answer.status_code == 403


def test_the_permission_allows_the_filter(privileged: Client, served: str) -> None:
    asked = {"table": "silver.logs", "filter": "ip LIKE '%.%' AND user IS NULL OR ip LIKE '%'", "columns": "ip"}
    answer = privileged.get(URL, asked)
    assert answer.status_code == 200
    assert len(answer.json()["ResultSet"]["Rows"]) == 11


def test_a_page_of_masked_columns_alone_has_its_rows(engineer: Client, served: str) -> None:
    rows = engineer.get(URL, {"table": "silver.logs", "columns": "ip,user"}).json()["ResultSet"]["Rows"]
    assert rows[1:] == [{"Data": [{"VarCharValue": "***"}, {"VarCharValue": "***"}]}] * 10


def test_nothing_that_can_be_read_without_the_permission_tells_a_personal_value(engineer: Client, served: str) -> None:
    values, answers = all_personal_values(served), {url: engineer.get(url) for url in READ}
    told = {url: [value for value in values if value in answer.getvalue()] for url, answer in answers.items()}
    assert {url: found for url, found in told.items() if found} == {}
    assert sum(answer.status_code == 200 for answer in answers.values()) > len(READ) // 2


def test_no_gold_table_holds_a_personal_value(served: str) -> None:
    values = {value.decode(errors="replace") for value in all_personal_values(served)}
    for name in METRICS:
        rows = scan.read(Lake(served).open(f"gold.{name}")).to_pylist()
        assert rows
        assert not [row for row in rows if values & set(map(str, row.values()))]

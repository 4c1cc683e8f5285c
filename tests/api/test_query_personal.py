"""Who people are is masked in every form of an answer, and cannot be asked for by a filter."""

import pyarrow as pa
import pytest
from django.test import Client

from lakehouse import frames, lake, views

URL = "/api/query-table/"
PERSONAL = [(view.name, column) for view in views.views().values() for column in sorted(view.personal)]
FORMS = ("application/json", "text/csv", "application/vnd.apache.arrow.stream")


def secrets(url: str, name: str, column: str) -> list[bytes]:
    view = views.views()[name]
    values = frames.read(lake.open_table(url, view.table), [column])[column].to_pylist()
    texts = {value if isinstance(value, bytes) else str(value).encode() for value in values if value}
    return [text for text in texts if len(text) > 3]


def test_the_personal_columns_are_the_ones_that_are_marked() -> None:
    assert set(PERSONAL) >= {
        ("silver.transactions", "client_name"),
        ("silver.logs", "ip"),
        ("silver.logs", "user"),
        ("silver.social_data", "user"),
        ("silver.social_data", "message"),
        ("quarantine.logs", "raw"),
        ("bronze.transactions", "raw"),
        ("bronze.transactions", "header"),
    }
    assert not [name for name, _ in PERSONAL if name.startswith("gold.")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "column"), PERSONAL)
def test_a_personal_column_is_masked_in_every_form(
    name: str, column: str, form: str, engineer: Client, served: str
) -> None:
    answer = engineer.get(URL, {"table": name, "limit": "1000"}, headers={"Accept": form})
    assert answer.status_code == 200
    assert b"***" in answer.content
    assert not [secret for secret in secrets(served, name, column) if secret in answer.content]


@pytest.mark.parametrize(("name", "column"), PERSONAL)
def test_the_permission_shows_it(name: str, column: str, privileged: Client, served: str) -> None:
    asked = {"table": name, "limit": "1000", "columns": column}
    answer = privileged.get(URL, asked, headers={"Accept": FORMS[2]})
    shown = pa.ipc.open_stream(answer.content).read_all()[column].to_pylist()
    view = views.views()[name]
    side = None if view.quarantined is None else pa.compute.field("quarantined") == view.quarantined
    stored = frames.read(lake.open_table(served, view.table), [column], where=side)[column].to_pylist()
    assert sorted(shown, key=repr) == sorted(stored, key=repr)


@pytest.mark.parametrize(("name", "column"), PERSONAL)
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

"""Whole tables over HTTP: in three forms, of a pinned version, with rights and masks, whole or an error."""

import csv
import gzip
import io
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sample_lake as maker
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from waiting import wait_until

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, relations, scan
from lakehouse.lake.schemas import silver
from lakehouse.lake.state import State
from lakehouse.query import limits
from lakes.refresher import Refresher
from query import slots

URL, ARROW, PARQUET = "/api/export/", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"


def content(answer: Any) -> bytes:
    body = b"".join(answer.streaming_content)
    answer.close()
    assert len(body) == int(answer["Content-Length"])
    return body


def read(answer: Any) -> pa.Table:
    """Return the rows of an answer in Arrow or Parquet."""
    body = content(answer)
    if answer["Content-Type"] == PARQUET:
        return pq.read_table(io.BytesIO(body))
    return pa.ipc.open_stream(body).read_all()


@pytest.mark.parametrize("name", list(relations.views()))
@pytest.mark.parametrize("kind", [ARROW, PARQUET])
def test_a_table_comes_whole_in_its_types(name: str, kind: str, privileged: Client, served: str) -> None:
    view = relations.views()[name]
    answer = privileged.get(URL, {"table": name}, headers={"Accept": kind})
    table = Lake(served).open(view.table)
    side = "" if view.quarantined is None else f"quarantined = {view.quarantined}"
    wanted = scan.read(table, [column.name for column in view.columns], side)
    found = read(answer)
    assert found.schema.equals(wanted.schema)
    assert sorted(found.to_pylist(), key=repr) == sorted(wanted.to_pylist(), key=repr)
    assert answer["X-Total-Rows"] == str(wanted.num_rows)
    assert answer["X-Table-Version"] == str(table.version())
    assert f'filename="{name}.' in answer["Content-Disposition"]


def test_csv_is_that_of_the_pages_and_may_be_packed(privileged: Client, served: str) -> None:
    asked = {"table": "silver.logs", "filter": "status >= 400", "columns": "time,status,ip"}
    page = privileged.get("/api/query-table/", asked | {"limit": "1000"}, headers={"Accept": "text/csv"})
    assert page.content.count(b"\r\n") > 20
    assert content(privileged.get(URL, asked)) == page.content
    packed = privileged.get(URL, asked, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(content(packed)) == page.content


@pytest.mark.parametrize("kind", [ARROW, PARQUET, "text/csv"])
def test_personal_columns_are_masked_throughout(kind: str, engineer: Client, served: str) -> None:
    answer = engineer.get(URL, {"table": "silver.transactions"}, headers={"Accept": kind})
    if kind == "text/csv":
        rows = list(csv.DictReader(io.StringIO(content(answer).decode(), newline="")))
    else:
        rows = read(answer).to_pylist()
    assert len(rows) > 200
    assert {row["client_name"] for row in rows} == {"***"}
    only = engineer.get(URL, {"table": "silver.logs", "columns": "ip,user"}, headers={"Accept": ARROW})
    masked = read(only).to_pylist()
    assert len(masked) > 200
    assert all(row == {"ip": "***", "user": "***"} for row in masked)
    filtered = engineer.get(URL, {"table": "silver.logs", "filter": "ip = '1.2.3.4'"})
    assert filtered.status_code == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"table": "silver.logs"}, 403),
        ({"table": "gold.nothing"}, 404),
        ({}, 400),
        ({"table": "gold.status_code_counts", "limit": "5"}, 400),
        ({"table": "gold.status_code_counts", "filter": "1 = 1"}, 400),
        ({"table": "gold.status_code_counts", "columns": "ip"}, 400),
        ({"table": "gold.status_code_counts", "as_of": "99"}, 404),
    ],
)
def test_rights_and_parameters_are_those_of_the_pages(
    given: dict[str, str], status: int, client: Client, served: str
) -> None:
    assert client.get(URL, given).status_code == status


def test_it_needs_a_token(anonymous: Client, served: str) -> None:
    assert anonymous.get(URL, {"table": "gold.status_code_counts"}).status_code == 401


def test_an_older_version_comes_as_it_was(client: Client, served: str) -> None:
    answer = client.get(URL, {"table": "gold.status_code_counts", "as_of": "0"})
    assert content(answer) == b"status_code,count_requests\r\n"
    assert answer["X-Table-Version"] == "0"


def test_a_read_that_fails_in_the_middle_is_an_error_and_leaves_no_file(
    tmp_path: Path, privileged: Client, serve_lake: Callable[[str], Refresher]
) -> None:
    url = (tmp_path / "lake").as_uri()
    maker.copy(url, rows=60)
    more = scan.read(Lake(url).open("silver.logs")).to_pylist()
    maker.write(Lake(url), silver(DATASETS["logs"]), more, State(batch=2))
    serve_lake(url)
    last = sorted((tmp_path / "lake/silver/logs/quarantined=false").glob("*.parquet"))[-1]
    data = bytearray(last.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    last.write_bytes(data)
    before = set(settings.EXPORTS.iterdir()) if settings.EXPORTS.exists() else set()
    answer = privileged.get(URL, {"table": "silver.logs"})
    assert answer.status_code == 503
    assert set(settings.EXPORTS.iterdir()) == before
    last.unlink()
    assert privileged.get(URL, {"table": "silver.logs"}).status_code == 410


@pytest.mark.parametrize("kind", [ARROW, PARQUET, "text/csv"])
def test_a_disk_without_room_is_told_as_that_and_leaves_no_file(
    kind: str, engineer: Client, served: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert content(engineer.get(URL, {"table": "gold.status_code_counts"}))
    before = set(settings.EXPORTS.iterdir())
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel refuses what goes beyond a limit of a file's size as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, most))
    try:
        answer = engineer.get(URL, {"table": "bronze.logs"}, headers={"Accept": kind})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert (answer.status_code, "no room" in answer.json()["detail"]) == (503, True), answer.json()
    assert f"no room in {settings.EXPORTS}" in caplog.text
    assert set(settings.EXPORTS.iterdir()) == before


def test_what_a_killed_worker_left_is_deleted_by_the_next_export(client: Client, served: str) -> None:
    assert content(client.get(URL, {"table": "gold.status_code_counts"}))
    left = list(settings.EXPORTS.iterdir())
    assert {path.stat().st_mode & 0o777 for path in left} == {0o600}
    for path in left:
        os.utime(path, (0, 0))
    assert content(client.get(URL, {"table": "gold.status_code_counts"}))
    assert not set(settings.EXPORTS.iterdir()) & set(left)


def test_a_user_has_one_export_at_a_time(client: Client, served: str) -> None:
    release = slots.take(settings.STATE / "slots", User.objects.get(username="ada").pk, "exports", limits.EXPORTS)
    try:
        answer = client.get(URL, {"table": "gold.status_code_counts"})
        assert answer.status_code == 429
        assert "1 exports" in answer.json()["detail"]
    finally:
        release()
    assert content(client.get(URL, {"table": "gold.status_code_counts"}))


def test_all_users_have_few_exports_together(client: Client, served: str) -> None:
    others = [
        slots.take(settings.STATE / "slots", 1_000 + n, "exports", limits.EXPORTS, limits.EXPORTS_RUNNING)
        for n in range(limits.EXPORTS_RUNNING)
    ]
    answer = client.get(URL, {"table": "gold.status_code_counts"})
    assert (answer.status_code, "All users together have 4 exports" in answer.json()["detail"]) == (429, True)
    others.pop()()
    assert content(client.get(URL, {"table": "gold.status_code_counts"}))
    for release in others:
        release()


def test_past_the_deadline_it_ends_and_leaves_no_file(
    engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(settings.EXPORTS.iterdir()) if settings.EXPORTS.exists() else set()
    monkeypatch.setattr(limits, "EXPORT_SECONDS", 0.0001)
    answer = engineer.get(URL, {"table": "silver.logs"})
    assert answer.status_code == 503
    assert "took longer" in answer.json()["detail"]
    wait_until(lambda: set(settings.EXPORTS.iterdir()) <= before, 10, "the file is still there")


def test_more_than_may_be_read_is_refused(engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXPORT_BYTES", 0)
    answer = engineer.get(URL, {"table": "silver.logs"})
    assert answer.status_code == 400
    assert "0 MB are allowed" in answer.json()["detail"]

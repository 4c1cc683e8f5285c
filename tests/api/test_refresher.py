"""The refresher: how snapshots follow the lake, and what happens when the lake does not answer."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from empty_lake import make_empty
from sample_lake import write_gold

from lakehouse.lake import Lake, forgetting
from lakes import snapshot
from lakes.refresher import Refresher
from lakes.watcher import Log

SALES = "total_sales_per_product"
URL = "/api/total-sales-per-product/"
Serve = Callable[[str], Refresher]


def sold(url: str, *rows: tuple[str, str]) -> None:
    """Write a gold version with these products and amounts."""
    write_gold(url, SALES, [{"produit": name, "total_ventes": Decimal(amount)} for name, amount in rows], 1)


def test_a_lake_without_tables_is_not_built(client: Client, scratch: str, serve_lake: Serve) -> None:
    serve_lake(scratch)
    answer = client.get(URL)
    assert answer.status_code == 503
    assert "make pipeline" in answer.json()["detail"]
    assert answer["Retry-After"]


def test_an_empty_first_version_is_not_built_either(client: Client, scratch: str, serve_lake: Serve) -> None:
    make_empty(scratch)
    serve_lake(scratch)
    assert "make pipeline" in client.get(URL).json()["detail"]


def test_a_metric_over_no_rows_is_an_empty_list(client: Client, scratch: str, serve_lake: Serve) -> None:
    make_empty(scratch)
    sold(scratch)
    serve_lake(scratch)
    answer = client.get(URL)
    assert (answer.status_code, answer.content, answer["X-Total-Rows"]) == (200, b"[]", "0")


def test_the_next_look_sees_a_new_version(client: Client, scratch: str, serve_lake: Serve) -> None:
    make_empty(scratch)
    looking = serve_lake(scratch)
    for amount in ("1.50", "2.50"):
        sold(scratch, ("A", amount))
        looking.look()
        assert client.get(URL).json() == [{"produit": "A", "total_ventes": float(amount)}]


@pytest.mark.parametrize("versions", [1, 3])
def test_a_version_is_seen_where_all_older_ones_ended(
    versions: int, client: Client, scratch: str, serve_lake: Serve
) -> None:
    make_empty(scratch)
    sold(scratch, ("A", "1.50"))
    looking = serve_lake(scratch)
    name, lake = f"gold.{SALES}", Lake(scratch)
    for _ in range(versions):
        sold(scratch, ("A", "2.50"))
    forgetting.end_older_versions(lake, name, lake.standing(name))
    for amount in ("2.50", "3.50"):
        looking.look()
        assert client.get(URL).json() == [{"produit": "A", "total_ventes": float(amount)}]
        sold(scratch, ("A", "3.50"))
    assert client.get(f"{URL}?as_of=1").status_code == 404


def test_nothing_is_read_again_while_nothing_changes(
    scratch: str, serve_lake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_empty(scratch)
    sold(scratch, ("A", "1.00"))
    looking = serve_lake(scratch)
    monkeypatch.setattr(Lake, "open", lambda *_: pytest.fail("the table was opened again"))
    looking.watchers[SALES].look()
    assert not looking.known(SALES).stale


@pytest.mark.parametrize("versions", [1, 2, 3])
def test_a_lake_made_again_is_noticed_whatever_its_version(
    versions: int, client: Client, scratch: str, serve_lake: Serve
) -> None:
    make_empty(scratch)
    sold(scratch, ("Old", "1.00"))
    sold(scratch, ("Old", "2.00"))
    looking = serve_lake(scratch)
    old = client.get(URL)["ETag"]
    shutil.rmtree(scratch.removeprefix("file://"))
    Lake(scratch).make_tables()
    for _ in range(versions):
        sold(scratch, ("New", "2.00"))
    looking.look()
    answer = client.get(URL)
    assert answer.json() == [{"produit": "New", "total_ventes": 2.0}]
    assert answer["X-Table-Version"] == str(versions)
    assert answer["ETag"] != old


def test_a_lake_that_was_removed_is_not_built_any_more(client: Client, scratch: str, serve_lake: Serve) -> None:
    make_empty(scratch)
    sold(scratch, ("A", "1.00"))
    looking = serve_lake(scratch)
    shutil.rmtree(scratch.removeprefix("file://"))
    looking.look()
    assert client.get(URL).status_code == 503


def test_a_lake_that_fails_serves_the_last_version_marked_and_recovers(
    client: Client, scratch: str, serve_lake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_empty(scratch)
    sold(scratch, ("A", "1.00"))
    looking = serve_lake(scratch)

    def away(*_: object) -> bool:
        raise OSError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(Log, "look", away)
        broken.setattr(Lake, "open", away)
        for _ in range(2):
            looking.look()
            answer = client.get(URL)
            assert (answer.status_code, answer["X-Stale"], answer["Age"]) == (200, "true", "0")
        assert client.get(URL, headers={"If-None-Match": answer["ETag"]}).status_code == 304
        assert client.get("/api/health/").status_code == 503
    looking.look()
    assert "X-Stale" not in client.get(URL)
    assert "Age" not in client.get(URL)


def test_a_lake_that_never_answered_is_503_without_blaming_the_pipeline(
    client: Client, scratch: str, serve_lake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OSError("connection refused by /secret")

    monkeypatch.setattr(Lake, "open", away)
    serve_lake(scratch)
    answer = client.get(URL)
    assert answer.status_code == 503
    assert "make pipeline" not in answer.json()["detail"]
    assert b"secret" not in answer.content


class PanicException(BaseException):  # named as Rust's is
    pass


def test_a_panic_in_rust_does_not_end_the_looking(
    scratch: str, serve_lake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object) -> None:
        raise PanicException

    make_empty(scratch)
    sold(scratch, ("A", "1.00"))
    with monkeypatch.context() as broken:
        broken.setattr(Lake, "open", panic)
        looking = serve_lake(scratch)
        assert looking.known(SALES).stale
    looking.look()
    assert looking.known(SALES).snapshot


def test_many_rows_come_in_pages(
    client: Client, scratch: str, serve_lake: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "PAGE", 10)
    make_empty(scratch)
    sold(scratch, *((f"P{number:02}", "1.00") for number in reversed(range(25))))
    serve_lake(scratch)
    pages = [client.get(URL, {"page": str(page)}) for page in (1, 2, 3)]
    assert [row["produit"] for page in pages for row in page.json()] == [f"P{number:02}" for number in range(25)]
    assert [page["X-Total-Rows"] for page in pages] == ["25"] * 3
    assert len({page["ETag"] for page in pages}) == 3
    assert client.get(URL).content == pages[0].content
    links = [f'<{URL}?page={page}>; rel="{name}"' for page, name in ((1, "prev"), (3, "next"), (3, "last"))]
    assert pages[1]["Link"] == ", ".join(links)
    assert "next" not in pages[2]["Link"]
    assert client.get(URL, {"page": "4"}).status_code == 404


def test_sorting_is_by_value_and_not_by_text(client: Client, scratch: str, serve_lake: Serve) -> None:
    make_empty(scratch)
    rows: list[dict[str, Any]] = [{"status_code": code, "count_requests": 1} for code in (500, 99, 200)]
    write_gold(scratch, "status_code_counts", rows, 1)
    serve_lake(scratch)
    assert [row["status_code"] for row in client.get("/api/status-code-counts/").json()] == [99, 200, 500]


def test_the_url_of_a_lake_may_hold_blanks_and_accents(client: Client, tmp_path: Path, serve_lake: Serve) -> None:
    url = (tmp_path / "a lake é").as_uri()
    Lake(url).make_tables()
    sold(url, ("A", "1.00"))
    looking = serve_lake(url)
    assert client.get(URL).status_code == 200
    sold(url, ("A", "2.00"))
    looking.look()
    assert client.get(URL)["X-Table-Version"] == "2"

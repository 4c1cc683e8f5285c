"""The health route: for monitors, without a token."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from empty_lake import make_empty

from lakehouse.lake import Lake
from lakehouse.lake.progress import Reporter
from lakehouse.metrics import METRICS
from lakes.refresher import Known, Refresher
from lakes.snapshot import Snapshot

OLD = Snapshot("id", 3, datetime(2001, 1, 1, tzinfo=UTC), (), 0, b"[]", ())


def test_all_is_well_with_gold_built(anonymous: Client, served: str) -> None:
    answer = anonymous.get("/api/health/")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["api"], body["lake"]) == ("ok", "ok", "ok")
    assert set(body["gold"]) == set(METRICS)
    assert all(table["status"] == "ok" and table["version"] >= 1 for table in body["gold"].values())
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("known", "code", "status", "lake_is"),
    [
        (Known(OLD, 0.5, stale=False), 200, "ok", "ok"),
        (Known(OLD, 60.0, stale=True), 503, "stale", "unreachable"),
        (Known(None, 0.5, stale=False), 503, "not built", "ok"),
        (Known(None, float("inf"), stale=True), 503, "unreachable", "unreachable"),
    ],
    ids=["old", "stale", "not built", "unreachable"],
)
def test_only_what_cannot_be_read_is_503(
    known: Known,
    code: int,
    status: str,
    lake_is: str,
    anonymous: Client,
    scratch: str,
    serve_lake: Callable[[str], Refresher],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_empty(scratch)
    serve_lake(scratch)
    monkeypatch.setattr(Refresher, "known", lambda *_: known)
    answer = anonymous.get("/api/health/")
    body = answer.json()
    assert (answer.status_code, body["lake"]) == (code, lake_is)
    assert {table["status"] for table in body["gold"].values()} == {status}


def test_the_lag_of_a_stream_is_told_while_one_runs(
    anonymous: Client, sample_lake: str, tmp_path: Path, serve_lake: Callable[[str], Refresher]
) -> None:
    shutil.copytree(urlsplit(sample_lake).path, tmp_path / "lake")
    refresher = serve_lake((tmp_path / "lake").as_uri())
    assert anonymous.get("/api/health/").json()["stream"] is None
    reporter = Reporter(Lake((tmp_path / "lake").as_uri()), "run", StringIO())
    reporter.step(512, 1.6)
    refresher.look()
    assert anonymous.get("/api/health/").json()["stream"] == {
        "lag_records": 512,
        "lag_seconds": 1.6,
        "records_per_second": 320,
    }
    reporter.end()
    refresher.look()
    assert anonymous.get("/api/health/").json()["stream"] is None


def test_it_tells_nothing_of_the_inside(anonymous: Client, served: str) -> None:
    text = anonymous.get("/api/health/").content.decode()
    assert "file:" not in text
    assert "/" not in text

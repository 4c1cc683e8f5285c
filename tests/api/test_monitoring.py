"""`/metrics`: what Prometheus is told, and whom it is told to."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from prometheus_client.parser import text_string_to_metric_families
from sample_records import BROKEN

from config import environment
from lakehouse.datasets import DATASETS
from lakehouse.errors import SettingError
from lakehouse.lake import Lake
from lakehouse.lake.progress import Reporter
from lakehouse.metrics import METRICS
from lakes.refresher import Refresher
from monitoring.requests import observe

TOKEN = "a-token-of-thirty-two-characters"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the values by name and labels, in the labels' order of the alphabet."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_each_metric_has_its_version_and_age(anonymous: Client, served: str) -> None:
    answer = anonymous.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    found = samples(answer.content.decode())
    health = anonymous.get("/api/health/").json()["gold"]
    for name in METRICS:
        assert found["lakehouse_metric_version", name] == health[name]["version"]
        assert found["lakehouse_metric_age_seconds", name] >= 0
        assert found["lakehouse_metric_stale", name] == 0


def test_the_last_run_of_a_job_is_told_with_what_it_counted(anonymous: Client, served: str) -> None:
    found = samples(anonymous.get("/metrics").content.decode())
    assert {key for key in found if key[0] == "lakehouse_job_last_run"} == {
        ("lakehouse_job_last_run", "pipeline", "succeeded")
    }
    assert found["lakehouse_job_last_duration_seconds", "pipeline"] == 15.3
    assert found["lakehouse_job_last_start_timestamp_seconds", "pipeline"] > 1e9
    good, bad = (found["lakehouse_job_last_records", "pipeline", kind] for kind in ("good", "quarantined"))
    assert bad > 0
    assert bad % len(DATASETS) == 0
    assert good // bad == BROKEN - 1
    assert found["lakehouse_job_last_records", "pipeline", "lost"] == 0


def test_the_lag_is_told_while_a_stream_runs(
    anonymous: Client, sample_lake: str, tmp_path: Path, serve_lake: Callable[[str], Refresher]
) -> None:
    shutil.copytree(urlsplit(sample_lake).path, tmp_path / "lake")
    refresher = serve_lake((tmp_path / "lake").as_uri())
    assert "lakehouse_stream" not in anonymous.get("/metrics").content.decode()
    Reporter(Lake((tmp_path / "lake").as_uri()), "run", StringIO()).step(512, 1.6)
    refresher.look()
    found = samples(anonymous.get("/metrics").content.decode())
    assert (found["lakehouse_stream_lag_records",], found["lakehouse_stream_lag_seconds",]) == (512, 1.6)


def test_requests_are_counted_by_route_and_status(anonymous: Client, served: str) -> None:
    key = ("lakehouse_api_request_seconds_count", "GET", "/api/tables/<str:name>/", "401")
    before = samples(anonymous.get("/metrics").content.decode())
    for name in ("a", "b", "c"):
        anonymous.get(f"/api/tables/{name}/")
    anonymous.get("/no/such/route")
    after = samples(anonymous.get("/metrics").content.decode())
    assert after[key] - before.get(key, 0) == 3
    assert after["lakehouse_api_request_seconds_sum", *key[1:]] > before.get(
        ("lakehouse_api_request_seconds_sum", *key[1:]), 0
    )
    assert ("lakehouse_api_request_seconds_count", "GET", "other", "404") in after


def test_a_made_up_method_makes_no_label_of_its_own(anonymous: Client, served: str) -> None:
    request = HttpRequest()
    request.method = "BREW"
    observe(request, HttpResponse(status=405), 0.1)
    found = samples(anonymous.get("/metrics").content.decode())
    assert found["lakehouse_api_request_seconds_count", "other", "other", "405"] >= 1


@pytest.mark.parametrize(
    ("asker", "code"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.7"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.7"}, 403),
    ],
)
def test_without_a_token_it_answers_this_machine_alone(
    asker: Mapping[str, str], code: int, anonymous: Client, served: str
) -> None:
    assert anonymous.get("/metrics", **asker).status_code == code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "code"), [(f"Bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 401), ("", 401), ("é", 401)]
)
def test_with_a_token_it_answers_whoever_has_it(given: str, code: int, anonymous: Client, served: str) -> None:
    with override_settings(API=replace(settings.API, metrics_token=TOKEN)):
        answer = anonymous.get("/metrics", HTTP_AUTHORIZATION=given, REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == code
    assert ("WWW-Authenticate" in answer) == (code == 401)


def test_only_reading_is_allowed(anonymous: Client) -> None:
    answer = anonymous.post("/metrics")
    assert (answer.status_code, answer.json()["error"], answer["Allow"]) == (405, "method_not_allowed", "GET, HEAD")


def test_a_lake_that_is_away_leaves_the_requests(
    anonymous: Client, scratch: str, serve_lake: Callable[[str], Refresher]
) -> None:
    serve_lake(scratch)
    answer = anonymous.get("/metrics")
    assert answer.status_code == 200
    assert not [key for key in samples(answer.content.decode()) if key[0].startswith("lakehouse_job")]


def test_the_token_is_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    given = {**os.environ, "API_METRICS_TOKEN_FILE": str(file)}
    assert environment.load(given).metrics_token == TOKEN
    for spoil in (lambda: file.chmod(0o644), lambda: file.write_text("short"), file.unlink):
        spoil()
        with pytest.raises(SettingError, match="API_METRICS_TOKEN_FILE"):
            environment.load(given)
        if file.exists():
            file.chmod(0o600)

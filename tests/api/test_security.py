"""What every route owes: authentication by default, headers, limits, and errors that tell nothing."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import Http404
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import tokens
from config import errors
from lakehouse.errors import IntegrityError, NotBuiltError, ServiceError
from lakes import refresher

ROOT = Path(__file__).parents[2]
PUBLIC = {
    "",
    "api/token/",
    "api/token/refresh/",
    "api/token/logout/",
    "api/health/",
    "api/schema/",
    "api/docs/",
    # It has its own token, or answers this machine alone.
    "metrics",
}


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


def url(route: str) -> str:
    return "/" + re.sub(r"<[^>]+>", "x", route)


@pytest.mark.parametrize("route", sorted(set(routes()) - PUBLIC))
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_every_route_but_the_public_ones_needs_a_token(route: str, method: str, anonymous: Client) -> None:
    answer = getattr(anonymous, method)(url(route))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_the_public_routes_are_there_and_no_more() -> None:
    assert set(routes()) >= PUBLIC - {""}


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path",
    [
        "/api/status-code-counts/",
        "/api/health/",
        "/api/schema/",
        "/api/docs/",
        "/nowhere",
        "/api/token/",
    ],
)
def test_every_answer_has_the_security_headers(path: str, client: Client, served: str) -> None:
    answer = client.get(path)
    assert {name: answer[name] for name in HEADERS} == HEADERS
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-Id"])
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'unsafe" not in policy


def shaped(answer: Any, code: int) -> dict[str, Any]:
    """Check an error's shape, and that it tells nothing of the inside; return its body."""
    assert answer.status_code == code
    assert answer["Content-Type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"error", "detail", "request_id"}
    assert body["request_id"] == answer["X-Request-Id"]
    text = answer.content.decode()
    for inside in ("Traceback", "/work", "/tmp", "site-packages", "SELECT", "Error(", "django", "rest_framework", "0x"):
        assert inside not in text
    return body


@pytest.mark.parametrize(
    ("method", "path", "more", "code"),
    [
        ("GET", "/api/nowhere/", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/static/../config/settings.py", {}, 404),
        ("GET", "/static/%2e%2e/%2e%2e/secrets.json", {}, 404),
        ("GET", "/static/%2fetc%2fpasswd", {}, 404),
        ("GET", "/static/reference", {}, 404),
        ("GET", "/static/a%00b", {}, 404),
        ("GET", "/api/status-code-counts", {}, 404),
        ("POST", "/api/status-code-counts/", {}, 405),
        ("DELETE", "/api/status-code-counts/", {}, 405),
        ("OPTIONS", "/api/status-code-counts/", {}, 405),
        ("BREW", "/api/status-code-counts/", {}, 405),
        ("GET", "/api/token/", {}, 405),
        ("GET", "/api/status-code-counts/?pgae=2", {}, 400),
        ("GET", "/api/status-code-counts/?page=0", {}, 400),
        ("GET", "/api/status-code-counts/?page=x", {}, 400),
        ("GET", "/api/status-code-counts/?page=2", {}, 404),
        ("GET", "/api/status-code-counts/?page=%00", {}, 400),
        ("GET", f"/api/status-code-counts/?page={'1' * 9000}", {}, 414),
        ("POST", "/api/token/", {"data": "{", "content_type": "application/json"}, 400),
        ("POST", "/api/token/", {"data": "a=b", "content_type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/api/token/", {"data": "x" * 70_000, "content_type": "application/json"}, 413),
        ("GET", "/api/health/", {"HTTP_HOST": "evil.example"}, 400),
        ("GET", "/api/health/", {"HTTP_HOST": "a b"}, 400),
        ("GET", "/api/health/", {"CONTENT_LENGTH": "many"}, 413),
    ],
)
def test_what_is_refused_is_refused_in_one_shape(
    method: str, path: str, more: dict[str, Any], code: int, client: Client, served: str
) -> None:
    shaped(client.generic(method, path, **more), code)


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (RuntimeError("secret /work/path SELECT 1"), 500, errors.FAILED),
        (KeyError("secret"), 500, errors.FAILED),
        (RecursionError(), 500, errors.FAILED),
        (MemoryError(), 500, errors.FAILED),
        (OSError(5, "secret", "/tmp/x"), 500, errors.FAILED),
        (Http404("secret /tmp"), 404, "There is nothing here."),
        (
            NotBuiltError("table secret in file:///tmp"),
            503,
            "This is not built yet. Run `make pipeline`, then ask again.",
        ),
        (ServiceError("hdfs at /tmp"), 503, errors.AWAY),
        (IntegrityError("hdfs at /tmp"), 503, errors.AWAY),
        (OperationalError("database is locked SELECT"), 503, errors.AWAY),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_inside_a_view_tells_nothing(
    failure: Exception, code: int, words: str, client: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(refresher.Refresher, "known", fail)
    body = shaped(client.get("/api/status-code-counts/"), code)
    assert body["detail"] == words


class PanicException(BaseException):  # named as Rust's is
    pass


def test_the_trace_of_a_failure_is_kept_under_the_requests_id(
    client: Client, served: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("what nobody foresaw")

    monkeypatch.setattr(refresher.Refresher, "known", fail)
    body = shaped(client.get("/api/status-code-counts/"), 500)
    assert f"request {body['request_id']} failed" in caplog.text
    assert "RuntimeError: what nobody foresaw" in caplog.text


def test_a_panic_in_rust_is_a_500_and_not_the_end_of_the_worker(
    client: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object) -> None:
        raise PanicException("secret /tmp")

    monkeypatch.setattr(refresher.Refresher, "known", panic)
    shaped(client.get("/api/status-code-counts/"), 500)


def test_a_failure_while_looking_up_the_user_is_shaped_too(
    client: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(tokens, "access", fail)
    shaped(client.get("/api/status-code-counts/"), 500)


def check_deploy(**environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "api/manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_deployment_check_is_clean_in_production(tmp_path: Path) -> None:
    done = check_deploy(API_HTTPS="1", STACK_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_HTTPS", "yes"),
        ("API_LOGIN_RATE", "0"),
        ("API_LOGIN_RATE", "many"),
        ("API_ALLOWED_HOSTS", "*"),
        ("API_SIGNING_KEY", "short"),
        ("API_SECRET_KEY", "django-insecure-0123456789abcdefghijklmnopq"),
        ("API_TLS_CERTIFICATE", "nowhere"),
        ("LAKEHOUSE_URL", "s3://x"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start_in_one_line(name: str, value: str, tmp_path: Path) -> None:
    done = check_deploy(**{name: value, "STACK_HOME": str(tmp_path)})
    assert done.returncode == 2
    assert name in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_only_loopback_names_are_served_by_default() -> None:
    assert set(settings.ALLOWED_HOSTS) == {"localhost", "127.0.0.1", "[::1]", "testserver"}


def test_a_page_of_another_origin_reads_nothing_unless_it_is_named(client: Client, served: str) -> None:
    origin = {"Origin": "https://charts.example.org"}
    assert "Access-Control-Allow-Origin" not in client.get("/api/status-code-counts/", headers=origin)
    with override_settings(CORS_ALLOWED_ORIGINS=[origin["Origin"]]):
        answer = client.get("/api/status-code-counts/", headers=origin)
        assert answer["Access-Control-Allow-Origin"] == origin["Origin"]
        assert "Access-Control-Allow-Credentials" not in answer
        asking = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        assert client.options("/api/status-code-counts/", headers=asking)["Access-Control-Allow-Headers"]
        other = client.get("/api/status-code-counts/", headers={"Origin": "https://elsewhere.example.org"})
        assert "Access-Control-Allow-Origin" not in other

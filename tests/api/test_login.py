"""Logging in, and the limit on trying."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from api_users import PASSWORD
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, override_settings
from rest_framework.exceptions import Throttled

from accounts import throttle
from accounts.models import LoginAttempt


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the throttle sees, to be set."""
    now = [1000.0]
    monkeypatch.setattr(throttle, "clock", lambda: now[0])
    return now


def login(client: Client, username: object = "ada", password: object = PASSWORD, **extra: Any) -> Any:
    body = {"username": username, "password": password}
    return client.post("/api/token/", body, content_type="application/json", **extra)


def test_a_login_answers_with_a_pair_that_works(anonymous: Client, make_user: Callable[..., User], served: str) -> None:
    make_user("ada")
    answer = login(anonymous)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    assert answer["Cache-Control"] == "no-store"
    header = {"Authorization": f"Bearer {answer.json()['access']}"}
    assert anonymous.get("/api/status-code-counts/", headers=header).status_code == 200


@pytest.mark.parametrize(("username", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ADA", PASSWORD)])
def test_wrong_credentials_are_401_in_the_same_words(
    username: str, password: str, anonymous: Client, make_user: Callable[..., User]
) -> None:
    make_user("ada")
    answer = login(anonymous, username, password)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "No active user has this name and password."


def test_a_disabled_user_is_401_in_the_same_words(anonymous: Client, make_user: Callable[..., User]) -> None:
    User.objects.filter(pk=make_user("ada").pk).update(is_active=False)
    assert login(anonymous).json()["detail"] == "No active user has this name and password."


@pytest.mark.parametrize(
    ("username", "password"),
    [(None, "x"), ("ada", None), ("", "x"), ("ada", ""), (["ada"], "x"), ({}, "x"), ("a" * 151, "x"), ("a\0b", "x")],
)
def test_a_login_without_name_or_password_is_400(username: object, password: object, anonymous: Client) -> None:
    assert login(anonymous, username, password).status_code == 400


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "[" * 5000, '{"username": "\\ud800", "password": "x"}'])
def test_a_body_that_is_no_object_with_text_is_400(body: str, anonymous: Client) -> None:
    assert anonymous.post("/api/token/", body, content_type="application/json").status_code == 400


def test_a_body_in_latin_1_or_with_a_strange_charset_is_read_as_utf_8(anonymous: Client) -> None:
    body = '{"username": "é", "password": "x"}'
    for charset, code in (("latin-1", 400), ("utf-8", 401), ("hex", 401), ("nonsense", 401)):
        sent = body.encode("latin-1" if charset == "latin-1" else "utf-8")
        answer = anonymous.generic("POST", "/api/token/", sent, content_type=f"application/json; charset={charset}")
        assert (charset, answer.status_code) == (charset, code)


def test_five_failures_of_a_user_from_an_address_within_a_minute_are_all(
    anonymous: Client, make_user: Callable[..., User], clock: list[float]
) -> None:
    make_user("ada")
    tries = [login(anonymous, password="wrong") for _ in range(6)]
    assert [answer.status_code for answer in tries] == [401] * 5 + [429]
    assert tries[-1]["Retry-After"] == "60"
    assert tries[-1].json()["error"] == "too_many_requests"
    assert login(anonymous).status_code == 429
    assert login(anonymous, REMOTE_ADDR="10.0.0.1").status_code == 200


def test_logins_that_succeed_are_not_counted(anonymous: Client, make_user: Callable[..., User]) -> None:
    make_user("ada")
    assert [login(anonymous).status_code for _ in range(12)] == [200] * 12


def test_a_user_fails_fifty_times_from_anywhere(anonymous: Client, clock: list[float]) -> None:
    codes = [login(anonymous, REMOTE_ADDR=f"10.0.0.{number}").status_code for number in range(51)]
    assert codes == [401] * 50 + [429]


def test_an_address_fails_fifty_times_whoever_it_is_for(anonymous: Client, clock: list[float]) -> None:
    assert [login(anonymous, f"user{number}").status_code for number in range(51)] == [401] * 50 + [429]


def forwarded(client: Client, *addresses: str) -> int:
    return int(login(client, headers={"X-Forwarded-For": ", ".join(addresses)}).status_code)


def test_a_forwarded_address_changes_nothing(anonymous: Client, clock: list[float]) -> None:
    assert [forwarded(anonymous, f"10.0.0.{number}") for number in range(6)] == [401] * 5 + [429]


def test_a_trusted_proxy_is_believed_and_what_its_client_says_is_not(anonymous: Client, clock: list[float]) -> None:
    trusting = replace(settings.API, proxies=[ip_network("127.0.0.0/8"), ip_network("192.0.2.7")])
    with override_settings(API=trusting):
        codes = [forwarded(anonymous, f"10.9.9.{n}", "10.0.0.1", "192.0.2.7") for n in range(6)]
        assert codes == [401] * 5 + [429]
        assert forwarded(anonymous, "10.0.0.2", "192.0.2.7") == 401


def test_more_than_four_logins_at_once_are_429(anonymous: Client) -> None:
    with ExitStack() as stack:
        for _ in range(throttle.AT_ONCE):
            throttle._PLACES.acquire()
            stack.callback(throttle._PLACES.release)
        answer = login(anonymous)
    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert LoginAttempt.objects.count() == 0
    assert login(anonymous).status_code == 401


def test_blanks_around_a_name_are_no_way_around_the_limit(anonymous: Client, clock: list[float]) -> None:
    names = ["ada", " ada", "ada ", "\tada", " ada  ", "ada\n"]
    assert [login(anonymous, name).status_code for name in names] == [401] * 5 + [429]


def test_a_place_is_free_again_when_the_oldest_attempt_is_a_minute_old(anonymous: Client, clock: list[float]) -> None:
    for second in range(5):
        clock[0] = 1000.0 + second * 10
        assert login(anonymous).status_code == 401
    clock[0] = 1059.0
    assert login(anonymous)["Retry-After"] == "1"
    clock[0] = 1060.0
    assert login(anonymous).status_code == 401
    assert login(anonymous)["Retry-After"] == "10"


def test_a_refused_attempt_does_not_prolong_the_wait(anonymous: Client, clock: list[float]) -> None:
    for _ in range(20):
        login(anonymous)
    clock[0] += 60
    assert login(anonymous).status_code == 401


def test_old_attempts_are_forgotten_and_names_and_addresses_never_kept(anonymous: Client, clock: list[float]) -> None:
    login(anonymous, "ada")
    clock[0] += 61
    login(anonymous, "grace")
    assert LoginAttempt.objects.count() == 3
    kept = " ".join(LoginAttempt.objects.values_list("key", flat=True))
    assert "grace" not in kept
    assert "127" not in kept.split()


def test_many_at_once_never_take_more_places_than_there_are(clock: list[float]) -> None:
    def one(_: int) -> bool:
        try:
            throttle.admit("ada", "10.0.0.1")
        except Throttled:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 5

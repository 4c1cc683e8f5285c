"""Tokens: what is accepted, and every way in which one must be refused."""

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts import tokens
from accounts.models import Session

URL = "/api/status-code-counts/"
MakeUser = Callable[..., User]
NESTED = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")


def signed(user: User, kind: str = "access", key: str = settings.SIGNING_KEY, **claims: Any) -> str:
    """Return a token with the right signature, and claims that are right unless given."""
    session = "0" * 32
    Session.objects.get_or_create(id=session, user=user, defaults={"refresh": "0" * 32, "ends_at": time.time() + 60})
    good = {
        "session": session,
        "token_type": kind,
        "exp": int(time.time()) + 60,
        "jti": "0" * 32,
        "user_id": str(user.pk),
        "hash_password": get_md5_hash_password(user.password),
    }
    return jwt.encode({n: v for n, v in {**good, **claims}.items() if v is not ...}, key, algorithm="HS256")


def get(client: Client, token: str) -> int:
    return client.get(URL, headers={"Authorization": f"Bearer {token}"}).status_code


def refresh(client: Client, token: object, path: str = "refresh") -> Any:
    return client.post(f"/api/token/{path}/", {"refresh": token}, content_type="application/json")


def test_a_good_token_is_let_in(anonymous: Client, make_user: MakeUser, served: str) -> None:
    assert get(anonymous, signed(make_user())) == 200


BAD_CLAIMS: list[dict[str, Any]] = [
    {"user_id": "abc"},
    {"user_id": ""},
    {"user_id": "-1"},
    {"user_id": "1.0"},
    {"user_id": "٣"},
    {"user_id": "9" * 30},
    {"user_id": "999999"},
    {"user_id": None},
    {"user_id": True},
    {"user_id": 1.5},
    {"user_id": [1]},
    {"user_id": {"id": 1}},
    {"user_id": ...},
    {"exp": ...},
    {"exp": 1},
    {"exp": "soon"},
    {"exp": 1e400},
    {"exp": 10**20},
    {"exp": []},
    {"jti": ...},
    {"jti": 5},
    {"jti": {"a": 1}},
    {"jti": ""},
    {"jti": "x" * 1000},
    {"session": ...},
    {"session": "1" * 32},
    {"session": 5},
    {"session": ""},
    {"token_type": ...},
    {"token_type": "sliding"},
    {"hash_password": ...},
    {"hash_password": "ABC"},
]


@pytest.mark.parametrize("claims", BAD_CLAIMS, ids=str)
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_signed_token_with_a_wrong_claim_is_401(
    kind: str, claims: dict[str, Any], anonymous: Client, make_user: MakeUser, served: str
) -> None:
    token = signed(make_user(), kind, **claims)
    assert (get(anonymous, token) if kind == "access" else refresh(anonymous, token).status_code) == 401


def test_a_token_signed_with_another_key_or_algorithm_is_401(
    anonymous: Client, make_user: MakeUser, served: str
) -> None:
    user = make_user()
    good = signed(user)
    payload = jwt.decode(good, options={"verify_signature": False})
    forged = [
        signed(user, key="k" * 40),
        signed(user, key=settings.SECRET_KEY),
        jwt.encode(payload, settings.SIGNING_KEY * 2, algorithm="HS512"),
        jwt.encode(payload, settings.SIGNING_KEY * 2, algorithm="HS384"),
        jwt.encode(payload, "", algorithm="none"),
        good[:-4] + "AAAA",
        ".".join(good.split(".")[:2]) + ".",
    ]
    assert [get(anonymous, token) for token in forged] == [401] * len(forged)


@pytest.mark.parametrize(
    "text",
    ["x", "a.b.c", "..", "é.é.é", "\udcff", f"{NESTED}.{NESTED}.x", "e30.e30.e30", "null", "A" * 7000],
    ids=["a letter", "letters", "dots", "accents", "surrogate", "nested", "empty objects", "null", "long"],
)
def test_what_is_no_token_at_all_is_401(text: str, anonymous: Client, served: str) -> None:
    client_text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    assert get(anonymous, client_text) == 401
    assert refresh(anonymous, text).status_code in (400, 401)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a b", "bearer x"])
def test_a_header_without_an_access_token_is_401_with_a_challenge(header: str, anonymous: Client, served: str) -> None:
    answer = anonymous.get(URL, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_is_no_access_token_and_the_other_way_round(
    anonymous: Client, make_user: MakeUser, served: str
) -> None:
    pair = tokens.issue(make_user())
    assert get(anonymous, pair.refresh) == 401
    assert refresh(anonymous, pair.access).status_code == 401


def deleted(user: User) -> None:
    user.delete()


def disabled(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def given_a_new_password(user: User) -> None:
    user.set_password("another long password")
    user.save()


@pytest.mark.parametrize("change", [deleted, disabled, given_a_new_password])
def test_tokens_of_a_user_end_when_the_user_is(
    change: Callable[[User], None], anonymous: Client, make_user: MakeUser, served: str
) -> None:
    user = make_user()
    pair = tokens.issue(user)
    assert get(anonymous, pair.access) == 200
    change(user)
    assert get(anonymous, pair.access) == 401
    assert refresh(anonymous, pair.refresh).status_code == 401


def test_a_refresh_gives_a_new_pair_and_uses_the_old_token_up(
    anonymous: Client, make_user: MakeUser, served: str
) -> None:
    old = tokens.issue(make_user())
    new = refresh(anonymous, old.refresh).json()
    assert set(new) == {"access", "refresh"}
    assert new["refresh"] != old.refresh
    assert get(anonymous, new["access"]) == 200
    assert refresh(anonymous, new["refresh"]).status_code == 200


def test_the_second_use_of_a_refresh_token_ends_its_whole_family_and_no_other(
    anonymous: Client, make_user: MakeUser, served: str
) -> None:
    user = make_user()
    stolen, other = tokens.issue(user), tokens.issue(user)
    first = refresh(anonymous, stolen.refresh).json()
    newest = refresh(anonymous, first["refresh"]).json()
    assert refresh(anonymous, stolen.refresh).status_code == 401
    assert refresh(anonymous, newest["refresh"]).status_code == 401
    assert [get(anonymous, token) for token in (stolen.access, first["access"], newest["access"])] == [401] * 3
    assert get(anonymous, other.access) == 200
    assert refresh(anonymous, other.refresh).status_code == 200


def test_eight_refreshes_of_one_token_at_once_give_one_pair(make_user: MakeUser) -> None:
    token = tokens.issue(make_user()).refresh

    def one(_: int) -> int:
        try:
            return int(refresh(Client(), token).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [200] + [401] * 7


def test_logout_ends_refresh_and_access_tokens(anonymous: Client, make_user: MakeUser, served: str) -> None:
    pair = tokens.issue(make_user())
    assert get(anonymous, pair.access) == 200
    answer = refresh(anonymous, pair.refresh, "logout")
    assert (answer.status_code, answer.json()) == (200, {})
    assert refresh(anonymous, pair.refresh).status_code == 401
    assert refresh(anonymous, pair.refresh, "logout").status_code == 401
    assert get(anonymous, pair.access) == 401


def test_sessions_that_have_ended_are_forgotten(make_user: MakeUser) -> None:
    user = make_user()
    Session.objects.create(id="1" * 32, user=user, refresh="x", ends_at=time.time() - 1)
    tokens.issue(user)
    assert Session.objects.filter(user=user).count() == 1


@pytest.mark.parametrize("path", ["refresh", "logout"])
@pytest.mark.parametrize("token", [None, "", 5, [], {}, True, "x" * 5000], ids=str)
def test_a_body_without_a_token_is_refused(path: str, token: object, anonymous: Client) -> None:
    assert refresh(anonymous, token, path).status_code in (400, 401)


def test_an_access_token_lives_five_minutes_and_a_refresh_token_a_day(make_user: MakeUser) -> None:
    pair = tokens.issue(make_user())
    lives = [
        claims["exp"] - claims["iat"]
        for claims in (
            json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")) for token in (pair.access, pair.refresh)
        )
    ]
    assert lives == [300, 86_400]


def test_no_token_answer_may_be_cached(anonymous: Client, make_user: MakeUser) -> None:
    assert refresh(anonymous, tokens.issue(make_user()).refresh)["Cache-Control"] == "no-store"


def test_a_token_that_was_good_is_refused_once_it_has_expired(
    anonymous: Client, make_user: MakeUser, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(make_user())
    assert get(anonymous, token) == 200
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    assert get(anonymous, token) == 401

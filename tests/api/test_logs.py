"""Logs: what must never be in them."""

import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from api_users import PASSWORD
from django.contrib.auth.models import User
from django.test import Client

from accounts import tokens
from config.logs import Mask, masked_address, safe


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("192.0.2.77", "192.0.2.0"),
        ("127.0.0.1", "127.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.77", "::"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_address_keeps_its_network_alone(address: str, masked: str) -> None:
    assert masked_address(address) == masked


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (f"Authorization: Bearer {TOKEN}", "Authorization: [token]"),
        (f"refresh={TOKEN}&x=1", "refresh=[token]&x=1"),
        (TOKEN.rsplit(".", 1)[0], "[token]"),
        ("Invalid request from ip=192.0.2.77: x", "Invalid request from ip=192.0.2.0: x"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_tokens_and_addresses_are_taken_out_of_any_message(message: str, kept: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%s", (message,), None)
    assert Mask().filter(record)
    assert record.getMessage() == kept


def test_text_from_outside_is_one_short_line_without_control_characters() -> None:
    assert safe("/a\n\x1b[31mINFO fake\r\x00\x85") == "/a??[31mINFO fake???"
    assert len(safe("x" * 1000)) == 200


def test_a_whole_session_leaves_no_secret_in_the_log(
    anonymous: Client, make_user: Callable[..., User], served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    handler = next(h for h in logging.getLogger("access").handlers if any(isinstance(f, Mask) for f in h.filters))
    monkeypatch.setattr(handler, "stream", written)
    user = make_user("margaret")
    body = {"username": "margaret", "password": PASSWORD}
    where: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.77"}
    pair = anonymous.post("/api/token/", body, content_type="application/json", **where).json()
    anonymous.post("/api/token/", {**body, "password": PASSWORD + "x"}, content_type="application/json", **where)
    header = {"Authorization": f"Bearer {pair['access']}"}
    anonymous.get(f"/api/status-code-counts/?token={pair['access']}", headers=header, **where)
    anonymous.get(f"/api/{tokens.issue(user).access}/", **where)
    anonymous.post("/api/token/refresh/", {"refresh": pair["refresh"]}, content_type="application/json", **where)
    log = written.getvalue()
    assert log.count(" 192.0.2.0 ") == 5
    for secret in (PASSWORD, "margaret", "192.0.2.77", "eyJ", pair["access"], pair["refresh"], user.password):
        assert secret not in log

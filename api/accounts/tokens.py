"""Access and refresh tokens that fail as refused tokens, never as failures of the server.

simplejwt 5.5.1 leaves gaps that are closed here: claims of a wrong type (a user id that is no number gave 500), deleted
users and changed passwords on refresh, and several refreshes of one token at once.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts import users

# 9999-12-31, the last day that Python's datetime knows.
_LAST_SECOND = 253_370_764_800
REFUSED = "The token is not valid or has expired."


class RefusedTokenError(TokenError):
    """Raised for every token that cannot be used; which check it failed is nobody's business."""

    def __init__(self) -> None:
        super().__init__(REFUSED)


@dataclass(frozen=True)
class Pair:
    """An access token and the refresh token that replaces it later."""

    access: str
    refresh: str


def user_id(claims: dict[str, Any]) -> int:
    """Return the user id of a token's claims; raises RefusedTokenError where any claim has not the type we give it."""
    user, jti, exp = claims.get("user_id"), claims.get("jti"), claims.get("exp")
    if not (isinstance(jti, str) and 0 < len(jti) <= 64 and isinstance(exp, int) and 0 < exp < _LAST_SECOND):
        raise RefusedTokenError
    if not (isinstance(user, str) and user.isascii() and user.isdecimal() and len(user) <= 18):
        raise RefusedTokenError
    return int(user)


def verified(kind: type[Token], text: str | bytes) -> Token:
    """Return a token whose signature, type, claims and expiry are right; raises RefusedTokenError for any other.

    A header or payload of thousands of nested lists exhausts the JSON reader before the signature is looked at.
    """
    try:
        token = kind(text, verify=True)  # type: ignore[arg-type]
    except (TokenError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RefusedTokenError from error
    user_id(token.payload)
    return token


def holder(claims: dict[str, Any]) -> User:
    """Return the user of verified claims; raises RefusedTokenError where deleted, disabled, or given a new password."""
    user = users.by_id(user_id(claims))
    if user is None or not user.is_active or claims.get("hash_password") != get_md5_hash_password(user.password):
        raise RefusedTokenError
    return user


def issue(user: User) -> Pair:
    """Return a new pair for a user who has just shown a password."""
    refresh = RefreshToken.for_user(user)
    return Pair(str(refresh.access_token), str(refresh))


def access(text: str) -> tuple[User, dict[str, Any]]:
    """Return the user of an access token, with the token's claims; raises RefusedTokenError."""
    claims = _signed(text)
    if claims["exp"] <= time.time():
        raise RefusedTokenError
    return holder(claims), claims


@lru_cache(maxsize=1024)
def _signed(text: str) -> dict[str, Any]:
    """Return the claims of an access token: of its parts only the expiry and the user can change with time."""
    return verified(AccessToken, text).payload


def rotate(text: str) -> Pair:
    """Exchange a refresh token for a new pair, once: the write lock is held from the check to the blacklisting."""
    verified(RefreshToken, text)
    with transaction.atomic():
        token = verified(RefreshToken, text)
        user = holder(token.payload)
        token.blacklist()  # type: ignore[attr-defined]
        return issue(user)


def revoke(text: str) -> None:
    """Blacklist a refresh token; raises RefusedTokenError where it cannot be used any more anyway."""
    token = verified(RefreshToken, text)
    with transaction.atomic():
        token.blacklist()  # type: ignore[attr-defined]

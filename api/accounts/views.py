"""The token routes: log in, refresh, log out."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import throttle, tokens
from reference.documents import errors


class Credentials(serializers.Serializer[Any]):
    """What a login sends."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False, style={"input_type": "password"})


class Refresh(serializers.Serializer[Any]):
    """What a refresh or a logout sends."""

    refresh = serializers.CharField(max_length=4096)


class Tokens(serializers.Serializer[Any]):
    """What login and refresh answer."""

    access = serializers.CharField(help_text="for the Authorization header; valid for five minutes")
    refresh = serializers.CharField(help_text="to be exchanged once for a new pair; valid for a day")


def route(
    body: type[serializers.Serializer[Any]], answer: OpenApiResponse, *codes: int, **documented: Any
) -> Callable[[Callable[..., object]], Callable[..., Any]]:
    """Return a decorator that makes a route by POST of a function of the request and its checked body.

    It needs no token, and no cache may keep its answers.
    """

    def decorate(function: Callable[..., object]) -> Callable[..., Any]:
        @extend_schema(
            operation_id=function.__name__,
            description=function.__doc__,
            tags=["tokens"],
            request=body,
            responses={(200, "application/json"): answer, **errors(401, *codes, 503)},
            **documented,
        )
        @api_view(["POST"])
        @permission_classes([AllowAny])
        @authentication_classes([])
        def view(request: Request) -> Response:
            form = body(data=request.data)
            form.is_valid(raise_exception=True)
            return Response(function(request, form.validated_data), headers={"Cache-Control": "no-store"})

        return view

    return decorate


PAIR = OpenApiResponse(
    Tokens, "A pair of tokens.", [OpenApiExample("a pair", {"access": "eyJhbGciOi…", "refresh": "eyJhbGciOi…"})]
)
DONE = OpenApiResponse({"type": "object", "additionalProperties": False}, "Done.")
LOGIN = OpenApiExample("a login", {"username": "demo", "password": "…"}, request_only=True)


@route(Credentials, PAIR, 429, examples=[LOGIN])
def log_in(request: Request, given: dict[str, str]) -> dict[str, str]:
    """Answer with a pair of tokens, or 401; after five failures in a minute, or among too many at once, 429."""
    with throttle.turn():
        was_no_failure = throttle.admit(given["username"], request.META.get("REMOTE_ADDR", ""))
        user = authenticate(request._request, **given)
        if not isinstance(user, User):
            raise tokens.RefusedError("No active user has this name and password.")
        was_no_failure()
    return asdict(tokens.issue(user))


@route(Refresh, PAIR)
def refresh_login(request: Request, given: dict[str, str]) -> dict[str, str]:
    """Answer with a new pair, or 401."""
    return asdict(tokens.rotate(given["refresh"]))


@route(Refresh, DONE)
def log_out(request: Request, given: dict[str, str]) -> dict[str, str]:
    """Answer with an empty object, or 401."""
    tokens.revoke(given["refresh"])
    return {}

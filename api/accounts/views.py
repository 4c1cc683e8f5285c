"""The token routes: log in, refresh, log out."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

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


PAIR = OpenApiResponse(
    Tokens, "A pair of tokens.", [OpenApiExample("a pair", {"access": "eyJhbGciOi…", "refresh": "eyJhbGciOi…"})]
)


class TokenRoute(APIView):
    """A route that needs no token, and whose answers no cache may keep."""

    permission_classes = [AllowAny]
    authentication_classes = []

    def answer(self, pair: tokens.Pair) -> Response:
        """Return a pair as the route's answer."""
        return Response({"access": pair.access, "refresh": pair.refresh}, headers={"Cache-Control": "no-store"})

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401; without one it would be a 403."""
        return 'Bearer realm="api"'

    def refresh_token(self, request: Request) -> str:
        """Return the refresh token of the body; raises ValidationError where it has none."""
        form = Refresh(data=request.data)
        form.is_valid(raise_exception=True)
        return str(form.validated_data["refresh"])


class Login(TokenRoute):
    """Exchange a user name and a password for a pair of tokens."""

    @extend_schema(
        operation_id="log_in",
        tags=["tokens"],
        request=Credentials,
        responses={200: PAIR, **errors(401, 429, 503)},
        examples=[OpenApiExample("a login", {"username": "demo", "password": "…"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Answer with a pair of tokens, or 401; after five failures in a minute, or among too many at once, 429."""
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        username, password = form.validated_data["username"], form.validated_data["password"]
        with throttle.turn():
            was_no_failure = throttle.admit(username, request.META.get("REMOTE_ADDR", ""))
            user = authenticate(request=request._request, username=username, password=password)
            if not isinstance(user, User):
                raise AuthenticationFailed("No active user has this name and password.")
            was_no_failure()
        return self.answer(tokens.issue(user))


class RefreshLogin(TokenRoute):
    """Exchange a refresh token for a new pair; the old one is used up."""

    @extend_schema(
        operation_id="refresh_login", tags=["tokens"], request=Refresh, responses={200: PAIR, **errors(401, 503)}
    )
    def post(self, request: Request) -> Response:
        """Answer with a new pair, or 401."""
        try:
            return self.answer(tokens.rotate(self.refresh_token(request)))
        except tokens.RefusedTokenError as error:
            raise AuthenticationFailed(tokens.REFUSED) from error


class Logout(TokenRoute):
    """End the session of a refresh token: its access tokens end too."""

    @extend_schema(
        operation_id="log_out",
        tags=["tokens"],
        request=Refresh,
        responses={
            (200, "application/json"): OpenApiResponse({"type": "object", "additionalProperties": False}, "Done."),
            **errors(401, 503),
        },
    )
    def post(self, request: Request) -> Response:
        """Answer with an empty object, or 401."""
        try:
            tokens.revoke(self.refresh_token(request))
        except tokens.RefusedTokenError as error:
            raise AuthenticationFailed(tokens.REFUSED) from error
        return Response({}, headers={"Cache-Control": "no-store"})

"""Who is asking: the user behind `Authorization: Bearer <access>`."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens


class Bearer(BaseAuthentication):
    """Looks the user up with every request, so that a deleted or disabled user is out at once."""

    def authenticate(self, request: Request) -> tuple[User, dict[str, Any]] | None:
        """Return the user and the token's claims, or None; raises RefusedError for a token that is not good."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if not header:
            return None
        kind, _, text = header.partition(" ")
        if kind.lower() != "bearer" or not text:
            raise AuthenticationFailed("The Authorization header must be `Bearer <access token>`.")
        return tokens.access(text.strip())

    def authenticate_header(self, request: Request) -> str:
        """Return the value of WWW-Authenticate in a 401."""
        return 'Bearer realm="api"'

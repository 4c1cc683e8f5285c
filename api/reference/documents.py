"""Words for the OpenAPI schema that the routes share."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from config.errors import MEANINGS


class Error(serializers.Serializer[Any]):
    """The body of every error."""

    error = serializers.CharField(help_text="a short code")
    detail = serializers.JSONField(help_text="what is wrong and what to do; fields with their messages for a body")
    request_id = serializers.CharField(help_text="the X-Request-Id of the answer, as in the server's log")


class Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    """Describes the access token to drf-spectacular."""

    target_class = "accounts.authentication.Bearer"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the bearer scheme."""
        return build_bearer_security_scheme_object("HTTP_AUTHORIZATION", "Bearer", "JWT")


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """Return the documentation of error answers by their status codes, for `extend_schema(responses=…)`."""
    return {code: OpenApiResponse(Error, MEANINGS[code][1]) for code in codes}


def response_header(name: str, description: str, kind: type = str, codes: tuple[int, ...] = (200,)) -> OpenApiParameter:
    """Return the documentation of a header of the answers with these codes."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, response=list(codes), description=description)


def add_what_every_route_may_answer(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to each operation the errors that come before its view: a postprocessing hook of drf-spectacular."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            secured = any(operation.get("security", []))
            codes = [400, 414, *([401] if secured else []), *([408, 413, 415] if method == "post" else [])]
            for code in codes:
                error = {"description": MEANINGS[code][1], "content": content}
                operation["responses"].setdefault(str(code), error)
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result

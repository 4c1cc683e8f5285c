"""The parameters of a request: what a route's documentation names is what it takes, each given once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.exceptions import ParseError

AS_OF = OpenApiParameter(
    "as_of",
    {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999},
            {"type": "string", "format": "date", "minLength": 10},
            {"type": "string", "format": "date-time", "minLength": 10},
        ]
    },
    description="A version, or an ISO 8601 time (UTC where it names no zone), to read the table as it was.",
)
RUN = OpenApiParameter(
    "run", str, description="A run of a job that has ended, to read the table as it left it; not with as_of."
)


def text(name: str, description: str, *, required: bool = False, **examples: str) -> OpenApiParameter:
    """Return a parameter that is any text; an empty one is none where it is required."""
    shown = [OpenApiExample(title, example) for title, example in examples.items()]
    return OpenApiParameter(name, OpenApiTypes.STR, description=description, required=required, examples=shown)


def whole(
    name: str, description: str, *, least: int = 1, most: int = 2**63 - 1, default: int | None = None
) -> OpenApiParameter:
    """Return a parameter that is a whole number from `least` to `most`, and needed where it has no default."""
    schema: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    if default is not None:
        schema["default"] = default
    return OpenApiParameter(name, schema, description=description, required=default is None)


def read(given: QueryDict, declared: Sequence[OpenApiParameter] = ()) -> dict[str, Any]:
    """Return the values of the declared parameters by name: those that are given, and the defaults of others.

    Raises ParseError for a name that is unknown or given twice, and for one that is needed, or no number in its range.
    """
    names = [parameter.name for parameter in declared]
    for name in given:
        if name not in names:
            there = f"there are: {', '.join(names)}" if names else "this route has none"
            raise ParseError(f"There is no parameter {name[:40]!r}; {there}.")
        if len(given.getlist(name)) > 1:
            raise ParseError(f"{name} is given more than once.")
    values: dict[str, Any] = {}
    for parameter in declared:
        name, schema = parameter.name, parameter.type if isinstance(parameter.type, dict) else {}
        if given.get(name) or (name in given and not parameter.required):
            values[name] = _number(name, str(given[name]), schema) if "minimum" in schema else str(given[name])
        elif parameter.required:
            raise ParseError(f"{name} is needed: {parameter.description}.")
        elif "default" in schema:
            values[name] = schema["default"]
    return values


def _number(name: str, text: str, schema: Mapping[str, Any]) -> int:
    least, most = schema["minimum"], schema["maximum"]
    if not re.fullmatch(r"0|[1-9]\d{0,18}", text, re.ASCII) or not least <= int(text) <= most:
        raise ParseError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def links(request: HttpRequest, **pages: object) -> str:
    """Return a Link header (RFC 8288) to other pages of an answer, by their relation: `next=2`, `last=7`."""
    given = request.GET.dict()
    return ", ".join(
        f'<{request.path}?{urlencode({**given, "page": page})}>; rel="{name}"' for name, page in pages.items()
    )

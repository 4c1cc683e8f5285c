"""The parameters of a request: each is known and given once, on every route."""

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import ParseError


def single(given: QueryDict, names: Sequence[str]) -> dict[str, str]:
    """Return the values by name; raises ParseError for a name that is unknown or given twice."""
    for name in given:
        if name not in names:
            there = f"there are: {', '.join(names)}" if names else "this route has none"
            raise ParseError(f"There is no parameter {name[:40]!r}; {there}.")
        if len(given.getlist(name)) > 1:
            raise ParseError(f"{name} is given more than once.")
    return {name: str(given[name]) for name in given}


def number(name: str, text: str, most: int, least: int = 1) -> int:
    """Return a whole number from `least` to `most`; raises ParseError for anything else."""
    if not re.fullmatch(r"0|[1-9]\d{0,18}", text, re.ASCII) or not least <= int(text) <= most:
        raise ParseError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def links(request: HttpRequest, **pages: object) -> str:
    """Return a Link header (RFC 8288) to other pages of an answer, by their relation: `next=2`, `last=7`."""
    given = request.GET.dict()
    return ", ".join(
        f'<{request.path}?{urlencode({**given, "page": page})}>; rel="{name}"' for name, page in pages.items()
    )

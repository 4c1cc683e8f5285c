"""What comes in and goes out: JSON bodies, and the media type of an answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


def preferred(accept: str, kinds: Sequence[str]) -> str:
    """Return the media type that an Accept header prefers (RFC 9110, section 12.5.1), the first where it names none."""
    best, weight = kinds[0], 0.0
    for item in accept.split(","):
        kind, *rest = (part.strip().lower() for part in item.split(";"))
        quality = next((_quality(part[2:]) for part in rest if part.startswith("q=")), 1.0)
        if kind in kinds and quality > weight:
            best, weight = kind, quality
    return best


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class JSONBody(BaseParser):
    """Reads a body as one JSON object in UTF-8 (RFC 8259, section 8.1), whatever charset is claimed."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the object; raises ParseError for anything else, too deep a nesting, or a body that does not come."""
        try:
            value = json.loads(stream.read().decode("utf-8"))
        except (ValueError, RecursionError, OSError) as error:
            raise ParseError("The body is not JSON in UTF-8.") from error
        if not isinstance(value, dict):
            raise ParseError("The body must be a JSON object.")
        return value


class FirstRenderer(DefaultContentNegotiation):
    """Answers in the view's first format: a route with one format has nothing to negotiate."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the view's first renderer with its media type."""
        first = next(iter(renderers))
        return first, first.media_type or ""

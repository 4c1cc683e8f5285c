"""JSON in and JSON out, whatever a client says it would like."""

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


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


class FirstRenderer(BaseContentNegotiation):
    """Answers in the view's first format: a route with one format has nothing to negotiate."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the first parser that reads the body's media type, or None."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the view's first renderer with its media type."""
        first = next(iter(renderers))
        return first, first.media_type or ""

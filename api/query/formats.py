"""The three forms of a page of rows, and which of them a request's Accept header asks for."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from query import shape

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"


@dataclass(frozen=True)
class Form:
    """A media type with how rows become its bytes, and the ending of a file that holds it."""

    content_type: str
    render: Callable[[pa.Table], bytes]
    ending: str


FORMS = {
    JSON: Form(JSON, lambda rows: json.dumps(shape.result_set(rows), ensure_ascii=False).encode(), "json"),
    CSV: Form(f"{CSV}; charset=utf-8; header=present", lambda rows: shape.csv_text(rows).encode(), "csv"),
    ARROW: Form(ARROW, shape.arrow_stream, "arrows"),
}


def wanted(accept: str) -> Form:
    """Return the form that an Accept header prefers (RFC 9110, section 12.5.1), JSON where it names none of them."""
    best, weight = FORMS[JSON], 0.0
    for item in accept.split(","):
        kind, *rest = (part.strip().lower() for part in item.split(";"))
        quality = next((_quality(part[2:]) for part in rest if part.startswith("q=")), 1.0)
        if kind in FORMS and quality > weight:
            best, weight = FORMS[kind], quality
    return best


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0

"""The three forms of a page of rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from config.media import ARROW, CSV, JSON
from lakes import render
from query import shape


@dataclass(frozen=True)
class Form:
    """A media type with how rows become its bytes, and the ending of a file that holds it, None for the usual form."""

    content_type: str
    render: Callable[[pa.Table], bytes]
    ending: str | None


FORMS = {
    JSON: Form(JSON, lambda rows: json.dumps(shape.result_set(rows), ensure_ascii=False).encode(), None),
    CSV: Form(render.CSV, lambda rows: render.csv(rows.column_names, shape.texts(rows)), "csv"),
    ARROW: Form(ARROW, shape.arrow_stream, "arrows"),
}

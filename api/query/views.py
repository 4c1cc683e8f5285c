"""The query routes: one condition over one table, a page at a time or as one file."""

import json
import uuid
from collections.abc import Callable
from typing import cast

import pyarrow as pa
from django.conf import settings
from django.contrib.auth.models import User
from django.http import FileResponse, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from config.media import ARROW, CSV, JSON, PARQUET, preferred
from config.parameters import links
from lakehouse.query import render, shape
from query import documents, parameters, run

# How rows become the bytes of a media type: its Content-Type, its bytes, and the ending of a file of it.
FORMS: dict[str, tuple[str, Callable[[pa.Table], bytes], str | None]] = {
    JSON: (JSON, lambda rows: json.dumps(shape.result_set(rows), ensure_ascii=False).encode(), None),
    CSV: (render.CSV, lambda rows: render.csv(rows.column_names, shape.texts(rows)), "csv"),
    ARROW: (ARROW, shape.arrow_stream, "arrows"),
}


def rendered(request: Request, rows: pa.Table, name: str = "") -> HttpResponse:
    """Return rows in the form that the Accept header asks for; one that is a file gets its table's name."""
    content_type, form, ending = FORMS[preferred(request.META.get("HTTP_ACCEPT", ""), tuple(FORMS))]
    headers = {"Cache-Control": "private, no-store", "Vary": "Authorization, Accept"}
    if name and ending:
        headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return HttpResponse(form(rows), content_type=content_type, headers=headers)


@extend_schema(**documents.QUERY)
@api_view()
def query_table(request: Request) -> HttpResponse:
    """Return a page of rows in the form that the Accept header asks for, Athena's result shape by default."""
    user = cast(User, request.user)
    asked = parameters.read(request._request.GET, user)
    answer = run.answer(user, asked)
    response = rendered(request, answer.rows, asked.view.name)
    headers = response.headers
    headers["X-Table-Version"] = str(answer.version)
    headers["X-Rows-Scanned"] = str(answer.effort.rows)
    headers["X-Bytes-Scanned"] = str(answer.effort.bytes)
    headers["X-Elapsed-Ms"] = str(answer.milliseconds)
    if answer.following:
        headers["X-Next-Page"] = answer.following
        headers["Link"] = links(request._request, next=answer.following)
    return response


# Content-Type and ending of the files.
FILES = {CSV: (render.CSV, "csv"), ARROW: (ARROW, "arrows"), PARQUET: (PARQUET, "parquet")}


@extend_schema(**documents.EXPORT)
@api_view()
def export(request: Request) -> FileResponse:
    """Return all rows as a file of the kind that the Accept header asks for, CSV by default."""
    user = cast(User, request.user)
    asked = parameters.read(request._request.GET, user, documents.EXPORT_PARAMETERS)
    kind = preferred(request.META.get("HTTP_ACCEPT", ""), tuple(FILES))
    content_type, ending = FILES[kind]
    # Binary forms are packed by themselves. What is packed here keeps its length, which Django's middleware would not.
    packed = "gzip" in request.META.pop("HTTP_ACCEPT_ENCODING", "") and kind == CSV
    path = settings.EXPORTS / uuid.uuid4().hex
    version, rows = run.export(user, asked, path, ending, packed=packed)
    response = FileResponse(path.open("rb"), content_type=content_type)
    headers = response.headers
    headers["Content-Disposition"] = f'attachment; filename="{asked.view.name}.{ending}"'
    headers["X-Table-Version"], headers["X-Total-Rows"] = str(version), str(rows)
    headers["Cache-Control"], headers["Vary"] = "private, no-store", "Authorization, Accept, Accept-Encoding"
    if packed:
        headers["Content-Encoding"] = "gzip"
    return response

"""A snapshot as an HTTP answer."""

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date, parse_etags

from config.media import CSV, JSON, preferred
from config.parameters import links
from lakehouse.query import render
from lakes.refresher import Known


def answer(request: HttpRequest, known: Known, page: int) -> HttpResponse:
    """Return page `page` of a snapshot as JSON, or as CSV where that is preferred; 304 where the client has it."""
    snapshot = known.snapshot
    assert snapshot is not None
    kind = preferred(request.META.get("HTTP_ACCEPT", ""), (JSON, CSV))
    etag, if_none_match = snapshot.etag(page, kind), request.META.get("HTTP_IF_NONE_MATCH", "")
    if if_none_match and matches(if_none_match, etag):
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
    elif kind == CSV:
        response = HttpResponse(render.csv_of_page(snapshot.body(page), snapshot.names), content_type=render.CSV)
    else:
        response = HttpResponse(snapshot.body(page), content_type=JSON)
    headers = response.headers
    headers["ETag"] = etag
    headers["X-Table-Version"] = str(snapshot.version)
    if snapshot.source is not None:
        headers["X-Source-Version"] = str(snapshot.source)
    headers["Last-Modified"] = http_date(snapshot.committed.timestamp())
    headers["Cache-Control"] = "private, no-cache"
    headers["Vary"] = "Authorization, Accept"
    headers["X-Total-Rows"] = str(snapshot.rows)
    if snapshot.pages > 1:
        others = {"prev": page - 1, "next": page + 1, "last": snapshot.pages}
        headers["Link"] = links(request, **{name: n for name, n in others.items() if 1 <= n <= snapshot.pages})
    if known.stale:
        headers["Age"] = str(int(known.age))
        headers["X-Stale"] = "true"
    return response


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether an If-None-Match header names the tag, by weak comparison (RFC 9110, section 13.1.2)."""
    tags = parse_etags(if_none_match)
    return "*" in tags or etag in (tag.removeprefix("W/") for tag in tags)

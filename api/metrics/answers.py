"""A snapshot as an HTTP answer."""

from django.http import HttpResponse
from django.utils.http import http_date, parse_etags

from lakes.refresher import Known
from lakes.snapshot import Snapshot


def answer(known: Known, page: int, if_none_match: str) -> HttpResponse:
    """Return page `page` of a snapshot, or 304 where the client has it already."""
    snapshot = known.snapshot
    assert snapshot is not None
    etag = snapshot.etag(page)
    if if_none_match and matches(if_none_match, etag):
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
    else:
        response = HttpResponse(snapshot.body(page), content_type="application/json")
    headers = response.headers
    headers["ETag"] = etag
    headers["X-Table-Version"] = str(snapshot.version)
    headers["Last-Modified"] = http_date(snapshot.committed.timestamp())
    headers["Cache-Control"] = "private, no-cache"
    headers["Vary"] = "Authorization"
    headers["X-Total-Rows"] = str(snapshot.rows)
    if known.stale:
        headers["Age"] = str(int(known.age))
        headers["X-Stale"] = "true"
    return response


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether an If-None-Match header names the tag, by weak comparison (RFC 9110, section 13.1.2)."""
    tags = parse_etags(if_none_match)
    return "*" in tags or etag in (tag.removeprefix("W/") for tag in tags)


def fresh(snapshot: Snapshot) -> Known:
    """Return an older version as an answer: what was committed does not age."""
    return Known(snapshot, 0.0, stale=False)

"""The metric routes: each answers from memory, whatever state the lake is in."""

from collections.abc import Callable
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date, parse_etags
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from config import parameters
from config.errors import AWAY, NOT_BUILT, UnavailableError
from config.media import CSV, JSON, preferred
from lakehouse.catalogue import versions
from lakehouse.model import Metric
from lakehouse.query import questions, render
from lakes import refresher
from lakes.snapshot import Snapshot
from metrics import travel
from metrics.documentation import asked_by, described


def view(metric: Metric) -> Callable[..., HttpResponse]:
    """Return the route of a metric, which answers with the rows of its gold table, sorted by its first column."""

    declared = asked_by(metric)

    @extend_schema(**described(metric))
    @api_view()
    def answered(request: Request) -> HttpResponse:
        """Return a page of the newest version, or of the one that `as_of` or `run` names, or of what is asked of it."""
        given = parameters.read(request._request.GET, declared)
        question = questions.read(metric, given)
        wanted, known = versions.asked(given), refresher.current().known(metric.name)
        if (snapshot := known.snapshot) is None:
            raise UnavailableError(AWAY) if known.stale else UnavailableError(NOT_BUILT, 30)
        age = known.age if known.stale else None
        # The newest version by its number is at hand, so it is answered even while the lake is away.
        if wanted not in (None, snapshot.version):
            # What was committed does not age.
            snapshot, age = travel.as_of(request.user, metric, wanted), None
        if question is not None:
            snapshot = travel.asked(cast(User, request.user), metric, snapshot, question)
        if given["page"] > snapshot.pages:
            raise NotFound(f"The last page is {snapshot.pages}.")
        return answer(request._request, snapshot, given["page"], age)

    return answered


def answer(request: HttpRequest, snapshot: Snapshot, page: int, age: float | None) -> HttpResponse:
    """Return page `page` of a snapshot as JSON, or as CSV where that is preferred; 304 where the client has it.

    `age` is how many seconds ago the lake last confirmed a snapshot that is stale.
    """
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
        there = {name: number for name, number in others.items() if 1 <= number <= snapshot.pages}
        headers["Link"] = parameters.links(request, **there)
    if age is not None:
        headers["Age"] = str(int(age))
        headers["X-Stale"] = "true"
    return response


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether an If-None-Match header names the tag, by weak comparison (RFC 9110, section 13.1.2)."""
    tags = parse_etags(if_none_match)
    return "*" in tags or etag in (tag.removeprefix("W/") for tag in tags)

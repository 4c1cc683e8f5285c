"""The metric routes: each answers from memory, whatever state the lake is in."""

from django.http import HttpResponse
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from config.errors import AWAY, UnavailableError
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakes import refresher
from metrics.answers import answer

PARAMETERS = ("as_of", "page")


class MetricView(APIView):
    """Answers with the rows of one gold table, sorted by its first column."""

    metric: Metric = next(iter(METRICS.values()))  # as_view gives each route its own

    def get(self, request: Request) -> HttpResponse:
        """Return a page of the newest version, or of the version that `as_of` names."""
        query = request._request.GET
        page = 1
        if query:
            unknown = sorted(set(query) - set(PARAMETERS))
            if unknown:
                raise ValidationError(f"Unknown parameter {unknown[0]}; there are as_of and page.")
            page = page_number(query.get("page", "1"))
        known = refresher.current().known(self.metric.name)
        if known.snapshot is None:
            raise missing(known)
        if page > known.snapshot.pages:
            raise NotFound(f"There are {known.snapshot.pages} pages.")
        return answer(known, page, request._request.META.get("HTTP_IF_NONE_MATCH", ""))


def page_number(text: str) -> int:
    """Return a page number from 1; raises ValidationError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise ValidationError("page must be a whole number from 1.")
    return int(text)


def missing(known: refresher.Known) -> UnavailableError:
    """Return why there is no snapshot: the lake does not answer, or the metric was never computed."""
    if known.stale:
        return UnavailableError(AWAY)
    return UnavailableError("This metric is not built yet. Run `make pipeline`, then ask again.", 30)

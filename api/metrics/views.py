"""The metric routes: each answers from memory, whatever state the lake is in."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from config.errors import AWAY, UnavailableError
from lakehouse.model import Metric
from lakes import refresher
from lakes.versions import OutsideError
from metrics import travel
from metrics.answers import answer, fresh
from metrics.documentation import described

PARAMETERS = ("as_of", "page")


class MetricView(APIView):
    """Answers with the rows of one gold table, sorted by its first column; `view` makes one for each metric."""

    metric: Metric

    def answered(self, request: Request) -> HttpResponse:
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
        if "as_of" in query:
            known = older(self.metric, query["as_of"], known)
        if known.snapshot and page > known.snapshot.pages:
            raise NotFound(f"The last page is {known.snapshot.pages}.")
        return answer(known, page, request._request.META.get("HTTP_IF_NONE_MATCH", ""))


def page_number(text: str) -> int:
    """Return a page number from 1; raises ValidationError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise ValidationError("page must be a whole number from 1.")
    return int(text)


def older(metric: Metric, text: str, known: refresher.Known) -> refresher.Known:
    """Return the version of a metric that `as_of` names; raises ValidationError and NotFound.

    The newest version by its number is at hand, so it is answered even while the lake is away.
    """
    if known.snapshot and text == str(known.snapshot.version):
        return known
    try:
        return fresh(travel.as_of(metric, text))
    except ValueError as error:
        raise ValidationError("as_of must be a version number or a time such as 2026-01-31T12:00:00Z.") from error
    except OutsideError as error:
        raise NotFound(str(error)) from error


def missing(known: refresher.Known) -> UnavailableError:
    """Return why there is no snapshot: the lake does not answer, or the metric was never computed."""
    if known.stale:
        return UnavailableError(AWAY)
    return UnavailableError("This metric is not built yet. Run `make pipeline`, then ask again.", 30)


def view(metric_served: Metric) -> type[MetricView]:
    """Return the view of a metric, with its documentation."""

    class View(MetricView):
        metric = metric_served

        @extend_schema(**described(metric_served))
        def get(self, request: Request) -> HttpResponse:
            return self.answered(request)

    return View

"""The metric routes: each answers from memory, whatever state the lake is in."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from config.errors import AWAY, NOT_BUILT, UnavailableError
from config.parameters import number, single
from lakehouse.model import Metric
from lakes import refresher, versions
from metrics import travel
from metrics.answers import answer, fresh
from metrics.documentation import described

PARAMETERS, MOST_PAGES = ("as_of", "run", "page"), 999_999_999


class MetricView(APIView):
    """Answers with the rows of one gold table, sorted by its first column; `view` makes one for each metric."""

    metric: Metric

    def answered(self, request: Request) -> HttpResponse:
        """Return a page of the newest version, or of the one that `as_of` or `run` names."""
        given = single(request._request.GET, PARAMETERS)
        page, wanted = number("page", given.get("page", "1"), MOST_PAGES), versions.asked(given)
        known = refresher.current().known(self.metric.name)
        if known.snapshot is None:
            raise UnavailableError(AWAY) if known.stale else UnavailableError(NOT_BUILT, 30)
        # The newest version by its number is at hand, so it is answered even while the lake is away.
        if wanted not in (None, known.snapshot.version):
            known = fresh(travel.as_of(request.user, self.metric, wanted))
        assert known.snapshot is not None
        if page > known.snapshot.pages:
            raise NotFound(f"The last page is {known.snapshot.pages}.")
        return answer(request._request, known, page)


def view(metric_served: Metric) -> type[MetricView]:
    """Return the view of a metric, with its documentation."""

    class View(MetricView):
        metric = metric_served

        @extend_schema(**described(metric_served))
        def get(self, request: Request) -> HttpResponse:
            return self.answered(request)

    return View

"""The metric routes: each answers from memory, whatever state the lake is in."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from config import parameters
from config.errors import AWAY, NOT_BUILT, UnavailableError
from lakehouse.catalogue import versions
from lakehouse.model import Metric
from lakehouse.query import questions
from lakes import refresher
from metrics import travel
from metrics.answers import answer
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
        # The newest version by its number is at hand, so it is answered even while the lake is away.
        if wanted not in (None, snapshot.version):
            # What was committed does not age.
            snapshot = travel.as_of(request.user, metric, wanted)
            known = refresher.Known(snapshot, 0.0, stale=False)
        if question is not None:
            snapshot = travel.asked(cast(User, request.user), metric, snapshot, question)
            known = replace(known, snapshot=snapshot)
        if given["page"] > snapshot.pages:
            raise NotFound(f"The last page is {snapshot.pages}.")
        return answer(request._request, known, given["page"])

    return answered

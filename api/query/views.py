"""The query route: one condition over one table, a page at a time."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request

from config.media import preferred
from config.parameters import links
from query import documents, parameters, run
from query.shape import FORMS


@extend_schema(**documents.QUERY)
@api_view()
def query_table(request: Request) -> HttpResponse:
    """Return a page of rows in the form that the Accept header asks for, Athena's result shape by default."""
    user = cast(User, request.user)
    asked = parameters.read(request._request.GET, user)
    answer = run.answer(user, asked)
    form = FORMS[preferred(request.META.get("HTTP_ACCEPT", ""), tuple(FORMS))]
    response = HttpResponse(form.render(answer.rows), content_type=form.content_type)
    headers = response.headers
    headers["X-Table-Version"] = str(answer.version)
    headers["X-Rows-Scanned"] = str(answer.effort.rows)
    headers["X-Bytes-Scanned"] = str(answer.effort.bytes)
    headers["X-Elapsed-Ms"] = str(answer.milliseconds)
    if answer.following:
        headers["X-Next-Page"] = answer.following
        headers["Link"] = links(request._request, next=answer.following)
    headers["Cache-Control"] = "private, no-store"
    headers["Vary"] = "Authorization, Accept"
    if form.ending:
        headers["Content-Disposition"] = f'attachment; filename="{asked.view.name}.{form.ending}"'
    return response

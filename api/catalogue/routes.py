"""What the catalogue routes have in common: their words in the schema, who may ask, and one look at the lake."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.permissions import IsEngineer, is_engineer, sees_personal
from config import parameters
from lakehouse.lake import Lake
from lakes.reads import READS
from reference.documents import errors

# What is asked of the lake, by a function of a user, of what reads the query's parameters, and of the path's.
Work = Callable[[Lake], object]


def route(
    summary: str, shape: BaseSerializer[Any], *declared: OpenApiParameter, engineers: bool = False
) -> Callable[[Callable[..., Work]], Callable[..., Any]]:
    """Return a decorator that makes a route by GET of a function, whose name and docstring go into the schema.

    `shape` is the answer's, `declared` are the path's and the query's parameters; with `engineers` only these may ask.
    Requests with the same path, parameters and rights share one look at the lake.
    """
    in_query = [parameter for parameter in declared if parameter.location == OpenApiParameter.QUERY]
    is_named = any(parameter.required for parameter in declared)
    codes = [*([403] if engineers or is_named else []), *([404] if is_named else []), 503]

    def decorate(function: Callable[..., Work]) -> Callable[..., Any]:
        @extend_schema(
            operation_id=function.__name__,
            summary=summary,
            description=function.__doc__,
            tags=["catalogue"],
            parameters=list(declared),
            responses={200: OpenApiResponse(shape, summary), **errors(*codes)},
        )
        @api_view()
        @permission_classes([IsEngineer if engineers else IsAuthenticated])
        def view(request: Request, /, **path: str) -> Response:
            lake, user, got = Lake.of(settings.LAKEHOUSE), request.user, request._request
            work = function(user, partial(parameters.read, got.GET, in_query), **path)
            key = (lake.url, got.get_full_path(), is_engineer(user), sees_personal(user))
            headers = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
            return Response(READS.ask(user, key, lambda: work(lake)), headers=headers)

        return view

    return decorate

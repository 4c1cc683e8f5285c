"""The catalogue routes: what tables there are, their history and lineage, the ledger, the runs and the records.

Each function gives what is asked of the lake; whether the user may read what the path names comes before the query's
parameters.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.permissions import IsEngineer, is_engineer, sees_personal
from catalogue import shapes
from config import parameters
from config.parameters import text, whole
from lakehouse.catalogue import records
from lakehouse.catalogue.history import commits
from lakehouse.catalogue.lineage import lineage
from lakehouse.catalogue.tables import description, summaries
from lakehouse.lake import Lake
from lakehouse.lake.ledger import balance
from lakehouse.lake.passport import Name, passport
from lakehouse.lake.passport import members as members_of
from lakehouse.lake.sources import sources as sources_of
from lakehouse.metrics import METRICS
from lakehouse.reasons import all_reasons
from lakes.access import known, may_read, readable
from lakes.reads import READS
from reference.documents import errors

# What is asked of the lake, with the query's parameters, by a function of a user and of the path's.
Work = Callable[[Lake, dict[str, Any]], object]

TABLE = OpenApiParameter(
    "name",
    location=OpenApiParameter.PATH,
    required=True,
    description="a table's full name, or a bare metric or dataset",
    examples=[OpenApiExample("gold", "gold.total_sales_per_product"), OpenApiExample("silver", "silver.transactions")],
)
METRIC = OpenApiParameter(
    "name", location=OpenApiParameter.PATH, required=True, description="the metric, as in its route"
)
LIMIT = whole("limit", "how many, newest first", most=1_000, default=50)


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
            work, given = function(user, **path), parameters.read(got.GET, in_query)
            key = (lake.url, got.get_full_path(), is_engineer(user), sees_personal(user))
            headers = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
            return Response(READS.ask(user, key, lambda: work(lake, given)), headers=headers)

        return view

    return decorate


@route("The tables that you may read", shapes.Summary(many=True))
def tables(user: User) -> Work:
    """Return name, version, size and freshness of each."""
    mine = [view for view in known().values() if may_read(user, view)]
    return lambda lake, _: summaries(lake, mine)


@route("A table's columns, state and origin", shapes.Description(), TABLE)
def table(user: User, name: str) -> Work:
    """Return its columns, partitions, state and origin."""
    view = readable(user, name)
    return lambda lake, _: description(lake, view)


@route("A table's commits, newest first", shapes.Commit(many=True), TABLE, LIMIT)
def table_history(user: User, name: str) -> Work:
    """Return up to `limit` commits, newest first."""
    view = readable(user, name)
    return lambda lake, given: commits(lake.open(view.table), view.layer, given["limit"])


@route("The files and offsets behind a table", shapes.Lineage(), TABLE, engineers=True)
def table_lineage(user: User, name: str) -> Work:
    """Return the commits behind the table and each file and topic partition with its range of records."""
    view = readable(user, name)
    if view.layer == "ledger":
        raise NotFound("The ledger is where lineage ends: it is written by the jobs, from nothing else.")
    return lambda lake, _: lineage(lake, view, lake.open(view.table))


@route("The balance sheet per dataset", shapes.Line(many=True), engineers=True)
def ledger(user: User) -> Work:
    """Return a line per dataset: records that came in, in bronze, in silver, in quarantine by reason, waiting."""
    return lambda lake, _: [line.as_dict() for line in balance(lake)]


@route(
    "The balance sheet of single sources",
    shapes.SourceLine(many=True),
    text(
        "source",
        "a file's name or a pattern with * and ?, alone or after dataset/; a topic, or topic/partition",
        required=True,
    ),
    engineers=True,
)
def ledger_sources(user: User) -> Work:
    """Return of each file or partition what came in, is in bronze, good, in quarantine by reason, and waiting."""
    return lambda lake, given: [sheet.as_dict() for sheet in sources_of(lake, given["source"])]


@route("Why records are in quarantine and files refused", shapes.Reason(many=True))
def reasons(user: User) -> Work:
    """Return every reason with what is wrong and what to do, in sentences."""
    return lambda *_: [asdict(reason) for reason in all_reasons().values()]


@route(
    "A record's passport",
    shapes.Passport(),
    text("source", "its file's name, or its topic", required=True),
    text("source_id", "SHA-256 of the file, or the partition", required=True),
    whole("position", "its number from 0, or its offset", least=0),
    engineers=True,
)
def record(user: User) -> Work:
    """Return its bytes, what was decided about it and why, by which run and rules, and where it counts."""
    masked = not sees_personal(user)
    return lambda lake, given: records.shown(passport(lake, Name(**given)), masked=masked)


@route(
    "The records behind a group of a metric, 100 a page",
    shapes.Member(many=True),
    METRIC,
    text("group", "a value of the metric's first column, as text", required=True),
    whole("page", "from 1", most=1_000_000, default=1),
    engineers=True,
)
def members(user: User, name: str) -> Work:
    """Return a page of their names, by which each has its passport."""
    metric = METRICS.get(name.replace("-", "_"))
    if metric is None:
        raise NotFound("There is no such metric.")
    return lambda lake, given: members_of(lake, metric, given["group"], given["page"])


@route("The newest runs of the jobs", shapes.Run(many=True), LIMIT, engineers=True)
def runs(user: User) -> Work:
    """Return up to `limit` runs, newest first."""
    return lambda lake, given: records.runs(lake, given["limit"])

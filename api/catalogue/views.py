"""The catalogue routes: what tables there are, their history and lineage, the ledger and the runs."""

from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import IsEngineer
from catalogue import documents, history, lineage, runs, tables
from catalogue.lake import ask
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, ledger
from lakehouse.lake.relations import View
from query import access, parameters

HEADERS = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
DEFAULT, MOST = 50, 1_000


def lake() -> Lake:
    """Return the lake of the settings."""
    return Lake.of(settings.LAKEHOUSE)


def limit(request: Request) -> int:
    """Return the `limit` of a request, the only parameter that its route has."""
    values = parameters.single(request._request.GET, ("limit",))
    return parameters.number("limit", values.get("limit", str(DEFAULT)), MOST)


def view_of(request: Request, name: str) -> View:
    """Return the view of a name that the user may read; raises UnknownTableError and ForbiddenError."""
    view = access.look_up(name)
    access.require(cast(User, request.user), view)
    return view


class Tables(APIView):
    """Lists the tables that the user may read."""

    @extend_schema(**documents.TABLES)
    def get(self, request: Request) -> Response:
        """Return name, version, size and freshness of each."""
        parameters.single(request._request.GET, ())
        user = cast(User, request.user)
        mine = [view for view in access.known().values() if access.may_read(user, view)]
        return Response(ask(lambda: tables.summaries(lake(), mine)), headers=HEADERS)


class Table(APIView):
    """Describes one table."""

    @extend_schema(**documents.TABLE)
    def get(self, request: Request, name: str) -> Response:
        """Return its columns, partitions, state and origin."""
        parameters.single(request._request.GET, ())
        view = view_of(request, name)
        return Response(ask(lambda: tables.description(view, lake().open(view.table))), headers=HEADERS)


class History(APIView):
    """Lists the commits of a table."""

    @extend_schema(**documents.HISTORY)
    def get(self, request: Request, name: str) -> Response:
        """Return up to `limit` commits, newest first."""
        view, most = view_of(request, name), limit(request)
        return Response(ask(lambda: history.commits(lake().open(view.table), view.layer, most)), headers=HEADERS)


class Lineage(APIView):
    """Follows a table back to its sources; engineers only, since it tells about files and topics."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.LINEAGE)
    def get(self, request: Request, name: str) -> Response:
        """Return the commits behind the table and each file and topic partition with its range of records."""
        parameters.single(request._request.GET, ())
        view = view_of(request, name)
        if view.layer == "ledger":
            raise NotFound("The ledger is where lineage ends: it is written by the jobs, from nothing else.")
        return Response(ask(lambda: lineage.lineage(lake(), view, lake().open(view.table))), headers=HEADERS)


class Ledger(APIView):
    """The balance sheet of the lake."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.LEDGER)
    def get(self, request: Request) -> Response:
        """Return a line per dataset: records that came in, in bronze, in silver, in quarantine by reason, waiting."""
        parameters.single(request._request.GET, ())
        return Response(ask(lambda: [line.as_dict() for line in ledger.balance(lake())]), headers=HEADERS)


class Runs(APIView):
    """The history of job runs."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.RUNS)
    def get(self, request: Request) -> Response:
        """Return up to `limit` runs, newest first."""
        most = limit(request)
        try:
            return Response(ask(lambda: runs.runs(lake(), most)), headers=HEADERS)
        except NotBuiltError:
            return Response([], headers=HEADERS)

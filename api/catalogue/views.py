"""The catalogue routes: what tables there are, their history and lineage, the ledger and the runs."""

from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import IsEngineer, sees_personal
from catalogue import documents, history, lineage, records, tables
from config import parameters
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, ledger
from lakehouse.lake.passport import Name, members, passport
from lakehouse.metrics import METRICS
from lakehouse.reasons import all_reasons
from lakes import access
from lakes.reads import READS

HEADERS = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
DEFAULT, MOST, MOST_PAGES = 50, 1_000, 1_000_000
RECORD, MOST_POSITION = ("source", "source_id", "position"), 2**63 - 1


def limit(request: Request) -> int:
    """Return the `limit` of a request, the only parameter that its route has."""
    values = parameters.single(request._request.GET, ("limit",))
    return parameters.number("limit", values.get("limit", str(DEFAULT)), MOST)


class LakeView(APIView):
    """A route that asks the lake; requests with the same path, parameters and rights share one look at it."""

    def answered(self, request: Request, work: Callable[[Lake], object], *key: object) -> Response:
        """Return what `work` gives for the lake of the settings."""
        lake = Lake.of(settings.LAKEHOUSE)
        asked = (lake.url, request._request.get_full_path(), *key)
        return Response(READS.ask(request.user, asked, lambda: work(lake)), headers=HEADERS)


class Tables(LakeView):
    """Lists the tables that the user may read."""

    @extend_schema(**documents.TABLES)
    def get(self, request: Request) -> Response:
        """Return name, version, size and freshness of each."""
        parameters.single(request._request.GET, ())
        user = cast(User, request.user)
        mine = tuple(view for view in access.known().values() if access.may_read(user, view))
        return self.answered(request, lambda lake: tables.summaries(lake, mine), len(mine))


class Table(LakeView):
    """Describes one table."""

    @extend_schema(**documents.TABLE)
    def get(self, request: Request, name: str) -> Response:
        """Return its columns, partitions, state and origin."""
        view = access.readable(request.user, name)
        parameters.single(request._request.GET, ())
        return self.answered(request, lambda lake: tables.description(view, lake.open(view.table)))


class History(LakeView):
    """Lists the commits of a table."""

    @extend_schema(**documents.HISTORY)
    def get(self, request: Request, name: str) -> Response:
        """Return up to `limit` commits, newest first."""
        view, most = access.readable(request.user, name), limit(request)
        return self.answered(request, lambda lake: history.commits(lake.open(view.table), view.layer, most))


class Lineage(LakeView):
    """Follows a table back to its sources; engineers only, since it tells about files and topics."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.LINEAGE)
    def get(self, request: Request, name: str) -> Response:
        """Return the commits behind the table and each file and topic partition with its range of records."""
        view = access.readable(request.user, name)
        parameters.single(request._request.GET, ())
        if view.layer == "ledger":
            raise NotFound("The ledger is where lineage ends: it is written by the jobs, from nothing else.")
        return self.answered(request, lambda lake: lineage.lineage(lake, view, lake.open(view.table)))


class Ledger(LakeView):
    """The balance sheet of the lake."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.LEDGER)
    def get(self, request: Request) -> Response:
        """Return a line per dataset: records that came in, in bronze, in silver, in quarantine by reason, waiting."""
        parameters.single(request._request.GET, ())
        return self.answered(request, lambda lake: [line.as_dict() for line in ledger.balance(lake)])


class Reasons(APIView):
    """Lists why records are in quarantine and files refused."""

    @extend_schema(**documents.REASONS)
    def get(self, request: Request) -> Response:
        """Return every reason with what is wrong and what to do, in sentences."""
        parameters.single(request._request.GET, ())
        return Response([asdict(reason) for reason in all_reasons().values()], headers=HEADERS)


class Record(LakeView):
    """Shows a record's passport."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.RECORD)
    def get(self, request: Request) -> Response:
        """Return its bytes, what was decided about it and why, by which run and rules, and where it counts."""
        given, masked = parameters.single(request._request.GET, RECORD), not sees_personal(request.user)
        if missing := [name for name in RECORD if name not in given]:
            raise ParseError(f"{missing[0]} is needed: a record is named by {', '.join(RECORD)}.")
        position = parameters.number("position", given["position"], MOST_POSITION, least=0)
        name = Name(given["source"], given["source_id"], position)
        return self.answered(request, lambda lake: records.shown(passport(lake, name), masked=masked), masked)


class Members(LakeView):
    """Lists the records that a group of a metric is made of."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.MEMBERS)
    def get(self, request: Request, name: str) -> Response:
        """Return a page of their names, by which each has its passport."""
        given = parameters.single(request._request.GET, ("group", "page"))
        if (metric := METRICS.get(name.replace("-", "_"))) is None:
            raise NotFound("There is no such metric.")
        if "group" not in given:
            raise ParseError(f"group is needed: a value of {metric.key.name}.")
        page = parameters.number("page", given.get("page", "1"), MOST_PAGES)
        return self.answered(request, lambda lake: members(lake, metric, given["group"], page))


class Runs(LakeView):
    """The history of job runs."""

    permission_classes = [IsEngineer]

    @extend_schema(**documents.RUNS)
    def get(self, request: Request) -> Response:
        """Return up to `limit` runs, newest first."""
        most = limit(request)
        try:
            return self.answered(request, lambda lake: records.runs(lake, most))
        except NotBuiltError:
            return Response([], headers=HEADERS)

"""The catalogue routes: what tables there are, their history and lineage, the ledger, the runs and the records.

Each function gives what is asked of the lake; whether the user may read a table comes before the query's parameters.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.exceptions import NotFound

from accounts.permissions import sees_personal
from catalogue import shapes
from catalogue.routes import Work, route
from config.parameters import text, whole
from lakehouse.catalogue import records
from lakehouse.catalogue.history import commits
from lakehouse.catalogue.lineage import lineage
from lakehouse.catalogue.tables import description, summaries
from lakehouse.lake.ledger import balance
from lakehouse.lake.passport import Name, passport
from lakehouse.lake.passport import members as members_of
from lakehouse.lake.sources import sources as sources_of
from lakehouse.metrics import METRICS
from lakehouse.reasons import all_reasons
from lakes.access import known, may_read, readable

Read = Callable[[], dict[str, Any]]

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


@route("The tables that you may read", shapes.Summary(many=True))
def tables(user: User, read: Read) -> Work:
    """Return name, version, size and freshness of each."""
    read()
    mine = [view for view in known().values() if may_read(user, view)]
    return lambda lake: summaries(lake, mine)


@route("A table's columns, state and origin", shapes.Description(), TABLE)
def table(user: User, read: Read, name: str) -> Work:
    """Return its columns, partitions, state and origin."""
    view, _ = readable(user, name), read()
    return lambda lake: description(lake, view)


@route("A table's commits, newest first", shapes.Commit(many=True), TABLE, LIMIT)
def table_history(user: User, read: Read, name: str) -> Work:
    """Return up to `limit` commits, newest first."""
    view, given = readable(user, name), read()
    return lambda lake: commits(lake.open(view.table), view.layer, given["limit"])


@route("The files and offsets behind a table", shapes.Lineage(), TABLE, engineers=True)
def table_lineage(user: User, read: Read, name: str) -> Work:
    """Return the commits behind the table and each file and topic partition with its range of records."""
    view, _ = readable(user, name), read()
    if view.layer == "ledger":
        raise NotFound("The ledger is where lineage ends: it is written by the jobs, from nothing else.")
    return lambda lake: lineage(lake, view, lake.open(view.table))


@route("The balance sheet per dataset", shapes.Line(many=True), engineers=True)
def ledger(user: User, read: Read) -> Work:
    """Return a line per dataset: records that came in, in bronze, in silver, in quarantine by reason, waiting."""
    read()
    return lambda lake: [line.as_dict() for line in balance(lake)]


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
def ledger_sources(user: User, read: Read) -> Work:
    """Return of each file or partition what came in, is in bronze, good, in quarantine by reason, and waiting."""
    given = read()
    return lambda lake: [sheet.as_dict() for sheet in sources_of(lake, given["source"])]


@route("Why records are in quarantine and files refused", shapes.Reason(many=True))
def reasons(user: User, read: Read) -> Work:
    """Return every reason with what is wrong and what to do, in sentences."""
    read()
    return lambda _: [asdict(reason) for reason in all_reasons().values()]


@route(
    "A record's passport",
    shapes.Passport(),
    text("source", "its file's name, or its topic", required=True),
    text("source_id", "SHA-256 of the file, or the partition", required=True),
    whole("position", "its number from 0, or its offset", least=0),
    engineers=True,
)
def record(user: User, read: Read) -> Work:
    """Return its bytes, what was decided about it and why, by which run and rules, and where it counts."""
    name, masked = Name(**read()), not sees_personal(user)
    return lambda lake: records.shown(passport(lake, name), masked=masked)


@route(
    "The records behind a group of a metric, 100 a page",
    shapes.Member(many=True),
    METRIC,
    text("group", "a value of the metric's first column, as text", required=True),
    whole("page", "from 1", most=1_000_000, default=1),
    engineers=True,
)
def members(user: User, read: Read, name: str) -> Work:
    """Return a page of their names, by which each has its passport."""
    metric, given = METRICS.get(name.replace("-", "_")), read()
    if metric is None:
        raise NotFound("There is no such metric.")
    return lambda lake: members_of(lake, metric, given["group"], given["page"])


@route("The newest runs of the jobs", shapes.Run(many=True), LIMIT, engineers=True)
def runs(user: User, read: Read) -> Work:
    """Return up to `limit` runs, newest first."""
    given = read()
    return lambda lake: records.runs(lake, given["limit"])

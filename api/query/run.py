"""One query from its parameters to its rows: slot, deadline, version, scan, mask."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from django.conf import settings
from django.contrib.auth.models import User

from config.errors import AWAY, UnavailableError
from lakehouse.lake import Lake, relations
from lakehouse.query import limits, shape
from lakehouse.query.errors import GoneError
from lakehouse.query.filter.conditions import compile_filter
from lakehouse.query.scan import Effort, Position, Scan
from lakes import access, reads, versions
from query import pages, parameters, slots
from query.pages import Page
from query.parameters import Parameters

T = TypeVar("T")


@dataclass(frozen=True)
class Signs:
    """What a request and the thread of its scan tell each other: the table is open or will not be; nobody waits."""

    opened: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Answer:
    """The rows of a page, what they cost, and the token of the next page where there may be more."""

    rows: pa.Table
    version: int
    effort: Effort
    milliseconds: int
    following: str | None


def answer(user: User, asked: Parameters) -> Answer:
    """Return the page that a user asked for; every reason why not is an APIException or a LakehouseError."""
    query = f"{asked.view.name} {asked.filter}"
    page = pages.read(asked.page, query) if asked.page is not None else None
    started = time.monotonic()
    table, scan, rows = within_limits(user, lambda signs: _scanned(user, asked, page, signs))
    following = None
    if scan.following:
        following = pages.token(Page(str(table.metadata().id), table.version(), scan.following), query)
    return Answer(rows, table.version(), scan.effort, round((time.monotonic() - started) * 1000), following)


def within_limits(
    user: User, work: Callable[[Signs], T], kind: str = "queries", each: int = limits.RUNNING, seconds: float = 0.0
) -> T:
    """Return what `work` returns within `seconds` (limits.SECONDS where none are given), in one of a user's slots.

    A user has `each` of a kind. The work says by its signs that what it reads is open, and may stop once nobody waits.
    """
    started, signs, seconds = time.monotonic(), Signs(), seconds or limits.SECONDS
    release = slots.take(settings.STATE / "slots", user.pk, kind, each)
    try:
        found = reads.READS.begin(user, lambda: work(signs), finished=release)
        if not signs.opened.wait(reads.SECONDS):
            raise UnavailableError(AWAY)
        return found.result(timeout=started + seconds - time.monotonic())
    except TimeoutError as error:
        raise UnavailableError(
            f"The query took longer than {seconds:g} s and was stopped; filter more narrowly or ask for less."
        ) from error
    finally:
        signs.cancelled.set()


def _scanned(user: User, asked: Parameters, page: Page | None, signs: Signs) -> tuple[DeltaTable, Scan, pa.Table]:
    try:
        table = _table(asked, page)
    finally:
        signs.opened.set()
    # A table may have columns that nobody declared, so what is asked of columns is checked against it.
    view = relations.as_stored(asked.view, table)
    columns, masked, whole = parameters.columns(asked.columns, view), access.hidden(user, view), access.schema(view)
    scan = Scan(
        table=table,
        columns=[name for name in columns if name not in masked],
        condition=None if asked.filter is None else compile_filter(asked.filter, whole, masked),
        quarantined=view.quarantined,
        limit=asked.limit,
        start=page.position if page else Position(),
        declared=whole,
        cancelled=signs.cancelled,
    )
    try:
        rows = scan.run()
    except GoneError as error:
        if asked.wanted is None:
            raise
        raise versions.why_gone(Lake.of(settings.LAKEHOUSE), asked.view.table, table.version(), error) from error
    wanted = pa.schema([whole.field(name) for name in columns])
    return table, scan, shape.masked(rows, scan.taken, wanted, masked)


def _table(asked: Parameters, page: Page | None) -> DeltaTable:
    lake, name = Lake.of(settings.LAKEHOUSE), asked.view.table
    if page:
        return pages.open_table(lake, name, page)
    return lake.open(name) if asked.wanted is None else versions.as_of(lake, name, asked.wanted)

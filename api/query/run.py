"""One query from its parameters to its rows: slot, deadline, version, scan, mask."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from django.conf import settings
from django.contrib.auth.models import User

from config.errors import AWAY, FULL, SLOW, UnavailableError
from lakehouse.catalogue import versions
from lakehouse.lake import Lake, relations
from lakehouse.lake.files import NO_ROOM
from lakehouse.query import export as writing
from lakehouse.query import limits, shape
from lakehouse.query.errors import GoneError
from lakehouse.query.filter.conditions import compile_filter
from lakehouse.query.scan import Effort, Position, Scan
from lakes import access, reads
from query import pages, parameters, slots
from query.pages import Page
from query.parameters import Parameters

log = logging.getLogger("api")
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
    scan, rows = within_limits(user, lambda signs: _scanned(user, asked, page, signs))
    following = pages.token(scan.table, scan.following, query) if scan.following else None
    return Answer(rows, scan.table.version(), scan.effort, round((time.monotonic() - started) * 1000), following)


def within_limits(
    user: User,
    work: Callable[[Signs], T],
    kind: str = "queries",
    each: int = limits.RUNNING,
    seconds: float = 0.0,
    together: int = 0,
) -> T:
    """Return what `work` returns within `seconds` (limits.SECONDS where none are given), in one of a user's slots.

    A user has `each` of a kind, and all users so many `together` where any are named. The work says by its signs
    that what it reads is open, and may stop once nobody waits.
    """
    started, signs, seconds = time.monotonic(), Signs(), seconds or limits.SECONDS
    release = slots.take(settings.STATE / "slots", user.pk, kind, each, together)
    try:
        found = reads.READS.begin(user, lambda: work(signs), finished=release)
        if not signs.opened.wait(reads.SECONDS):
            raise UnavailableError(AWAY)
        return found.result(timeout=started + seconds - time.monotonic())
    except TimeoutError as error:
        raise UnavailableError(SLOW.format(seconds)) from error
    finally:
        signs.cancelled.set()


def export(user: User, asked: Parameters, path: Path, form: str, *, packed: bool) -> tuple[int, int]:
    """Write all rows that a user asked for to a new file; return the version of the table and how many rows.

    Nothing is sent before the last row is written: granian can neither break off an answer that it has begun nor wait
    for a slow reader of one that it is given piece by piece, and of a file it knows the length beforehand.
    """

    path.parent.mkdir(mode=0o700, exist_ok=True)
    for left in path.parent.iterdir():
        # What a worker made that was killed before it could delete it.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > limits.EXPORT_SECONDS:
                left.unlink()

    def work(signs: Signs) -> tuple[int, int]:
        scan, wanted, masked = _opened(user, asked, None, signs)
        with _in_words(asked, scan), _with_room(path.parent):
            count = writing.write(path, scan, wanted, masked, form, packed=packed)
        if signs.cancelled.is_set():
            path.unlink(missing_ok=True)
        return scan.table.version(), count

    try:
        return within_limits(user, work, "exports", limits.EXPORTS, limits.EXPORT_SECONDS, limits.EXPORTS_RUNNING)
    except BaseException:
        # The work may have ended when nobody waited any more, or it sees that only after this.
        path.unlink(missing_ok=True)
        raise


def _scanned(user: User, asked: Parameters, page: Page | None, signs: Signs) -> tuple[Scan, pa.Table]:
    scan, wanted, masked = _opened(user, asked, page, signs)
    with _in_words(asked, scan):
        rows = scan.run()
    return scan, shape.masked(rows, scan.taken, wanted, masked)


@contextmanager
def _with_room(folder: Path) -> Iterator[None]:
    """Say that the disk of a folder is full, where it is, and not that the lake cannot be read."""
    try:
        yield
    except OSError as error:
        if not re.search(NO_ROOM, str(error)):
            raise
        log.warning("an export has no room in %s: free some space there", folder)
        raise UnavailableError(FULL) from error


@contextmanager
def _in_words(asked: Parameters, scan: Scan) -> Iterator[None]:
    """Say of an older version whose files are gone which ones are kept."""
    try:
        yield
    except GoneError as error:
        if asked.wanted is None:
            raise
        lake, name = Lake.of(settings.LAKEHOUSE), asked.view.table
        raise versions.why_gone(lake, name, scan.table.version(), error) from error


def _opened(user: User, asked: Parameters, page: Page | None, signs: Signs) -> tuple[Scan, pa.Schema, frozenset[str]]:
    """Return the scan of the version that is asked for, the columns of the answer, and those that are masked."""
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
    return scan, pa.schema([whole.field(name) for name in columns]), masked


def _table(asked: Parameters, page: Page | None) -> DeltaTable:
    lake, name = Lake.of(settings.LAKEHOUSE), asked.view.table
    if page:
        return pages.open_table(lake, name, page)
    return lake.open(name) if asked.wanted is None else versions.as_of(lake, name, asked.wanted)

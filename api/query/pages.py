"""Where a page of a pinned version goes on, as a signed token that nobody can make up."""

import hashlib
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from django.core import signing
from rest_framework.exceptions import ParseError

from lakehouse.lake import Lake
from lakehouse.query.errors import GoneError
from lakehouse.query.scan import Position

_SALT = "query.page"


@dataclass(frozen=True)
class Page:
    """The version of a table, by its id and number, and where in it to go on."""

    table_id: str
    version: int
    position: Position


def token(table: DeltaTable, at: Position, query: str) -> str:
    """Return the token of what follows in a table; it is good for the same `query` (table and filter) only."""
    told = [str(table.metadata().id), table.version(), at.file, at.group, at.row, _digest(query)]
    return signing.dumps(told, salt=_SALT)


def read(text: str, query: str) -> Page:
    """Return the page of a token; raises ParseError where it is not one of this API's for this query."""
    try:
        table_id, version, file, group, row, digest = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise ParseError("page must be a token out of an earlier answer's X-Next-Page.") from error
    if digest != _digest(query):
        raise ParseError("page belongs to another table or filter; start again without it.")
    return Page(table_id, version, Position(file, group, row))


def open_table(lake: Lake, name: str, page: Page) -> DeltaTable:
    """Open the version that a page belongs to; raises GoneError where it or its table is not there any more."""
    table = lake.open(name)
    if str(table.metadata().id) != page.table_id or page.version > table.version():
        raise GoneError("The table was made anew since the last page; start again without page.")
    if table.version() == page.version:
        return table
    try:
        return DeltaTable(lake.address(name), version=page.version)
    except DeltaError as error:
        raise GoneError("The version that this page belongs to was vacuumed away; start again without page.") from error


def _digest(query: str) -> str:
    return hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()[:16]

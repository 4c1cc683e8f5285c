"""Opening the version of a table that a request means: the newest, one of the past, or the one of its page."""

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from config.refusals import GoneError, UnknownVersionError
from lakehouse.lake import Lake
from lakes import versions
from query.pages import Page

MADE_ANEW = "The table was made anew since the last page; start again without page."
VACUUMED = "The version that this page belongs to was vacuumed away; start again without page."


def newest(url: str, name: str) -> DeltaTable:
    """Open the newest version; raises NotBuiltError and ServiceError."""
    return Lake(url).open(name)


def as_of(url: str, name: str, text: str) -> DeltaTable:
    """Open the version or time that `text` names.

    Raises BadParameterError where it is neither, and UnknownVersionError, naming the kept range, where it is not kept.
    """
    wanted = versions.parse(text)
    Lake(url).open(name)  # a table that was never made is that, not a version out of range
    kept = versions.kept(url, name)
    try:
        return Lake(url).open(name, kept.at(wanted))
    except versions.OutsideError as error:
        raise UnknownVersionError(str(error)) from error


def unreadable(url: str, name: str) -> UnknownVersionError:
    """Return the error for a version whose files were vacuumed, naming the versions that can be read."""
    kept = versions.kept(url, name)
    return UnknownVersionError(str(kept.outside(kept.oldest_readable(Lake(url).address(name)))))


def pinned(url: str, name: str, page: Page) -> DeltaTable:
    """Open the version that a page belongs to; raises GoneError where it or its table is not there any more."""
    table = Lake(url).open(name)
    if str(table.metadata().id) != page.table_id:
        raise GoneError(MADE_ANEW)
    if table.version() == page.version:
        return table
    if page.version > table.version():
        raise GoneError(MADE_ANEW)
    try:
        return DeltaTable(Lake(url).address(name), version=page.version)
    except DeltaError as error:
        raise GoneError(VACUUMED) from error

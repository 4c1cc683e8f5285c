"""The parameters of a query, each checked, none silently ignored."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError

from accounts.permissions import Asker
from config import parameters
from lakehouse.catalogue import versions
from lakehouse.lake.relations import View
from lakes import access
from query.documents import PARAMETERS


@dataclass(frozen=True)
class Parameters:
    """What a request asks for: a view, the names of the columns wanted, how many rows, and from where."""

    view: View
    wanted: versions.Wanted | None
    columns: str | None = None
    limit: int = 0
    filter: str | None = None
    page: str | None = None


def read(given: QueryDict, user: Asker, declared: Sequence[OpenApiParameter] = PARAMETERS) -> Parameters:
    """Return the parameters; raises ParseError, NotFound and PermissionDenied.

    Whether the user may read the table comes before anything that tells of its columns.
    """
    view = access.readable(user, str(given["table"])) if "table" in given else None
    values = parameters.read(given, declared)
    assert view is not None
    wanted = versions.asked(values)
    if "page" in values and wanted is not None:
        raise ParseError("page already names a version; leave as_of and run out.")
    rest = {name: value for name, value in values.items() if name not in ("table", "as_of", "run")}
    return Parameters(view, wanted, **rest)


def columns(text: str | None, view: View) -> list[str]:
    """Return the names of the columns that are wanted, all where none is named; raises ParseError for others."""
    known = [column.name for column in view.columns]
    if text is None:
        return known
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in known:
            raise ParseError(f"columns: there is no {name[:40]!r}; there are: {', '.join(known)}.")
    if len(set(wanted)) < len(wanted):
        raise ParseError("columns: each may be named once.")
    return wanted

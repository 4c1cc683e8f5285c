"""The parameters of a query, each checked, none silently ignored."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from lakehouse.lake.relations import View
from query import access, limits
from query.errors import BadParameterError

NAMES = ("table", "limit", "filter", "columns", "page", "as_of")


@dataclass(frozen=True)
class Parameters:
    """What a request asks for: a view, the names of the columns wanted, how many rows, and from where."""

    view: View
    columns: Sequence[str]
    limit: int
    filter: str | None
    page: str | None
    as_of: str | None


def read(given: QueryDict) -> Parameters:
    """Return the parameters; raises BadParameterError and UnknownTableError."""
    values = single(given, NAMES)
    if "table" not in values:
        raise BadParameterError("table is needed, such as table=gold.status_code_counts.")
    if "page" in values and "as_of" in values:
        raise BadParameterError("page already names a version; leave as_of out.")
    view = access.look_up(values["table"])
    return Parameters(
        view=view,
        columns=_columns(values.get("columns"), view),
        limit=number("limit", values.get("limit", str(limits.DEFAULT_ROWS)), limits.ROWS),
        filter=values.get("filter"),
        page=values.get("page"),
        as_of=values.get("as_of"),
    )


def single(given: QueryDict, names: Sequence[str]) -> dict[str, str]:
    """Return the values by name; raises BadParameterError for a name that is unknown or given twice."""
    for name in given:
        if name not in names:
            raise BadParameterError(f"There is no parameter {name[:40]!r}; there are: {', '.join(names)}.")
        if len(given.getlist(name)) > 1:
            raise BadParameterError(f"{name} is given more than once.")
    return {name: str(given[name]) for name in given}


def number(name: str, text: str, most: int) -> int:
    """Return a whole number from 1 to `most`; raises BadParameterError for anything else."""
    if not re.fullmatch(r"[1-9]\d{0,5}", text, re.ASCII) or int(text) > most:
        raise BadParameterError(f"{name} must be a whole number from 1 to {most}.")
    return int(text)


def _columns(text: str | None, view: View) -> list[str]:
    known = [column.name for column in view.columns]
    if text is None:
        return known
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in known:
            raise BadParameterError(f"columns: there is no {name[:40]!r}; there are: {', '.join(known)}.")
    if len(set(wanted)) < len(wanted):
        raise BadParameterError("columns: each may be named once.")
    return wanted

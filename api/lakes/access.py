"""Which views of the lake a user may read: gold everyone, the layers below the group `engineer`."""

from functools import cache

import pyarrow as pa
from rest_framework.exceptions import NotFound, PermissionDenied

from accounts.permissions import Asker, IsEngineer, is_engineer, sees_personal
from lakehouse.lake import relations, schemas
from lakehouse.lake.relations import View


@cache
def known() -> dict[str, View]:
    """Return every view by its full name."""
    return relations.views()


@cache
def schema(view: View) -> pa.Schema:
    """Return the Arrow schema of a view, as its columns declare it."""
    return pa.schema(schemas.schema(view.columns).to_arrow())


def may_read(user: Asker, view: View) -> bool:
    """Return whether a user may read a view."""
    return view.layer == "gold" or is_engineer(user)


def readable(user: Asker, name: str) -> View:
    """Return the view that a full name or an alias stands for.

    This look-up is all that happens to a name: it never becomes part of a path. Raises NotFound, naming those
    there are, and PermissionDenied where the user may not read it.
    """
    view = known().get(relations.aliases().get(name, name))
    if view is None:
        raise NotFound(f"There is no such table; there are: {', '.join(known())}.")
    if not may_read(user, view):
        raise PermissionDenied(IsEngineer.message)
    return view


def hidden(user: Asker, view: View) -> frozenset[str]:
    """Return the columns of a view that a user sees masked."""
    return frozenset() if sees_personal(user) else view.personal

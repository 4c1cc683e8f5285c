"""Records and runs as they leave the API: who people are masked, times as ISO 8601."""

import json
from datetime import datetime
from typing import Any

from lakehouse.catalogue.versions import iso
from lakehouse.datasets import DATASETS
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake
from lakehouse.lake import runs as history
from lakehouse.lake.relations import WHOLE_RECORDS
from lakehouse.lake.schemas import silver
from lakehouse.query.shape import MASK

Fact = dict[str, Any]


def runs(lake: Lake, limit: int) -> list[Fact]:
    """Return up to `limit` runs, newest first; none where no job has run yet."""
    try:
        found = history.newest(lake, limit).to_pylist()
    except NotBuiltError:
        return []
    return [_values(run) | {"counts": json.loads(run["counts"] or "{}")} for run in found]


def shown(passport: Fact, *, masked: bool) -> Fact:
    """Return a passport for JSON; `masked` hides the personal columns of its rows throughout."""
    shown = {column.name for column in silver(DATASETS[passport["dataset"]]).columns if not column.personal}
    # What no dataset declares is personal too.
    hidden = WHOLE_RECORDS.union(passport["silver"] or ()) - (shown - WHOLE_RECORDS) if masked else frozenset()
    rows = {
        part: row and _values(row, hidden) for part, row in passport.items() if part in ("file", "bronze", "silver")
    }
    gold = {metric: row and _values(row) for metric, row in passport["gold"].items()}
    return passport | rows | {"gold": gold, "run": passport["run"] and _values(passport["run"])}


def _values(row: Fact, hidden: frozenset[str] = frozenset()) -> Fact:
    return {name: MASK if name in hidden else _value(value) for name, value in row.items()}


def _value(value: object) -> object:
    match value:
        case datetime():
            return iso(value)
        case bytes():
            return value.decode("utf-8", "backslashreplace")
    return value

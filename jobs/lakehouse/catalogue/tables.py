"""What a table is and holds at its newest version, from its log alone."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from lakehouse.catalogue.versions import committed_at, iso
from lakehouse.datasets import DATASETS
from lakehouse.errors import NotBuiltError
from lakehouse.judging import drift
from lakehouse.lake import Lake, relations
from lakehouse.lake.data_files import of_table
from lakehouse.lake.relations import View
from lakehouse.metrics import METRICS

Fact = dict[str, Any]


def summaries(lake: Lake, wanted: Sequence[View]) -> list[Fact]:
    """Return a summary per view, in their order; a table that two views show is opened once."""
    opened: dict[str, DeltaTable] = {}
    for name in dict.fromkeys(view.table for view in wanted):
        with suppress(NotBuiltError):
            opened[name] = lake.open(name)
    return [summary(view, opened.get(view.table)) for view in wanted]


def summary(view: View, table: DeltaTable | None) -> Fact:
    """Return name, layer and comment of a view, and its state; None for what a table not built yet has not."""
    facts: Fact = {"name": view.name, "layer": view.layer, "comment": view.comment, "is_built": table is not None}
    if table is None:
        return facts | dict.fromkeys(("version", "rows", "files", "bytes", "last_commit", "age_seconds"))
    side = [p for p in partitions(table) if view.quarantined is None or p["quarantined"] == view.quarantined]
    committed = committed_at(table)
    sums = {name: sum(p[name] for p in side) for name in ("rows", "files", "bytes")}
    age = max(round((datetime.now(UTC) - committed).total_seconds()), 0)
    return facts | {"version": table.version(), **sums, "last_commit": iso(committed), "age_seconds": age}


def description(lake: Lake, view: View) -> Fact:
    """Return the summary of a view with its columns, partitions, aliases, where it comes from, and its drift."""
    table = lake.open(view.table)
    view, metadata = relations.as_stored(view, table), table.metadata()
    return summary(view, table) | {
        "table_id": str(metadata.id),
        "created_at": iso(datetime.fromtimestamp(metadata.created_time / 1000, UTC)),
        "columns": [
            {"name": c.name, "type": c.type, "is_personal": c.name in view.personal, "comment": c.comment}
            for c in view.columns
        ],
        "partition_columns": list(metadata.partition_columns),
        "partitions": partitions(table),
        "aliases": sorted(alias for alias, name in relations.aliases().items() if name == view.name),
        "comes_from": comes_from(view),
        "drift": _drift(lake, view, table),
    }


def _drift(lake: Lake, view: View, table: DeltaTable) -> Fact | None:
    if view.layer not in ("silver", "quarantine"):
        return None
    dataset, known = lake.dataset(view.name.partition(".")[2], table), lake.standing(view.table, table).state.seen
    return {"undeclared": drift.undeclared(dataset, known), "missing": drift.missing(dataset, known)}


def partitions(table: DeltaTable) -> list[Fact]:
    """Return rows, files and bytes per value of `quarantined`, None where the table is not partitioned by it."""
    found: dict[bool | None, Fact] = {}
    for file in of_table(table):
        sums = found.setdefault(file.side, {"quarantined": file.side, "rows": 0, "files": 0, "bytes": 0})
        sums["rows"] += file.rows
        sums["files"] += 1
        sums["bytes"] += file.size
    return [found[side] for side in sorted(found, key=repr)]


def comes_from(view: View) -> list[str]:
    """Return the names of the tables and topics that a view's rows come from directly."""
    _, _, name = view.name.partition(".")
    if view.layer == "gold":
        return [f"silver.{METRICS[name].dataset}"]
    if view.layer in ("silver", "quarantine"):
        return [f"bronze.{name}"]
    if view.layer == "bronze":
        return ["ledger.files", f"topic {DATASETS[name].topic}"]
    return []

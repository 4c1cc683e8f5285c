"""OpenLineage events as a receiver gets them: checked against the specification, and read by name of table."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema

Event = dict[str, Any]
SCHEMA = json.loads((Path(__file__).parent / "unit" / "openlineage.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker(["date-time", "uuid"]))


def checked(texts: Iterable[str]) -> list[Event]:
    """Return the events of their texts, each valid."""
    events = [json.loads(text) for text in texts]
    for event in events:
        VALIDATOR.validate(event)
    return events


def by_name(datasets: Iterable[Event]) -> dict[str, Event]:
    """Return datasets by the name of the table, else by their own."""
    return {d["facets"]["symlinks"]["identifiers"][0]["name"] if d.get("facets") else d["name"]: d for d in datasets}


def rows(dataset: Event) -> int | None:
    """Return the rows that were read from or written to a dataset."""
    facets = dataset.get("outputFacets") or dataset.get("inputFacets") or {}
    return next((facet.get("rowCount") for facet in facets.values()), None)

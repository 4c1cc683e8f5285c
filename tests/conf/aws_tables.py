"""Prints the lake's tables for Terraform: `PYTHONPATH=jobs:tests/conf python -m aws_tables > conf/aws/tables.json`."""

import json
import sys
from typing import Any

from lakehouse.datasets import DATASETS
from lakehouse.lake.schemas import tables
from lakehouse.model import Table


def catalogue() -> dict[str, Any]:
    """Return the names of the datasets, and every table by its full name with what Glue needs of it.

    `dataset` is that of a table of bronze or silver, which lies in the dataset's bucket, and None else. Glue calls
    types as Spark SQL does.
    """
    return {"datasets": sorted(DATASETS), "tables": {name: _entry(table) for name, table in sorted(tables().items())}}


def _entry(table: Table) -> dict[str, Any]:
    layer, name = table.name.split(".")
    return {
        "dataset": name if layer in ("bronze", "silver") else None,
        "comment": table.comment,
        "partition_by": list(table.partition_by),
        "columns": [{"name": c.name, "type": c.type, "comment": c.comment} for c in table.columns],
    }


def text() -> str:
    """Return the catalogue as JSON, a line for each column."""
    found = catalogue()
    entries = []
    for name, table in found["tables"].items():
        columns = ",\n".join(f"      {json.dumps(column)}" for column in table.pop("columns"))
        head = json.dumps(table)[1:-1]
        entries.append(f'    {json.dumps(name)}: {{{head}, "columns": [\n{columns}\n    ]}}')
    listed = ",\n".join(entries)
    return f'{{\n  "datasets": {json.dumps(found["datasets"])},\n  "tables": {{\n{listed}\n  }}\n}}\n'


if __name__ == "__main__":
    sys.stdout.write(text())

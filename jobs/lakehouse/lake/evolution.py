"""Columns that silver gets from fields which a dataset does not declare, where it says that it evolves.

Such a column holds the field's text and counts as personal until the dataset declares it. The stored table itself says
which it has: a column's entry in the schema names its field.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from deltalake import Schema

from lakehouse.judging.drift import MOST, MOST_NAME
from lakehouse.lake.schemas import FIELD, silver
from lakehouse.model import Column, Dataset

# What judging calls its own columns, beside those of silver.
TAKEN = {"problem", "kafka_timestamp", "operation", "row_key", "resolve_hash", "resolve_key", "stored_hash"}


def of_schema(dataset: Dataset, schema: Schema) -> Dataset:
    """Return a dataset with the columns of its stored silver table that came from fields that it does not declare."""
    declared = {column.name for column in dataset.columns}
    found = (
        Column(stored.name, "string", personal=True, field=str(stored.metadata[FIELD]))
        for stored in schema.fields
        if FIELD in stored.metadata and stored.name not in declared
    )
    return replace(dataset, found=tuple(found))


def grown(dataset: Dataset, fields: Iterable[str]) -> Dataset:
    """Return a dataset that evolves with a column for each of the fields that it does not know; any other as it is.

    Beyond MOST columns, and where a name says nothing in ASCII or was cut, a field stays in the record's bytes alone.
    """
    if dataset.drift != "evolve":
        return dataset
    found = list(dataset.found)
    taken = TAKEN | {column.name for column in silver(dataset).columns}
    known = {*dataset.names, *(column.field for column in found)}
    for field in sorted(set(fields) - known):
        name = column_name(field)
        name = f"{name}_field" if name in taken else name
        if name.strip("_") and name not in taken and len(field) < MOST_NAME and len(found) < MOST:
            found.append(Column(name, "string", personal=True, field=field))
            taken.add(name)
    return replace(dataset, found=tuple(found))


def column_name(field: str) -> str:
    """Return a field's name as that of a column: `loyalty_card` for `LoyaltyCard` and `Loyalty card`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return f"_{name}" if name[:1].isdigit() else name

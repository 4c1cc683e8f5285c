"""What datasets, metrics and tables are made of, in plain Python: no Spark, no Delta."""

from collections.abc import Iterable
from dataclasses import dataclass

# The types a column can have, as Spark SQL and Delta both name them; decimals are `decimal(p,s)`.
TYPES = ("string", "boolean", "binary", "int", "bigint", "double", "date", "timestamp", "array<string>")

# How a source record is written: a line of a CSV file, a JSON object, a line in Common or Combined log format.
FORMATS = ("csv", "json", "log")


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its Spark SQL type, and whether it tells who a person is."""

    name: str
    type: str
    personal: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Field:
    """A field of a source record and the silver column it becomes.

    `source` is the field's name in CSV headers and JSON objects, matched exactly. A `required` one must be there in
    every record, and so must its column in a CSV header.
    """

    source: str
    column: Column
    required: bool = True


@dataclass(frozen=True)
class Dataset:
    """A source of records: its topic, its fields, its business key and the formats its files may have.

    `key` names the silver column that identifies a record where it is given, or is None where equal records are
    different events. `formats` are those of `FORMATS` that its files may have; on its topic a record is JSON.
    `time_column` is the silver column that says when the event happened.
    """

    name: str
    topic: str
    formats: tuple[str, ...]
    fields: tuple[Field, ...]
    key: str | None
    time_column: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """The typed silver columns, in the order of the table."""
        return tuple(f.column for f in self.fields)

    @property
    def personal(self) -> frozenset[str]:
        """Names of the silver columns that tell who a person is."""
        return frozenset(c.name for c in self.columns if c.personal)


@dataclass(frozen=True)
class Metric:
    """A gold table: the dataset it is computed from, the silver columns it reads, and its own columns."""

    name: str
    dataset: str
    inputs: tuple[str, ...]
    columns: tuple[Column, ...]
    comment: str


@dataclass(frozen=True)
class Table:
    """A table of the lake: its full name, its columns, and the columns it is partitioned by.

    `statistics` names the columns whose minimum, maximum and nulls each data file's log entry holds, all where empty.
    """

    name: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    comment: str = ""
    statistics: tuple[str, ...] = ()


def ddl(columns: Iterable[Column]) -> str:
    """Return the columns as a Spark SQL schema string."""
    return ", ".join(f"`{c.name}` {c.type}" for c in columns)

"""What datasets, metrics and tables are made of, in plain Python: no Spark, no Delta."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

# The types a column can have, as Spark SQL and Delta both name them; decimals are `decimal(p,s)`. Those of the fields
# of a dataset are the ones that `judging.types.convert` knows: all but binary and array<string>.
TYPES = ("string", "boolean", "binary", "int", "bigint", "double", "date", "timestamp", "array<string>")

# How a source record is written: a line of a CSV file, a JSON object, a line in Common or Combined log format.
FORMATS = ("csv", "json", "log")

# What becomes of a field that a dataset does not declare: it stays in the record's bytes alone, its record goes to
# quarantine (of CSV all records of the file), or silver gets a column with its text.
DRIFTS = ("keep", "freeze", "evolve")


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, its Spark SQL type, and whether it tells who a person is.

    `field` is the field of the source that silver got it from where the dataset did not declare one.
    """

    name: str
    type: str
    personal: bool = False
    comment: str = ""
    field: str = ""


@dataclass(frozen=True)
class Chart:
    """How a dataset's values or a metric are drawn, in words that viz knows; what declares none gets a plain chart.

    `kind` is one of `viz.silver_charts.KINDS` for a dataset, of `viz.gold_charts.KINDS` for a metric; `label` says what
    the axis of the values shows. Of a dataset `values` is the SQL expression over good rows that is counted. Of a
    metric `noun` is what a group is called, and `event` what is summed up in it, both in the singular.
    """

    kind: str
    title: str
    label: str
    values: str = ""
    noun: str = "group"
    event: str = "record"


@dataclass(frozen=True)
class Field:
    """A field of a source record and the silver column it becomes.

    `source` is the field's name in CSV headers and JSON objects, matched exactly. A `required` one must be there in
    every record, and so must its column in a CSV header.

    What a foreign source writes otherwise: `aliases` are other names that the field may have there; of several the
    first that is given counts, `source` before all. `formats` are those of a date or time beside ISO 8601, such as
    `%m/%d/%Y %H:%M` (strptime, as https://docs.rs/chrono/latest/chrono/format/strftime/ has it), tried in order; a
    time without a zone is UTC. `epoch` stands for seconds or milliseconds since 1970 (10 or 13 digits), `log` for the
    time in a web server's log, `10/Oct/2000:13:55:36 -0700`. With a `decimal_comma` the text of a number is `1.234,56`,
    and points stand between thousands alone; numbers of JSON, which have a point, stay what they are.
    """

    source: str
    column: Column
    required: bool = True
    aliases: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    decimal_comma: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the field may have at its source, in the order in which they count."""
        return (self.source, *self.aliases)


@dataclass(frozen=True)
class Rule:
    """A rule on the records of a dataset: its name in `reasons`, and an SQL expression that is true where it is broken.

    The expression (https://docs.pola.rs/api/python/stable/reference/sql) sees each typed column under its name, null
    where the record gives none or nothing of that type, the record's own text under `text_` and that name, and
    `ingested_at`. Where it is null, the rule does not apply. It must not fail on any value: TRY_CAST rather than CAST.
    Rules of one name are one reason. One that only this dataset has says in a sentence each what is wrong (`sentence`)
    and what to do (`remedy`); the others stand in `lakehouse.reasons`.
    """

    name: str
    expression: str
    sentence: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Dataset:
    """A source of records: its topic, its fields, its business key and the formats its files may have.

    `key` names the silver column that identifies a record where it is given, or is None where equal records are
    different events. `formats` are those of `FORMATS` that its files may have; on its topic a record is JSON.
    `time_column` is the silver column that says when the event happened, None where no field does. `rules` are those
    on its records beside what follows from the fields' types; `derived` are the typed columns that are filled from
    others, each with an SQL expression as rules have, in the order in which they are applied; where it gives a text,
    this is read as the field's own is. What is no value of the column's type is null. `delimiter` stands between the
    fields of its CSV files. `drift` is one of `DRIFTS`. `chart` draws its values. `found` are the columns that silver
    got from fields that were not declared; one whose field is declared since, for another column, goes on beside that
    with the text.
    """

    name: str
    topic: str
    formats: tuple[str, ...]
    fields: tuple[Field, ...]
    key: str | None
    time_column: str | None
    rules: tuple[Rule, ...] = ()
    derived: tuple[tuple[str, str], ...] = ()
    delimiter: str = field(default=",", kw_only=True)
    drift: str = field(default="keep", kw_only=True)
    chart: Chart | None = field(default=None, kw_only=True)
    found: tuple[Column, ...] = field(default=(), kw_only=True)

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The declared fields, and those of the columns that silver got without a declaration."""
        return (*self.fields, *(Field(c.field, c, required=False) for c in self.found))

    @property
    def source_fields(self) -> tuple[Field, ...]:
        """All fields, each name at the source once."""
        declared = {name for f in self.fields for name in f.names}
        return (*self.fields, *(f for f in self.all_fields[len(self.fields) :] if f.source not in declared))

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the fields may have at the source."""
        return tuple(name for f in self.source_fields for name in f.names)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The typed silver columns, in the order of the table."""
        return (*(f.column for f in self.fields), *self.found)

    @property
    def personal(self) -> frozenset[str]:
        """Names of the silver columns that tell who a person is."""
        return frozenset(c.name for c in self.columns if c.personal)


@dataclass(frozen=True)
class DatabaseTable:
    """A table or view of a PostgreSQL database whose rows are records of a dataset.

    `name` is its name with its schema. With a `cursor`, a column of the type xid8 that holds the transaction which
    wrote the row last, it is read by that; else by logical replication.
    """

    dataset: str
    name: str
    cursor: str = ""

    @property
    def slot(self) -> str:
        """The name of its replication slot, and of its publication."""
        return f"lakehouse_{self.dataset}"


@dataclass(frozen=True)
class Aggregate:
    """A column of a gold table that sums up the rows of a group.

    `expression` is a Spark SQL aggregate over good silver rows, such as `sum(amount)`; `merge` one over this column of
    two gold tables of the same metric, such as `sum(total)`, or None where the whole has to be computed anew.
    """

    column: Column
    expression: str
    merge: str | None


@dataclass(frozen=True)
class Metric:
    """A gold table: the dataset it is computed from, how its rows are grouped and summed up, and what it answers.

    `key` is the column of the group and `group` the expression over silver that gives it, in SQL that both Spark and
    DataFusion know; `derived` are columns computed from the aggregates, by expression. `answer` names the columns of
    the HTTP contract, the key first. `dimensions` are silver columns, none of them personal, that who asks for the
    metric may filter on beside its key. These and the `chart` are no part of how the metric is computed.
    """

    name: str
    dataset: str
    key: Column
    group: str
    aggregates: tuple[Aggregate, ...]
    comment: str
    derived: tuple[tuple[Column, str], ...] = ()
    answer: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = field(default=(), repr=False)
    chart: Chart | None = field(default=None, repr=False)

    @property
    def table_columns(self) -> tuple[Column, ...]:
        """All columns of the gold table."""
        return (self.key, *(a.column for a in self.aggregates), *(column for column, _ in self.derived))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the HTTP contract, the key first."""
        names = {column.name: column for column in self.table_columns}
        return tuple(names[name] for name in self.answer) if self.answer else self.table_columns

    @property
    def is_mergeable(self) -> bool:
        """Whether old gold and the aggregates of new rows give new gold."""
        return all(aggregate.merge is not None for aggregate in self.aggregates)

    @property
    def code(self) -> str:
        """A hash of how the metric is computed, which changes when that does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Table:
    """A table of the lake: its full name, its columns, and the columns it is partitioned by.

    `statistics` names the columns whose minimum, maximum and nulls each data file's log entry holds, all where empty.
    The `added` ones may be missing from a table that was made before they were declared.
    """

    name: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    comment: str = ""
    statistics: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def ddl(columns: Iterable[Column]) -> str:
    """Return the columns as a Spark SQL schema string."""
    return ", ".join(f"`{c.name}` {c.type}" for c in columns)

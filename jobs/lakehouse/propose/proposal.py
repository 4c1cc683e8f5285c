"""What is proposed for a sample: fields with types, a key, a time, rules, and a metric."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from lakehouse.judging.types import is_decimal
from lakehouse.model import Aggregate, Column, Dataset, Field, Metric, Rule
from lakehouse.propose.guess import NESTED, Guess, guess, has_decimal_comma, values
from lakehouse.propose.names import column_names, is_identifier, is_personal, is_signed, is_time, plain, worth_of_sum
from lakehouse.propose.sample import Sample

_PERSONAL = r"^([^@\s]+@[^@\s]+\.[^@\s]+|(\d{1,3}\.){3}\d{1,3}|\+\d[\d ()/-]{6,})$"
# A key of an object, as it is written.
_KEY = r'"[^"\\]+"\s*:'
# A group is a row of gold; more of them make no chart.
MOST_GROUPS = 50
# Whole numbers of which a few million are more in all than a bigint holds.
_LARGE = 10**12
_BELOW_ZERO = " < 0"
_EARLIEST = datetime(2000, 1, 1)  # noqa: DTZ001 - polars compares times of one zone


@dataclass(frozen=True)
class Proposal:
    """A dataset and its metric, and what a person should look at, by column."""

    dataset: Dataset
    metric: Metric | None
    doubts: dict[str, str] = field(default_factory=dict)


def propose(name: str, sample: Sample) -> Proposal:
    """Return what is proposed under a name for a sample."""
    problem, texts = sample.texts()
    texts = texts.filter(problem.is_null())
    given = {source: texts[source].drop_nulls() for source in sample.names}
    has_commas = any(has_decimal_comma(text) for text in given.values())
    guesses = {
        source: guess(text, is_identifier=is_identifier(source), is_time=is_time(source), has_commas=has_commas)
        for source, text in given.items()
    }
    columns = column_names(name, sample.names)
    fields = tuple(
        _field(source, column, guesses[source], given[source], texts.height)
        for source, column in zip(sample.names, columns, strict=True)
    )
    known = {f.column.name: values(given[f.source], guesses[f.source]).drop_nulls() for f in fields}
    times = [f.column.name for kind in ("timestamp", "date") for f in fields if f.column.type == kind]
    rows = sample.batch["raw"].cast("binary").unique()
    key = next((f.column.name for f in fields if _is_key(f, given[f.source], texts.height, len(rows))), None)
    time = times[0] if times else None
    rules = tuple(_rules(fields, known, time))
    dataset = Dataset(name, f"{name}_topic", (sample.format,), fields, key, time, rules, delimiter=sample.delimiter)
    doubts = {f.column.name: guesses[f.source].doubt for f in fields if guesses[f.source].doubt}
    # What is kept as text for want of a type is no group.
    groups = {column: values for column, values in known.items() if column not in doubts}
    return Proposal(dataset, _metric(dataset, known, groups), doubts)


def _field(source: str, column: str, found: Guess, given: pl.Series, records: int) -> Field:
    inside = given.str.extract_all(_KEY).explode().drop_nulls().unique() if found.doubt == NESTED else ()
    is_person = any(map(is_personal, (source, *inside))) or given.str.contains(_PERSONAL).sum() * 2 > len(given)
    return Field(
        source,
        Column(column, found.type, personal=is_person),
        required=0 < records == len(given),
        formats=found.formats,
        decimal_comma=found.decimal_comma,
    )


def never_negative(dataset: Dataset) -> list[str]:
    """Return the columns of a proposed dataset whose rule refuses what is below zero."""
    return [rule.expression.removesuffix(_BELOW_ZERO) for rule in dataset.rules if rule.name == "negative"]


def _is_key(of: Field, given: pl.Series, records: int, different: int) -> bool:
    """Return whether a column names each record: an identifier by its name, or by its type and its being the first."""
    is_name = is_identifier(of.source) and of.column.type in ("string", "bigint")
    return of.required and records > 1 and is_name and given.n_unique() == min(different, records)


def _is_number(kind: str) -> bool:
    return kind in ("bigint", "double") or is_decimal(kind)


def _rules(fields: Sequence[Field], values: dict[str, pl.Series], time: str | None) -> Iterator[Rule]:
    """Yield the rules that all of the sample keeps: no number below zero, no time before 2000 or ahead of now."""
    for f in fields:
        if _is_number(f.column.type) and not is_signed(f.source) and (values[f.column.name] >= 0).all():
            yield Rule("negative", f"{f.column.name}{_BELOW_ZERO}")
    if time is None or not len(values[time]):
        return
    when = values[time].cast(pl.Datetime("us"))
    if ((when >= _EARLIEST) & (when <= datetime.now(UTC).replace(tzinfo=None))).all():
        ahead = f" OR {time} > ingested_at + INTERVAL '1 day'" if values[time].dtype != pl.Date else ""
        yield Rule("date_range", f"EXTRACT(YEAR FROM {time}) < {_EARLIEST.year}{ahead}")


def _metric(dataset: Dataset, values: dict[str, pl.Series], groups: dict[str, pl.Series]) -> Metric | None:
    """Return the sum of the likeliest amount by the text column with the most groups of those with few, or a count."""
    group = _group(dataset, groups)
    if group is None:
        return None
    key = group.column if group.required else Column(group.column.name, "string")
    by = group.column.name if group.required else f"coalesce({group.column.name}, '(none)')"
    summed = max((f for f in dataset.fields if _weight(f) and f is not group), key=_weight, default=None)
    if summed is None:
        total = Aggregate(Column("count_records", "bigint"), "count(*)", "sum(count_records)")
        name, said = f"{dataset.name}_per_{key.name}", f"Number of records of {dataset.name} per {key.name}."
    else:
        column, into = summed.column, f"total_{summed.column.name}"
        kind, number = column.type, column.name
        if is_decimal(column.type):
            kind = f"decimal(38,{column.type.split(',')[1]}"
        elif column.type == "bigint" and values[column.name].cast(pl.Float64).abs().max() >= _LARGE:  # type: ignore[operator]
            kind, number = "decimal(38,0)", f"cast({column.name} as decimal(38,0))"
        total = Aggregate(Column(into, kind), f"cast(sum({number}) as {kind})", f"sum({into})")
        name, said = f"{dataset.name}_{column.name}_per_{key.name}", f"Sum of {column.name} per {key.name}."
    return Metric(name, dataset.name, Column(key.name, key.type), by, (total,), said)


def _group(dataset: Dataset, values: dict[str, pl.Series]) -> Field | None:
    found = {
        f.column.name: (values[f.column.name].n_unique(), f)
        for f in dataset.fields
        if f.column.name in values and not f.column.personal and f.column.name != dataset.key
        if f.column.type in ("string", "bigint")
        if f.column.type == "string" or (f.required and plain(f.source).endswith(("status", "code")))
    }
    few = [(count, f) for count, f in found.values() if 2 <= count <= MOST_GROUPS]
    texts = [item for item in few if not is_identifier(item[1].source)] or few
    if texts:
        return max(texts, key=lambda item: item[0])[1]
    more = [item for item in found.values() if item[0]]
    return min(more, key=lambda item: item[0])[1] if more else None


def _weight(of: Field) -> int:
    """Return how likely a field is an amount that is worth a sum, 0 where it is none; decimals before whole numbers."""
    if not _is_number(of.column.type) or of.column.personal:
        return 0
    return worth_of_sum(of.source) * 2 + (is_decimal(of.column.type) if worth_of_sum(of.source) else 0)

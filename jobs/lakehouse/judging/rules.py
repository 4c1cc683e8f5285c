"""Rules -> reasons: what follows from the fields' types, what a dataset's own rules say, and the names of the broken.

Rules of one name are one reason; a record's reasons stand in the order of the rules.
"""

from collections.abc import Iterable

import polars as pl

from lakehouse.judging.columns import text_name
from lakehouse.judging.types import DECIMAL, is_decimal, pattern
from lakehouse.model import Column, Dataset, Rule

# NUL and the other control characters but tab, line feed and carriage return, which a quoted field may hold.
CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
# The reason for a text of which a column of this type has no value.
_UNREAD = {"date": "date", "timestamp": "date", "boolean": "boolean", "double": "number_format"}


def type_rules(dataset: Dataset) -> tuple[Rule, ...]:
    """Return the rules that follow from the fields' types, for all datasets alike."""
    required = [Rule("required", f"{_text(f.column.name)} IS NULL") for f in dataset.fields if f.required]
    strings = [field.column.name for field in dataset.fields if field.column.type == "string"]
    control = [Rule("control_char", f"{_text(name)} ~ '{CONTROL}'") for name in strings]
    return (*required, *control, *(rule for column in dataset.columns for rule in _column_rules(column)))


def _text(name: str) -> str:
    return f'"{text_name(name)}"'


def _column_rules(column: Column) -> tuple[Rule, ...]:
    given, is_null = _text(column.name), f'"{column.name}" IS NULL'
    if column.type == "string":
        return ()
    if name := _UNREAD.get(column.type):
        return (Rule(name, f"{given} IS NOT NULL AND {is_null}"),)
    exact = f"{given} ~ '{pattern(column.type)}'"
    overflow = Rule("overflow", f"{exact} AND {is_null}")
    if not is_decimal(column.type):
        return (Rule("number_format", f"NOT ({exact})"), overflow)
    number = f"{given} ~ '{DECIMAL}'"
    return (Rule("number_format", f"NOT ({number})"), Rule("scale", f"{number} AND NOT ({exact})"), overflow)


def find_reasons(frame: pl.DataFrame, rules: Iterable[Rule]) -> pl.Series:
    """Return the list of reasons of each record: its `problem` alone where it has one, else its broken rules."""
    by_name: dict[str, list[pl.Expr]] = {}
    for rule in rules:
        by_name.setdefault(rule.name, []).append(pl.sql_expr(rule.expression).fill_null(False))
    broken = frame.select(
        pl.col("problem"), *(pl.any_horizontal(expressions).alias(name) for name, expressions in by_name.items())
    )
    is_bad = broken.select(pl.any_horizontal(pl.col("problem").is_not_null(), *by_name)).to_series()
    names = [pl.when(name).then(pl.lit(name)) for name in by_name]
    problem = pl.col("problem")
    # A list of names is dear, and nearly all records are good: it is made for the bad ones, with an empty one behind.
    lists = broken.filter(is_bad).select(
        pl.when(problem.is_null()).then(pl.concat_list(*names)).otherwise(pl.concat_list(problem)).list.drop_nulls()
    )
    none = pl.Series([[]], dtype=pl.List(pl.String))
    place = pl.select(pl.when(is_bad).then(is_bad.cum_sum() - 1).otherwise(len(lists))).to_series()
    return lists.to_series().append(none).gather(place)

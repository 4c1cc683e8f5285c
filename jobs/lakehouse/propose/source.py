"""A proposal as Python source, laid out as `ruff format` leaves it."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lakehouse.model import Dataset, Field, Metric
from lakehouse.propose.proposal import Proposal

WIDTH = 120
_NONE: Mapping[str, str] = {}


def literal(text: str) -> str:
    """Return a text as a Python literal; what is beyond the letters of Europe is escaped, so that none looks alike."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in text) + quote


def _escaped(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return f"\\{character}"
    is_plain = character.isprintable() and (ord(character) < 0x7F or (character.isalpha() and ord(character) < 0x250))
    return character if is_plain else character.encode("unicode_escape").decode()


def marked(source: str) -> str:
    """Return source whose lines are allowed to be as long as they are."""
    lines = (f"{line}  # noqa: E501" if len(line) > WIDTH else line for line in source.splitlines())
    return "\n".join(lines) + "\n"


def expression(value: object, indent: int = 0, before: int = 0, notes: Mapping[str, str] = _NONE) -> str:
    """Return a value of a column, an object of `lakehouse.model` or a collection of such as a Python expression.

    It stands behind `before` characters of an indented line: on one line where it fits, else with a line for each
    member, as a dataset, a metric and a list of rows always have. The `notes` stand over the fields of their columns.
    """
    if not isinstance(value, tuple | list | dict) and not dataclasses.is_dataclass(value):
        return _plain(value)
    (opening, closing), members = _members(value)
    over = [notes.get(item.column.name, "") if isinstance(item, Field) else "" for _, item in members]
    comma = "," if isinstance(value, tuple) and len(members) == 1 else ""
    line = opening + ", ".join(f"{key}{expression(item)}" for key, item in members) + comma + closing
    is_tall = isinstance(value, Dataset | Metric | list) and not all(isinstance(item, str) for _, item in members)
    # A comma or a bracket may stand behind it.
    if indent + before + len(line) < WIDTH and "\n" not in line and not is_tall and not any(over):
        return line
    lines = [opening]
    for note, (key, item) in zip(over, members, strict=True):
        lines += [f"    # {note}"] if note else []
        lines.append(f"    {key}{expression(item, indent + 4, len(key), notes)},")
    return f"\n{' ' * indent}".join([*lines, closing])


def _members(value: Any) -> tuple[tuple[str, str], list[tuple[str, Any]]]:
    """Return the brackets of a collection or of a call, and its members, each with the key that stands before it."""
    if isinstance(value, dict):
        return ("{", "}"), [(f"{literal(key)}: ", item) for key, item in value.items()]
    if isinstance(value, tuple | list):
        return ("[", "]") if isinstance(value, list) else ("(", ")"), [("", item) for item in value]
    given = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
    is_named = isinstance(value, Dataset | Metric)
    arguments = [
        ("" if field.default is dataclasses.MISSING and not is_named else f"{field.name}=", item)
        for field, item in given
        if item != field.default
    ]
    return (f"{type(value).__name__}(", ")"), arguments


def _plain(value: object) -> str:
    """Return a value of a column as a Python expression; times are in UTC, without a zone."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    return repr(value).removeprefix("datetime.")


def dataset_source(proposal: Proposal) -> str:
    """Return the module of a dataset."""
    dataset = proposal.dataset
    return marked(f'''"""Records of {dataset.name}, as proposed from a sample."""

from lakehouse.model import Column, Dataset, Field{", Rule" if dataset.rules else ""}

DATASET = {expression(dataset, notes=proposal.doubts)}
''')


def metric_source(metric: Metric) -> str:
    """Return the module of a metric."""
    return marked(f'''"""{metric.comment}"""

from lakehouse.model import Aggregate, Column, Metric

METRIC = {expression(metric)}
''')


def cases_source(
    dataset: Dataset,
    record: Mapping[str, str],
    values: Mapping[str, object],
    cases: Iterable[tuple[str, Mapping[str, str], Iterable[str]]],
) -> str:
    """Return the table of cases of a dataset, as `trial.table` returns it, as a test."""
    kinds = {type(value) for value in values.values()}
    whens = ", ".join(kind.__name__ for kind in (date, datetime) if kind in kinds)
    imports = f"from datetime import {whens}\n" if whens else ""
    imports += "from decimal import Decimal\n" if Decimal in kinds else ""
    imports += "\n" if imports else ""
    return marked(f'''"""How records of {dataset.name} are judged."""

{imports}import pytest
from judging_cases import Case, Change, Row, check, judge_cases, record_cases

RECORD = {expression(record, before=9)}
VALUES = {expression(values, before=9)}
CHANGES: list[Change] = {expression(list(cases))}
CASES = record_cases({literal(dataset.name)}, RECORD, VALUES, CHANGES)


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return judge_cases({literal(dataset.name)}, CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_record_is_judged(rows: dict[str, Row], case: Case) -> None:
    check(rows[case.id], case)
''')


def metric_test_source(metric: Metric, dataset: Dataset) -> str:
    """Return the test of a metric: three rows of silver and what gold says of them."""
    by, total = metric.key.name, metric.aggregates[0].column
    column = next(c for c in dataset.columns if c.name == by)
    first, second = (1, 2) if column.type == "bigint" else ("a", "b")
    rows: list[dict[str, object]] = [{by: first}, {by: first}, {by: second}]
    sums: list[object] = [2, 1]
    if summed := next((c for c in dataset.columns if total.name == f"total_{c.name}"), None):
        number = {"decimal": Decimal, "double": float}.get(summed.type.partition("(")[0], int)
        has_cents = number is Decimal and not summed.type.endswith(",0)")
        *values, both = map(number, ("0.10", "0.20", "5.00", "0.30") if has_cents else ("1", "2", "5", "3"))
        rows = [{**row, summed.name: value} for row, value in zip(rows, values, strict=True)]
        sums = [both, values[-1]]
    imports = "from decimal import Decimal\n\n" if isinstance(sums[0], Decimal) else ""
    return marked(f'''"""{metric.comment}"""

{imports}import pytest
from metric_cases import check
from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

ROWS = {expression(rows)}
EXPECTED = {expression([(first, sums[0]), (second, sums[1])])}


def test_a_metric_is_computed_and_merged(spark: SparkSession) -> None:
    check(spark, {literal(metric.name)}, ROWS, EXPECTED)
''')

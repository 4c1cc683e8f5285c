"""A proposal as Python source, laid out as `ruff format` leaves it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from lakehouse.model import Column, Dataset, Field, Metric
from lakehouse.propose.proposal import Proposal

WIDTH = 120
_ENDED = "\n]\n"


def literal(text: str) -> str:
    """Return a text as a Python literal; what is beyond the letters of Europe is escaped, so that none looks alike."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in text) + quote


def _escaped(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return f"\\{character}"
    is_plain = character.isprintable() and (ord(character) < 0x7F or (character.isalpha() and ord(character) < 0x250))
    return character if is_plain else character.encode("unicode_escape").decode()


def call(name: str, arguments: Iterable[str], indent: int = 0) -> str:
    """Return a call on one line, or with a line for each argument where it is too long."""
    given = list(arguments)
    line = f"{name}({', '.join(given)})"
    # A comma or a bracket may stand behind it.
    if indent + len(line) < WIDTH:
        return line
    inner = " " * (indent + 4)
    return f"{name}(\n" + "".join(f"{inner}{argument},\n" for argument in given) + " " * indent + ")"


def marked(source: str) -> str:
    """Return source whose lines are allowed to be as long as they are."""
    lines = (f"{line}  # noqa: E501" if len(line) > WIDTH else line for line in source.splitlines())
    return "\n".join(lines) + "\n"


def dataset_source(proposal: Proposal) -> str:
    """Return the module of a dataset."""
    dataset = proposal.dataset
    rules = [f"        Rule({literal(rule.name)}, {literal(rule.expression)})," for rule in dataset.rules]
    arguments = [
        f"    name={literal(dataset.name)},",
        f"    topic={literal(dataset.topic)},",
        f"    formats=({literal(dataset.formats[0])},),",
        *_tuple("fields", [line for f in dataset.fields for line in _field(f, proposal.doubts.get(f.column.name, ""))]),
        f"    key={literal(dataset.key) if dataset.key else None},",
        f"    time_column={literal(dataset.time_column) if dataset.time_column else None},",
        *(_tuple("rules", rules) if rules else []),
        *([f"    delimiter={literal(dataset.delimiter)},"] if dataset.delimiter != "," else []),
    ]
    models = "Column, Dataset, Field" + (", Rule" if rules else "")
    imports = ["", f"from lakehouse.model import {models}", "", "DATASET = Dataset("]
    return marked(
        "\n".join([f'"""Records of {dataset.name}, as proposed from a sample."""', *imports, *arguments, ")"])
    )


def _tuple(name: str, lines: list[str]) -> list[str]:
    """Return an argument that is a tuple; ruff takes the comma behind a single member for no wish for lines."""
    line = f"    {name}=({lines[0].strip()}),"
    is_one = len(lines) == 1 and "\n" not in line and len(line) <= WIDTH
    return [line] if is_one else [f"    {name}=(", *lines, "    ),"]


def _field(field: Field, doubt: str) -> Iterator[str]:
    if doubt:
        yield f"        # {doubt}"
    arguments = [literal(field.source), _column(field.column)]
    arguments += [] if field.required else ["required=False"]
    if field.formats:
        arguments.append(f"formats=({', '.join(map(literal, field.formats))},)")
    arguments += ["decimal_comma=True"] if field.decimal_comma else []
    yield f"        {call('Field', arguments, 8)},"


def _column(column: Column) -> str:
    personal = ["personal=True"] if column.personal else []
    return f"Column({', '.join([literal(column.name), literal(column.type), *personal])})"


def metric_source(metric: Metric) -> str:
    """Return the module of a metric of one aggregate."""
    (total,) = metric.aggregates
    summed = [_column(total.column), literal(total.expression), literal(str(total.merge))]
    one = f"    aggregates=({call('Aggregate', summed)},),"
    more = ["    aggregates=(", f"        {call('Aggregate', summed, 8)},", "    ),"]
    lines = [
        f'"""{metric.comment}"""',
        "",
        "from lakehouse.model import Aggregate, Column, Metric",
        "",
        "METRIC = Metric(",
        f"    name={literal(metric.name)},",
        f"    dataset={literal(metric.dataset)},",
        f"    key={_column(metric.key)},",
        f"    group={literal(metric.group)},",
        *([one] if len(one) <= WIDTH and "\n" not in one else more),
        f"    comment={literal(metric.comment)},",
        ")",
    ]
    return marked("\n".join(lines))


def cases_source(
    dataset: Dataset,
    record: Mapping[str, str],
    values: Mapping[str, object],
    cases: Iterable[tuple[str, Mapping[str, str], Iterable[str]]],
) -> str:
    """Return the table of cases of a dataset, as `trial.table` returns it, as a test."""
    kinds = {type(value) for value in values.values()}
    whens = ", ".join(kind.__name__ for kind in (date, datetime) if kind in kinds)
    imports = [
        *([f"from datetime import {whens}"] if whens else []),
        *(["from decimal import Decimal"] if Decimal in kinds else []),
    ]
    lines = [
        f'"""How records of {dataset.name} are judged."""',
        "",
        *([*imports, ""] if imports else []),
        "import pytest",
        "from judging_cases import Case, Change, Row, check, judge_cases, record_cases",
        "",
        "RECORD = {",
        *(f"    {literal(name)}: {literal(text)}," for name, text in record.items()),
        "}",
        "VALUES = {",
        *(f"    {literal(name)}: {_value(value)}," for name, value in values.items()),
        "}",
        "CHANGES: list[Change] = [",
    ]
    for name, change, reasons in cases:
        pairs = ", ".join(f"{literal(source)}: {literal(text)}" for source, text in change.items())
        why = ", ".join(map(literal, reasons))
        lines.append(f"    {call('', [literal(name), f'{{{pairs}}}', f'[{why}]'], 4)},")
    lines += [
        "]",
        f"CASES = record_cases({literal(dataset.name)}, RECORD, VALUES, CHANGES)",
        "",
        "",
        '@pytest.fixture(scope="module")',
        "def rows() -> dict[str, Row]:",
        f"    return judge_cases({literal(dataset.name)}, CASES)",
        "",
        "",
        '@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)',
        "def test_a_record_is_judged(rows: dict[str, Row], case: Case) -> None:",
        "    check(rows[case.id], case)",
    ]
    return marked("\n".join(lines))


def _value(value: object) -> str:
    """Return a value of a column as a Python expression; times are in UTC, without a zone."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    return repr(value).removeprefix("datetime.")


def metric_test_source(metric: Metric, dataset: Dataset) -> str:
    """Return the test of a metric: three rows of silver and what gold says of them."""
    by = metric.key
    column = next(c for c in dataset.columns if c.name == by.name)
    first, second = ("1", "2") if column.type == "bigint" else ('"a"', '"b"')
    total = metric.aggregates[0].column
    summed = next((c for c in dataset.columns if total.name == f"total_{c.name}"), None)
    if summed is None:
        values, sums = ["", "", ""], ["2", "1"]
    else:
        texts, more = (
            (("0.10", "0.20", "5.00"), ("0.30", "5.00")) if "decimal" in total.type else (("1", "2", "5"), ("3", "5"))
        )
        shown = {"decimal": 'Decimal("{}")', "double": "float({})"}.get(total.type.partition("(")[0], "{}")
        values = [f', "{summed.name}": {shown.format(text)}' for text in texts]
        sums = [shown.format(text) for text in more]
    rows = [f'    {{"{by.name}": {key}{value}}},' for key, value in zip((first, first, second), values, strict=True)]
    lines = [
        f'"""{metric.comment}"""',
        "",
        *(["from decimal import Decimal", ""] if "Decimal(" in "".join(values) else []),
        "import pytest",
        "from metric_cases import check",
        "from pyspark.sql import SparkSession",
        "",
        "pytestmark = pytest.mark.spark",
        "",
        "ROWS = [",
        *rows,
        "]",
        f"EXPECTED = [({first}, {sums[0]}), ({second}, {sums[1]})]",
        "",
        "",
        "def test_a_metric_is_computed_and_merged(spark: SparkSession) -> None:",
        f"    check(spark, {literal(metric.name)}, ROWS, EXPECTED)",
    ]
    return marked("\n".join(lines))

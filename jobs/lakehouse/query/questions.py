"""A metric asked for a range of time, by day, week or month, or for one of its groups: computed from good silver rows.

Aggregates run in DataFusion, the engine inside deltalake, which reads what is asked for alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.dataset as ds
import sqlglot
from deltalake import DeltaTable

from lakehouse.datasets import DATASETS
from lakehouse.lake import scan
from lakehouse.lake.schemas import arrow_schema
from lakehouse.model import Column, Metric
from lakehouse.query import limits
from lakehouse.query.errors import QueryError
from lakehouse.query.scan import check_size

# Periods and what they begin with; a week is that of ISO 8601.
PERIODS = {"day": "midnight", "week": "Monday", "month": "the 1st"}
# What the route of a metric calls its own parameters and columns: none that the metric may be filtered on, or answers.
TAKEN = frozenset(("page", "as_of", "run", "from", "to", "by", *PERIODS))
# What stands for the time where a dataset has none; its metrics are asked for values alone.
_NO_TIME = Column("", "date")
_MICROSECOND, _EPOCH = timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """Which records count: those from `since` on and before `until`, and with these values; `by` is a period or None.

    `where` holds names of the metric's dimensions, each with the text of its value.
    """

    since: datetime | None = None
    until: datetime | None = None
    by: str | None = None
    where: tuple[tuple[str, str], ...] = ()


def dimensions(metric: Metric) -> dict[str, str]:
    """Return what a metric can be filtered on: its key and the columns that it declares, each with its expression."""
    return {metric.key.name: metric.group, **{name: f'"{name}"' for name in metric.dimensions}}


def columns(metric: Metric, question: Question) -> tuple[Column, ...]:
    """Return the columns of an answer: the metric's own, behind the first day of the period where there is one."""
    return (*((Column(question.by, "date"),) if question.by else ()), *metric.columns)


def read(metric: Metric, given: Mapping[str, str]) -> Question | None:
    """Return the question that parameters ask of a metric, None where they ask none.

    Raises QueryError for a time or a period that is none, and for a range in which nothing can be.
    """
    since, until = (moment(name, given[name]) if name in given else None for name in ("from", "to"))
    if (by := given.get("by")) is not None and by not in PERIODS:
        raise QueryError(f"by must be one of {', '.join(PERIODS)}.")
    if since and until and since >= until:
        raise QueryError("from must be before to: `to` itself is not in the range.")
    where = tuple((name, given[name]) for name in dimensions(metric) if name in given)
    question = Question(since, until, by, where)
    return None if question == Question() else question


def moment(name: str, text: str, other: str = "a date such as 2024-01-31") -> datetime:
    """Return the moment that a parameter names, UTC where it has no zone; raises QueryError, saying what `other` fits.

    In a query string an unescaped `+` of a zone arrives as a blank.
    """
    try:
        time = datetime.fromisoformat(re.sub(r"(T\S*) (\d\d:?\d\d)$", r"\1+\2", text))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{name} must be {other}, or a time in ISO 8601 such as 2024-01-31T12:00:00Z.") from error


def answer(silver: DeltaTable, metric: Metric, question: Question) -> pa.Table:
    """Return the metric over the good rows of an open silver table that the question asks for, in no order.

    Raises QueryError where more would be read, or answered, than is allowed.
    """
    dataset = DATASETS[metric.dataset]
    time = next((column for column in dataset.columns if column.name == dataset.time_column), _NO_TIME)
    both = ((">=", question.since), ("<", question.until))
    bounds = [(sign, _bound(value, time)) for sign, value in both if value is not None]
    check_size(silver, _expression(time, bounds))
    rows = scan.answer(_sql(metric, question, time, bounds), t=silver)
    if rows.num_rows > limits.GROUPS:
        raise QueryError(f"The answer has more than {limits.GROUPS:,} rows: ask for a shorter range or longer periods.")
    return rows.cast(arrow_schema(columns(metric, question)))


def _bound(value: datetime, time: Column) -> date | datetime:
    """Return a bound as the column has its values: a day before which one is not complete is not in the range."""
    if time.type != "date":
        return value
    return (value + timedelta(days=1) - _MICROSECOND).date() if value.date() < date.max else date.max


def _expression(time: Column, bounds: list[tuple[str, date | datetime]]) -> ds.Expression:
    found, field = ds.field("quarantined") == False, ds.field(time.name)  # noqa: E712 # an expression, not a truth
    type_ = arrow_schema([time]).field(0).type
    for sign, value in bounds:
        bound = pa.scalar(value, type_)
        found = found & (field >= bound if sign == ">=" else field < bound)
    return found


def _sql(metric: Metric, question: Question, time: Column, bounds: list[tuple[str, date | datetime]]) -> str:
    by = f"CAST(date_trunc('{question.by}', \"{time.name}\") AS DATE)"
    groups = {**({question.by: by} if question.by else {}), metric.key.name: metric.group}
    values = {a.column.name: _translated(a.expression) for a in metric.aggregates}
    chosen = ", ".join(f'{expression} AS "{name}"' for name, expression in {**groups, **values}.items())
    known = dimensions(metric)
    conditions = [
        "NOT quarantined",
        *(f'"{time.name}" {sign} {_literal(value)}' for sign, value in bounds),
        *(f"CAST({known[name]} AS VARCHAR) = {scan.literal(text)}" for name, text in question.where),
    ]
    numbers = ", ".join(str(n + 1) for n in range(len(groups)))
    sums = f"SELECT {chosen} FROM t WHERE {' AND '.join(conditions)} GROUP BY {numbers}"
    derived = {column.name: _translated(expression) for column, expression in metric.derived}
    names = {column.name: f'"{column.name}"' for column in columns(metric, question)}
    wanted = ", ".join(
        f'{expression} AS "{name}"' for name, expression in {**names, **derived}.items() if name in names
    )
    return f"SELECT {wanted} FROM ({sums}) LIMIT {limits.GROUPS + 1}"


def _translated(expression: str) -> str:
    """Return an expression of Spark's SQL, where 1 / 2 is a half, in that of DataFusion, which reads PostgreSQL's."""
    return sqlglot.transpile(expression, read="spark", write="postgres")[0]


def _literal(value: date | datetime) -> str:
    if not isinstance(value, datetime):
        return f"DATE '{value.isoformat()}'"
    # A literal of TIMESTAMP has nanoseconds, and with these no year after 2262.
    return f"arrow_cast({(value - _EPOCH) // _MICROSECOND}, 'Timestamp(Microsecond, Some(\"UTC\"))')"

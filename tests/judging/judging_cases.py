"""Judging a table of raw records at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from lakehouse.datasets import DATASETS
from lakehouse.judging.judge import judge, judged_schema
from lakehouse.propose.trial import written
from lakehouse.reasons import all_reasons

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Row = dict[str, object]
# A name, what is changed in a record, and the reasons of its quarantine.
Change = tuple[str, dict[str, str], list[str]]

BRONZE = pa.schema(
    [
        ("batch", pa.int64()), ("source", pa.string()), ("source_id", pa.string()), ("position", pa.int64()),
        ("raw", pa.binary()), ("format", pa.string()), ("header", pa.string()), ("is_cut", pa.bool_()),
        ("kafka_timestamp", pa.timestamp("us", "UTC")), ("ingested_at", pa.timestamp("us", "UTC")),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A raw record and what it must lead to: the reasons of its quarantine, or some of its typed columns."""

    id: str
    raw: bytes | None
    reasons: tuple[str, ...] = ()
    good: tuple[tuple[str, object], ...] = ()
    format: str | None = "json"
    header: str | None = None
    is_cut: bool = False


def bad(id: str, raw: bytes | None, *reasons: str, **more: object) -> Case:
    return Case(id, raw, reasons, **more)  # type: ignore[arg-type]


def good(id: str, raw: bytes, *, format: str = "json", header: str | None = None, **columns: object) -> Case:
    return Case(id, raw, (), tuple(columns.items()), format, header)


def record_cases(
    dataset: str, record: dict[str, str], values: dict[str, object], changes: Iterable[Change]
) -> list[Case]:
    """Return the case of a record, which has these values, and of what comes of it with each of the changes."""
    of, kind = DATASETS[dataset], DATASETS[dataset].formats[0]
    raw, header = written(of, record)
    others = ((name, tuple(reasons), *written(of, record | change)) for name, change, reasons in changes)
    return [
        Case("plain", raw, (), tuple(values.items()), kind, header),
        *(Case(name, raw, reasons, (), kind, header) for name, reasons, raw, header in others),
    ]


def bronze(cases: Iterable[Case], source: str = "test") -> pa.RecordBatch:
    """Return the batch of bronze that holds the cases' records, each under its case's id."""
    rows = [
        {"batch": 1, "source": source, "source_id": case.id, "position": n, "raw": case.raw, "format": case.format,
         "header": case.header, "is_cut": case.is_cut, "kafka_timestamp": None, "ingested_at": NOW}
        for n, case in enumerate(cases)
    ]  # fmt: skip
    return pa.RecordBatch.from_pylist(rows, BRONZE)


def judge_cases(dataset: str, cases: Sequence[Case]) -> dict[str, Row]:
    """Return the judged row of each case by its id; its times are in UTC, without a zone."""
    result = judge(bronze(cases), DATASETS[dataset])
    assert result.schema.equals(judged_schema(DATASETS[dataset]))
    assert result.num_rows == len(cases)
    assert {name for row in result["reasons"].to_pylist() for name in row} <= all_reasons().keys()
    return {str(row["source_id"]): {name: plain(value) for name, value in row.items()} for row in result.to_pylist()}


def plain(value: object) -> object:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def reasons(row: Row) -> list[str]:
    """Return a judged row's reasons."""
    found = row["reasons"]
    assert isinstance(found, list)
    return found


def check(row: Row, case: Case) -> None:
    """Compare a judged row with its case."""
    assert tuple(reasons(row)) == case.reasons
    assert {name: row[name] for name, _ in case.good} == dict(case.good)

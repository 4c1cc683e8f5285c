"""Judging a table of raw records at once, so that a case costs no Spark job of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import Row, SparkSession

from lakehouse import rules
from lakehouse.catalogue import bronze
from lakehouse.datasets import DATASETS
from lakehouse.judge import judge
from lakehouse.model import ddl

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A raw record and what it must lead to: the reasons of its quarantine, or some of its typed columns."""

    id: str
    raw: bytes | None
    reasons: tuple[str, ...] = ()
    good: tuple[tuple[str, object], ...] = ()
    format: str = "json"
    header: str | None = None
    is_cut: bool = False


def bad(id: str, raw: bytes | None, *reasons: str, **more: object) -> Case:
    return Case(id, raw, reasons, **more)  # type: ignore[arg-type]


def good(id: str, raw: bytes, *, format: str = "json", header: str | None = None, **columns: object) -> Case:
    return Case(id, raw, (), tuple(columns.items()), format, header)


def judged(spark: SparkSession, dataset: str, cases: Sequence[Case]) -> dict[str, Row]:
    """Return the judged row of each case by its id."""
    rows = [
        ("test", case.id, n, case.raw, case.format, case.header, case.is_cut, None, NOW, "run")
        for n, case in enumerate(cases)
    ]
    frame = spark.createDataFrame(rows, ddl(bronze(DATASETS[dataset]).columns), verifySchema=False)
    headers = sorted({case.header for case in cases if case.header})
    result = judge(frame, DATASETS[dataset], rules.module(dataset), headers).collect()
    assert len(result) == len(cases)
    return {row["source_id"]: row for row in result}


def check(row: Row, case: Case) -> None:
    """Compare a judged row with its case."""
    assert tuple(row["reasons"]) == case.reasons
    assert {name: row[name] for name, _ in case.good} == dict(case.good)

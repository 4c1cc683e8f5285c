"""Simulated records through cutter and rules: every good one passes with its values, every broken one says why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import pytest
from judging_cases import Case, Row, judge_cases, reasons

from lakehouse.datasets import DATASETS
from lakehouse.landing.cut_csv import csv_records
from lakehouse.landing.cut_json import json_elements
from lakehouse.landing.cut_lines import Record, Tally, lines
from lakehouse.landing.sniff import find_shape
from lakehouse.model import Column, Dataset
from producers.encode import encoder
from producers.generators import DATASETS as GENERATORS
from producers.generators.sequence import LAYOUTS, Item

ROWS, ERRORS = 400, 0.2


@dataclass(frozen=True)
class Way:
    """A way in which a dataset's records come: what they are written to, and their layout. Its seed is its own."""

    dataset: str
    target: str
    layout: str

    @property
    def name(self) -> str:
        return f"{self.target}-{self.layout}"

    @property
    def items(self) -> list[Item]:
        seed = 1000 + WAYS.index(self)
        return list(GENERATORS[self.dataset].items(seed, 0, ROWS, ERRORS, self.target, self.layout))

    @property
    def columns(self) -> tuple[str, ...]:
        return GENERATORS[self.dataset].columns(self.layout)


def targets(dataset: str, layout: str) -> list[str]:
    """Return what a layout's records are written to: its file, any file of JSON, and the topic of the full layout."""
    files = ["array", "lines"] if "json" in DATASETS[dataset].formats else [GENERATORS[dataset].file_formats[layout]]
    return [*files, *(["topic"] if layout == "full" else [])]


WAYS = [Way(d, target, layout) for d in GENERATORS for layout in LAYOUTS for target in targets(d, layout)]


def written(way: Way) -> list[bytes | None]:
    return [encoder(way.target, way.columns)(item) for item in way.items]


def file_of(way: Way, raws: list[bytes | None]) -> bytes:
    """Return the bytes of the file that the simulator writes."""
    found = [raw or b"" for raw in raws]
    if way.target == "array":
        return b"[\n" + b",\n".join(found) + b"\n]\n"
    header = ",".join(way.columns).encode() + b"\n" if way.target == "csv" else b""
    return header + b"".join(raw + b"\n" for raw in found)


def cases_of(way: Way) -> list[Case]:
    raws, kind, header = written(way), "json", None
    records: list[Record | None] = list(raws)
    if way.target != "topic":
        content = file_of(way, raws)
        shape = find_shape(DATASETS[way.dataset], content)
        kind, header, body = shape.format, shape.header, [content[shape.skip :]]
        cutter: Callable[..., object] = csv_records if kind == "csv" else lines
        cut = json_elements(body) if shape.is_array else cutter(body, Tally())
        records = list(cut)  # type: ignore[call-overload]
    assert records == raws, f"{way} is cut into other records than were written"
    return [Case(f"{way.name} {n}", raw, format=kind, header=header) for n, raw in enumerate(raws)]


@pytest.fixture(scope="module")
def judged() -> dict[Way, list[Row]]:
    """Judge all ways of a dataset at once, and name the duplicates among them."""
    found: dict[Way, list[Row]] = {}
    for name in DATASETS:
        ways = [way for way in WAYS if way.dataset == name]
        rows = judge_cases(name, [case for way in ways for case in cases_of(way)])
        resolve(list(rows.values()), DATASETS[name])
        found |= {way: [rows[f"{way.name} {n}"] for n in range(ROWS)] for way in ways}
    return found


def resolve(rows: list[Row], dataset: Dataset) -> None:
    """Add `duplicate` or `conflict` to the good rows whose key an earlier good one has, as silver does."""
    first: dict[object, Row] = {}
    for row in rows:
        key = row[dataset.key] if dataset.key else None
        if key is None or reasons(row):
            continue
        before = first.setdefault(key, row)
        if before is not row:
            is_same = all(row[column.name] == before[column.name] for column in dataset.columns)
            reasons(row).append("duplicate" if is_same else "conflict")


def expected(column: Column, value: object) -> object:
    """Return the value of a simulated field as its column has it."""
    text = str(value)
    if column.type.startswith("decimal"):
        return Decimal(text)
    readers: dict[str, Callable[[str], object]] = {
        "int": int, "bigint": int, "double": float, "date": date.fromisoformat, "string": str.strip,
        "timestamp": lambda t: datetime.fromisoformat(t.removesuffix("Z")),
    }  # fmt: skip
    return readers[column.type](text)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.dataset}-{way.name}")
def test_every_good_record_passes_with_its_values(judged: dict[Way, list[Row]], way: Way) -> None:
    fields = [f for f in DATASETS[way.dataset].fields if f.source in way.columns]
    compared = 0
    for item, row in zip(way.items, judged[way], strict=True):
        if item.breakage is not None:
            continue
        assert (item.index, row["reasons"]) == (item.index, [])
        given = {f.column.name: expected(f.column, v) for f in fields if (v := item.record.get(f.source)) is not None}
        assert {name: row[name] for name in given} == given
        compared += 1
    assert compared == ROWS * (1 - ERRORS)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.dataset}-{way.name}")
def test_every_broken_record_says_why(judged: dict[Way, list[Row]], way: Way) -> None:
    broken = [(i.breakage, row) for i, row in zip(way.items, judged[way], strict=True) if i.breakage is not None]
    wrong = [(b.name, b.reason, row["reasons"]) for b, row in broken if b.reason not in reasons(row)]
    assert wrong == []
    fitting = {b.name for b in GENERATORS[way.dataset].breakages if b.fits(way.target, way.columns)}
    assert {b.name for b, _ in broken} == fitting

"""Any type that a column may have passes from a record's text through silver and gold into every form and picture."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import validate
from judging_cases import Case, bronze
from sample_lake import write

from lakehouse.datasets import DATASETS
from lakehouse.judging.judge import judge
from lakehouse.judging.types import arrow_type
from lakehouse.lake import Lake, scan, schemas
from lakehouse.lake.state import State
from lakehouse.model import TYPES, Aggregate, Column, Dataset, Field, Metric, Table
from lakehouse.query.render import csv_of_page
from lakehouse.query.shape import arrow_stream, masked, result_set
from lakes import snapshot
from metrics.documentation import described
from query.views import FORMS
from viz import plot_gold, plot_silver

# Of each type: a text that is one, its value, and how it stands in a metric's JSON.
VALUES: dict[str, tuple[str, Any, Any]] = {
    "string": ('a "b",\n<c> é 😀', 'a "b",\n<c> é 😀', 'a "b",\n<c> é 😀'),
    "boolean": ("True", True, True),
    "int": ("-7", -7, -7),
    "bigint": ("9007199254740993", 9007199254740993, 9007199254740993),
    "double": ("1.5e3", 1500.0, Decimal("1500.0")),
    "decimal(14,2)": ("12.30", Decimal("12.30"), Decimal("12.3")),
    "decimal(18,6)": ("0.000001", Decimal("0.000001"), Decimal("0.000001")),
    "decimal(20,0)": ("12345678901234567890", Decimal(12345678901234567890), Decimal("12345678901234567890.0")),
    "date": ("2024-02-29", date(2024, 2, 29), "2024-02-29"),
    "timestamp": (
        "2024-02-29T12:00:00.5+01:00", datetime(2024, 2, 29, 11, 0, 0, 500_000, UTC), "2024-02-29T11:00:00.500000Z",
    ),
}  # fmt: skip
# What no text becomes, but a metric may hold.
IN_TABLES: dict[str, tuple[Any, Any]] = {"binary": (b"\xc3\xa9", "é"), "array<string>": (["a", None], ["a", None])}


def dataset(kind: str) -> Dataset:
    value = Field("Wert", Column("v", kind))
    return Dataset("typed", "typed_topic", ("csv", "json"), (value,), None, "v" if kind == "timestamp" else None)


def metric(kind: str) -> Metric:
    largest = Aggregate(Column("largest", kind), "max(v)", "max(largest)")
    count = Aggregate(Column("count_records", "bigint"), "count(*)", "sum(count_records)")
    key = Column("v", "string" if kind == "array<string>" else kind)  # an array names no group
    return Metric("typed_metric", "typed", key, "v", (largest, count), "Of one type.")


def silver(kind: str, text: str) -> pa.RecordBatch:
    """Return the records with the text: as a JSON string, as CSV, and one that is of no type."""
    cases = [
        Case("json", json.dumps({"Wert": text}).encode()),
        Case("csv", f'"{text.replace(chr(34), chr(34) * 2)}"'.encode(), format="csv", header="Wert"),
        Case("none", b'{"Wert": "\\u0000?"}'),
    ]
    return judge(bronze(cases), dataset(kind))


def gold_lake(url: str, kind: str, value: object) -> Lake:
    """Return a lake whose gold table holds the value, and nothing, as groups and as what is counted in them."""
    lake, columns = Lake(url), metric(kind).table_columns
    key = "a" if isinstance(value, list) else value
    rows: list[dict[str, Any]] = [
        {"v": key, "largest": value, "count_records": 2},
        {"v": None, "largest": None, "count_records": 1},
    ]
    write(lake, Table("gold.typed_metric", columns), rows, State(batch=1))
    return lake


@pytest.mark.parametrize(("kind", "text", "value"), [(k, *v[:2]) for k, v in VALUES.items()], ids=VALUES)
def test_a_text_becomes_a_value_in_silver_and_a_picture(tmp_path: Path, kind: str, text: str, value: object) -> None:
    judged = silver(kind, text)
    assert judged.schema.field("v").type == arrow_type(kind)
    assert judged["v"].to_pylist() == [value, value, None]
    assert [bool(reasons) for reasons in judged["reasons"].to_pylist()] == [False, False, True]
    lake, table = Lake(tmp_path.as_uri()), schemas.silver(dataset(kind))
    rows = [row | {"quarantined": bool(row["reasons"])} for row in judged.to_pylist()]
    write(lake, table, [{c.name: row.get(c.name) for c in table.columns} for row in rows], State(batch=1))
    if kind in ("string", "timestamp"):  # without a time, and with one
        assert plot_silver.draw(lake, dataset(kind), tmp_path / "x.png").stat().st_size > 1000
    found = scan.query(
        "select v, max(v) as m, count(*) as n from t where not quarantined group by 1", t=lake.open(table.name)
    )
    assert found.to_pylist() == [{"v": value, "m": value, "n": 2}]


OF_GOLD = {kind: (value, shown) for kind, (_, value, shown) in VALUES.items()} | IN_TABLES


@pytest.mark.parametrize(("kind", "value", "shown"), [(k, *v) for k, v in OF_GOLD.items()], ids=OF_GOLD)
def test_a_value_of_gold_passes_through_every_form(
    tmp_path: Path, kind: str, value: object, shown: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, made = gold_lake(tmp_path.as_uri(), kind, value), metric(kind)
    monkeypatch.setitem(DATASETS, made.dataset, dataset(kind))
    taken = snapshot.take(lake.open("gold.typed_metric"), made)
    rows = json.loads(taken.body(1), parse_float=Decimal)
    key = "a" if isinstance(shown, list) else shown
    assert rows == [
        {"v": key, "largest": shown, "count_records": 2}, {"v": None, "largest": None, "count_records": 1},
    ]  # fmt: skip
    schema = described(made)["responses"][200, "application/json"].response
    validate(json.loads(taken.body(1)), schema)
    lines = list(csv.reader(io.StringIO(csv_of_page(taken.body(1), taken.names).decode(), newline="")))
    as_text = {"boolean": "true", "array<string>": '["a", null]'}.get(kind, str(shown))
    assert lines == [
        ["v", "largest", "count_records"],
        [str(key) if key != shown else as_text, as_text, "2"],
        ["", "", "1"],
    ]
    table = scan.read(lake.open("gold.typed_metric"), list(taken.names))
    assert all(rendered(table) for _, rendered, _ in FORMS.values())
    assert pa.ipc.open_stream(arrow_stream(table)).read_all().equals(table)
    assert plot_gold.draw(lake, made, tmp_path / "x.png").stat().st_size > 1000


@pytest.mark.parametrize("kind", OF_GOLD)
def test_a_personal_value_of_any_type_is_hidden(kind: str) -> None:
    schema = schemas.arrow_schema(metric(kind).table_columns)
    hidden = masked(pa.table({}), 2, schema.empty_table().select(["largest"]).schema, {"largest"})
    shown = "***" if kind in ("string", "binary") else None
    assert [row["Data"] for row in result_set(hidden)["ResultSet"]["Rows"][1:]] == [  # type: ignore[index]
        [{} if shown is None else {"VarCharValue": shown}]
    ] * 2
    assert pa.ipc.open_stream(arrow_stream(hidden)).schema.field("largest").type == schema.field("largest").type


def test_every_type_is_among_them() -> None:
    assert {kind for kind in OF_GOLD if not kind.startswith("decimal")} == set(TYPES)

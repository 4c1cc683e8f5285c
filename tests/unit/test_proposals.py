"""What is proposed for a sample: every record of a table whose types are known passes, and odd files are read."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse.errors import ProposalError
from lakehouse.judging.types import convert
from lakehouse.model import Dataset, Metric
from lakehouse.propose import guess, sample, source, trial
from lakehouse.propose.names import column_names, is_personal, why_unfit
from lakehouse.propose.proposal import propose
from lakehouse.settings import ROOT


def proposed(path: Path, name: str = "sales") -> tuple[Dataset, Metric | None, trial.Outcome]:
    seen = sample.read(path)
    made = propose(name, seen)
    loaded: dict[str, object] = {}
    exec(source.dataset_source(made), loaded)
    assert loaded["DATASET"] == made.dataset
    if made.metric is not None:
        exec(source.metric_source(made.metric), loaded)
        assert loaded["METRIC"] == made.metric
    return made.dataset, made.metric, trial.tried(made.dataset, seen)


def types(dataset: Dataset) -> dict[str, str]:
    return {column.name: column.type for column in dataset.columns}


GERMAN = """\
Beleg-Nr.;Datum;Kundenname;E-Mail;Artikel;Menge;Einzelpreis;Betrag;Geöffnet
R-1001;24.12.2024;Ada Grün;ada@example.org;Lampe, groß;1.250;1,50;1.875,00;true
R-1002;25.12.2024;Bo Weiß;bo@example.org;Tisch;2;999,00;1.998,00;false
R-1003;27.12.2024;Cy Schwarz;cy@example.org;"Stuhl; Eiche";3;12,50;37,50;true
R-1004;28.12.2024;Di Rot;di@example.org;Lampe, groß;1;10,00;10,00;true
R-1005;29.12.2024;Ed Blau;;Tisch;1;10,00;10,00;true
R-1006;31.12.2024;Fe Gelb;fe@example.org;Tisch;1;10,00;10,00;true
R-1007;31.02.2024;Gi Gelb;gi@example.org;Tisch;1;10,00;10,00;true
R-1008;31.12.2024;Ha Gelb;ha@example.org;Tisch;1;10,00;10,00;true
R-1008;31.12.2024;Ha Gelb;ha@example.org;Tisch;1;10,00;10,00;true
"""


def test_a_german_export(tmp_path: Path) -> None:
    (tmp_path / "verkauf.csv").write_text(GERMAN, "utf-8")
    dataset, metric, outcome = proposed(tmp_path / "verkauf.csv")
    assert types(dataset) == {
        "beleg_nr": "string", "datum": "date", "kundenname": "string", "e_mail": "string", "artikel": "string",
        "menge": "bigint", "einzelpreis": "decimal(14,2)", "betrag": "decimal(14,2)", "geoeffnet": "boolean",
    }  # fmt: skip
    assert (dataset.delimiter, dataset.key, dataset.time_column) == (";", "beleg_nr", "datum")
    assert dataset.personal == {"kundenname", "e_mail"}
    assert [f.source for f in dataset.fields if not f.required] == ["E-Mail"]
    assert [f.source for f in dataset.fields if f.decimal_comma] == ["Menge", "Einzelpreis", "Betrag"]
    assert (outcome.good, outcome.quarantined, outcome.repeated) == (8, 1, 1)
    assert [(name, count, position) for name, count, position, _ in outcome.reasons] == [("date", 1, 6)]
    assert metric is not None
    assert (metric.name, metric.group) == ("sales_betrag_per_artikel", "artikel")


def test_lines_of_nested_json(tmp_path: Path) -> None:
    rows = [
        {"id": f"a{n}", "at": f"2024-05-{n:02}T10:00:00Z", "user": {"name": "x"}, "tags": ["a"], "kind": "ab"[n % 2],
         "weight": n / 7, "zip": f"0{n:04}"}
        for n in range(1, 21)
    ]  # fmt: skip
    with gzip.open(tmp_path / "events.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    dataset, metric, outcome = proposed(tmp_path / "events.jsonl.gz")
    assert types(dataset) == {
        "id": "string", "at": "timestamp", "field_user": "string", "tags": "string", "kind": "string",
        "weight": "double", "zip": "string",
    }  # fmt: skip
    assert (dataset.formats, dataset.key, outcome.good, outcome.quarantined) == (("json",), "id", 20, 0)
    assert metric is not None
    assert metric.aggregates[0].expression == "cast(sum(weight) as double)"


def test_numbers_since_1970_are_times_where_the_name_is_one(tmp_path: Path) -> None:
    rows = [
        {"created_at": 1_714_557_600_000 + n, "ts": 1_714_557_600 + n, "views": 1_714_557_600 + n} for n in range(9)
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    dataset, _, outcome = proposed(tmp_path / "events.jsonl")
    assert types(dataset) == {"created_at": "timestamp", "ts": "timestamp", "views": "bigint"}
    assert (dataset.time_column, outcome.good) == ("created_at", 9)
    assert "since 1970" in propose("events", sample.read(tmp_path / "events.jsonl")).doubts["ts"]


def test_a_log(tmp_path: Path) -> None:
    line = '203.0.113.{} - - [10/Oct/2024:13:55:{:02} -0700] "GET /a HTTP/1.0" {} 2326\n'
    (tmp_path / "access.log").write_text("".join(line.format(n, n, (200, 404)[n % 2]) for n in range(1, 30)))
    dataset, _, outcome = proposed(tmp_path / "access.log")
    assert (dataset.formats, dataset.time_column) == (("log",), "timestamp")
    assert propose("web", sample.read(tmp_path / "access.log")).doubts == {}
    assert "ip_address" in dataset.personal
    assert (outcome.good, outcome.quarantined) == (29, 0)


LAYOUTS = {
    "one column": "a\nx\ny\n",
    "one rule": "at,kind\n2024-05-01,a\n2024-05-02,b\n",
    "a rule each, and a doubt": "at,n,kind\n1/2/2024,1,a\n1/3/2024,2,b\n",
    "quotes and long names": '"it\'s ""so""",b\\c,{},q"q\n1,2,3,4\n'.format("long name " * 8),
    "words of SQL": "end,order,date,user\n2024-05-01,1,2024-05-01,3\n2024-05-02,2,2024-05-02,4\n",
    "nothing in a column": "a,b\n1,\n2,\n",
    "other scripts": "价格,Größe,\u202edom\n1,2,3\n",
}


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_written_is_laid_out_as_ruff_leaves_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "file.csv").write_text(content, "utf-8")
    seen = sample.read(tmp_path / "file.csv")
    made = propose("sales", seen)
    dataset, metric = made.dataset, made.metric
    texts = [source.dataset_source(made), source.cases_source(dataset, *trial.table(dataset, seen))]
    if metric is not None:
        texts += [source.metric_source(metric), source.metric_test_source(metric, dataset)]
    for number, text in enumerate(texts):
        (tmp_path / f"made_{number}.py").write_text(text, "utf-8")
    for command in (("format", "--diff"), ("check",)):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", str(ROOT / "ruff.toml")]
        ruff += ["--extend-ignore", "D1,I001"] if command == ("check",) else []
        done = subprocess.run([*ruff, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


COLUMNS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], str]]] = {
    "bigint": (st.integers(-(2**62), 2**62), str),
    "decimal(14,2)": (st.integers(-(10**11), 10**11), lambda n: str(Decimal(str(n)).scaleb(-2))),
    "double": (st.floats(-1e200, 1e200), lambda x: f"{x:.9e}"),
    "boolean": (st.booleans(), lambda x: str(x).lower()),
    "date": (st.dates(date(1000, 1, 1)), str),
    "timestamp": (st.datetimes(datetime(1970, 1, 1), datetime(2030, 1, 1)), lambda x: x.isoformat(" ", "seconds")),
    "string": (st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=9), lambda text: f"t{text}"),
}  # fmt: skip
TABLES = st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=6).flatmap(
    lambda kinds: st.tuples(
        st.just(kinds),
        st.sampled_from(",;\t|"),
        st.lists(st.tuples(*(COLUMNS[kind][0] for kind in kinds)), min_size=3, max_size=30),
    )
)


@given(TABLES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_records_of_a_table_with_known_types_pass(
    tmp_path: Path, table: tuple[list[str], str, list[tuple[object, ...]]]
) -> None:
    kinds, delimiter, rows = table
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([f"Column {number}" for number in range(len(kinds))])
    writer.writerows([COLUMNS[kind][1](value) for kind, value in zip(kinds, row, strict=True)] for row in rows)
    path = tmp_path / "table.csv"
    path.write_text(out.getvalue(), "utf-8")
    dataset, _, outcome = proposed(path)
    assert (outcome.good, outcome.quarantined) == (len(rows), 0)
    found = [re.sub("^decimal.1[456],", "decimal(14,", column.type) for column in dataset.columns]
    assert found == kinds


LOG_LINE = '203.0.113.1 - - [10/Oct/2024:13:55:00 -0700] "GET / HTTP/1.1" 200 5 "-" "x" "198.51.100.7" 0.001\n'
REFUSED = {
    "nothing": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "a header alone": (b"a,b\n", "no records behind its header"),
    "no header": (b"1,2.5\n3,4.5\n", "names no columns"),
    "binary": (b"PK\x03\x04\x00\x00\x01", "NUL bytes"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "NUL bytes"),
    "a header twice": (b"a,a\n1,2\n", "duplicate_column"),
    "single quotes": (b"'a','b'\n'1','2'\n", "double quotes"),
    "JSON without objects": (b"[1, 2]", "no JSON object"),
    "a log that goes on behind its end": (LOG_LINE.encode() * 2, "neither Common nor Combined log format"),
    "a line for Excel": (b"sep=;\r\nid;a\r\n1;2\r\n", "by which Excel knows the delimiter"),
}


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_used_is_refused_in_a_line(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(ProposalError, match=why) as refused:
        sample.read(path)
    assert "\n" not in str(refused.value)


NAMES = {
    "words of judging's own": ("problem", "row", "line", "header", "text_a", "reasons", "batch", "raw"),
    "what JSON escapes": ('a"b', "a\\b", "a\nb", "a"),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_field_may_have_any_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "file.json").write_text("\n".join(json.dumps(dict.fromkeys(names, n)) for n in range(9)))
    dataset, _, outcome = proposed(tmp_path / "file.json")
    assert [f.source for f in dataset.fields] == list(names)
    assert (outcome.good, outcome.quarantined) == (9, 0)


def test_whole_numbers_beyond_a_bigint_stay_exact_in_silver_and_in_a_sum(tmp_path: Path) -> None:
    rows = [{"kind": "ab"[n % 2], "views": 9 * 10**18 + n, "huge": 2**64 + n} for n in range(9)]
    (tmp_path / "file.json").write_text("\n".join(map(json.dumps, rows)))
    dataset, metric, outcome = proposed(tmp_path / "file.json")
    assert types(dataset) == {"kind": "string", "views": "bigint", "huge": "decimal(24,0)"}
    assert (outcome.good, metric is not None and metric.aggregates[0].column.type) == (9, "decimal(38,0)")
    (tmp_path / "file.csv").write_text("kind,views\n" + "".join(f"{row['kind']},{row['views']}\n" for row in rows))
    summed = proposed(tmp_path / "file.csv")[1]
    assert summed is not None
    assert summed.aggregates[0].expression == "cast(sum(cast(views as decimal(38,0))) as decimal(38,0))"


def test_numbers_are_not_tried_as_times_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def counted(text: pl.Series, kind: str, formats: Sequence[str] = ()) -> pl.Series:
        tried.append(kind)
        return convert(text, kind, formats)

    monkeypatch.setattr(guess, "convert", counted)
    assert guess.guess(pl.Series(["1.5", "2.25"])).type == "decimal(14,2)"
    assert len(tried) < 10


def test_what_stays_text_for_want_of_a_type_is_told_and_is_no_group(tmp_path: Path) -> None:
    amounts = ["$1,234.50", "$9.99", "-$3.00", "€ 1.234", "12,50 €", "5 %", "1,234.56", "7", "100 EUR"]
    rows = [
        {"price": amount, "actor": {"id": n, "login": f"l{n}"}, "kind": "ab"[n % 2]} for n, amount in enumerate(amounts)
    ]
    (tmp_path / "file.json").write_text("\n".join(map(json.dumps, rows)))
    made = propose("sales", sample.read(tmp_path / "file.json"))
    assert set(made.doubts) == {"price", "actor"}
    assert "kept as text" in made.doubts["price"]
    # A person may be told by what is inside of an object.
    assert made.dataset.personal == {"actor"}
    assert made.metric is not None
    assert made.metric.group == "kind"


def test_names() -> None:
    sources = ["InvoiceNo", "Größe (cm)", "Order", "batch", "价格", "2024", "Invoice No", "text_a", "Page", "month"]
    assert column_names("sales", sources) == [
        "invoice_no", "groesse_cm", "field_order", "batch_2", "column_5", "field_2024", "invoice_no_2", "field_text_a",
        "field_page", "field_month",
    ]  # fmt: skip
    assert [n for n in ("CustomerID", "E-Mail", "Last Name", "Product name", "UserAgent") if is_personal(n)] == [
        "CustomerID", "E-Mail", "Last Name",
    ]  # fmt: skip
    assert [n for n in ("sales", "Sales", "1a", "select", "class", "a-b", "") if not why_unfit(n)] == ["sales"]

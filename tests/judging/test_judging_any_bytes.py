"""Whatever the bytes: one judged row each, the same alone as among others, good or with reasons but never both."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_cases import Case, bronze, good, reasons

from lakehouse.datasets import DATASETS
from lakehouse.judging import judge as judging
from lakehouse.judging import parse_csv
from lakehouse.judging.judge import judge, judged_schema
from lakehouse.model import Dataset

SOURCES = sorted({field.source for dataset in DATASETS.values() for field in dataset.fields})
HEADERS = [",".join(field.source for field in dataset.fields) for dataset in DATASETS.values()]

# Values and pieces that mean something to one of the parsers, so that more than the first check is reached.
TEXTS = ["", " ", "-", "a", "é", "\x00", "1", "-0", "2.50", "1e3", "2025-01-05", "2025-01-05T10:00:00+05:30",
         "10.0.0.1", "refund", "card", "2147483648", "10/Oct/2025:13:55:36 +0000", "GET / HTTP/1.1", "200",
         "\u2028"]  # fmt: skip
PIECES = [b'"', b'""', b",", b"\\", b'\\"', b"\r\n", b"\t", b"{", b"}", b"[", b"]", b":", b"null", b"NaN", b"\\ud800",
          b"\xff", b"\x00", b" - - [", b'] "GET / HTTP/1.1" 200 1', *(text.encode() for text in TEXTS)]  # fmt: skip

values = st.sampled_from(TEXTS) | st.text(max_size=8) | st.integers() | st.floats() | st.booleans() | st.none()
objects = st.dictionaries(st.sampled_from(SOURCES), values, max_size=9).map(lambda o: json.dumps(o).encode())
rows = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=11).map(lambda fields: ",".join(fields).encode())
logs = st.builds(
    lambda ip, time, request, rest: f'{ip} - - [{time}] "{request}" {rest}'.encode(),
    *(st.sampled_from(TEXTS) for _ in range(3)),
    st.sampled_from(["200 1", '200 - "-" "a"', '200 1 "\\"" "\\\\"', "x y", '1 2 "', ""]),
)
pieces = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@st.composite
def garbled(draw: st.DrawFn) -> bytes:
    """A sound record with a piece of another kind somewhere in it."""
    raw = draw(objects | rows | logs)
    at = draw(st.integers(0, len(raw)))
    return raw[:at] + draw(st.sampled_from(PIECES)) + raw[at + draw(st.integers(0, 2)) :]


raws = st.none() | st.binary(max_size=40) | pieces | objects | rows | logs | garbled()
cases = st.builds(
    Case,
    st.just("any"),
    raws,
    format=st.sampled_from(["csv", "json", "log", "csv", "json", "log", "xml", None]),
    header=st.sampled_from([*HEADERS, None, "", '"', "a,b", "a\nb"]),
    is_cut=st.sampled_from([False, False, False, True]),
)
datasets = st.sampled_from(list(DATASETS.values()))


def judge_alone(batch: pa.RecordBatch, dataset: Dataset) -> Iterator[dict[str, object]]:
    for number in range(batch.num_rows):
        yield from judge(batch.slice(number, 1), dataset).to_pylist()


def assert_is_whole(row: dict[str, object], dataset: Dataset) -> None:
    given = {column.name for column in dataset.columns if row[column.name] is not None}
    required = {field.column.name for field in dataset.fields if field.required}
    if reasons(row):
        assert not given
        assert len(set(reasons(row))) == len(reasons(row))
    else:
        assert required - {"amount"} <= given


@settings(deadline=None, max_examples=75)
@given(st.lists(cases, max_size=30), datasets)
def test_every_record_is_judged_the_same_alone_and_among_others(records: list[Case], dataset: Dataset) -> None:
    batch = bronze(records)
    judged = judge(batch, dataset)
    assert judged.schema.equals(judged_schema(dataset))
    assert judged.to_pylist() == list(judge_alone(batch, dataset))
    for name in ("batch", "source", "source_id", "position", "raw", "kafka_timestamp", "ingested_at"):
        assert judged[name].equals(batch[name])
    for row in judged.to_pylist():
        assert_is_whole(row, dataset)


@settings(deadline=None, max_examples=75)
@given(st.lists(rows | pieces | garbled(), min_size=1, max_size=20), st.sampled_from(HEADERS), datasets)
def test_csv_split_at_once_reads_like_csv_read_one_by_one(raws: list[bytes], header: str, dataset: Dataset) -> None:
    batch = bronze([Case("csv", raw, format="csv", header=header) for raw in raws])
    exact = judge(batch, dataset)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse_csv, "_MIN_GROUP", 1)
        assert judge(batch, dataset).equals(exact)


@settings(deadline=None, max_examples=50)
@given(st.lists(cases, max_size=20), datasets, st.integers(1, 60))
def test_slices_change_nothing(records: list[Case], dataset: Dataset, size: int) -> None:
    batch = bronze(records)
    whole = judge(batch, dataset)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "SLICE_BYTES", size)
        assert judge(batch, dataset).equals(whole)


def test_large_types_and_more_columns_are_taken_too() -> None:
    record = good("a", b'{"likes": 1}', likes=None)
    batch = bronze([record, replace(record, raw=None)])
    fields = [pa.field(f.name, {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}.get(f.type, f.type))
              for f in batch.schema]  # fmt: skip
    large = batch.cast(pa.schema(fields)).append_column("run_id", pa.array(["r", "r"]))
    for dataset in DATASETS.values():
        assert judge(large, dataset).equals(judge(batch, dataset))


def test_no_rows_make_no_rows() -> None:
    for dataset in DATASETS.values():
        judged = judge(bronze([]), dataset)
        assert judged.num_rows == 0
        assert judged.schema.equals(judged_schema(dataset))

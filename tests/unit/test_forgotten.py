"""What was forgotten is known again by hashes alone, and refused where it comes in by file, without Spark."""

import json

import polars as pl
import pyarrow as pa
import pytest
import store_bytes
from inbox_box import HEADER, LOG, POST, ROW, Box

import balance
from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, forgetting, forgotten, ledger, restoring
from lakehouse.lake.forgotten import Named, digest

KEY = b"k" * 64
MENTIONS = [
    ("Ada", b"c1,Ada,5", True),
    ("Ada", b'{"user": "Ada"', True),
    ("Ada", b"Ada", True),
    ("Ada", b"c1,Adam,5", False),
    ("Ada", b"c1,BAda,5", False),
    ("Ada", "c1,Adaé,5".encode(), False),
    ("Zoë \u2603", '{"user": "Zoë \u2603"'.encode(), True),
    ("Zoë \u2603", rb'{"user": "Zo\u00eb \u2603"', True),
    ('Ada "the" L', b'c1,"Ada ""the"" L",5', True),
    ("1.2.3.4", b"1.2.3.4 - - [", True),
    ("1.2.3.4", b"1x2.3.4 - - [", False),
    ("1.2.3.4", b"\xff 1.2.3.4 \xfe", True),
    ("Ada", None, False),
]


@pytest.mark.parametrize(("value", "raw", "is_held"), MENTIONS)
def test_bytes_hold_a_value_where_it_is_a_word_of_them(value: str, raw: bytes | None, is_held: bool) -> None:
    named = Named("logs", KEY, "user", value)
    assert named.mentioned(pa.array([raw, b""], pa.binary())).to_list() == [is_held, False]


def test_a_hash_tells_dataset_column_and_value_apart_and_needs_the_key() -> None:
    places: list[tuple[str, str, str | bytes]] = [
        ("logs", "user", "a"),
        ("logs", "ip", "a"),
        ("social_data", "user", "a"),
        ("logs", "user", b"\0a"),
    ]
    assert len({digest(key, *place) for place in places for key in (KEY, KEY[1:])}) == 8


def test_nothing_is_read_of_a_lake_that_has_forgotten_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    standings = box.lake.make_tables()
    monkeypatch.setattr(Lake, "open", None)
    assert forgotten.load(box.lake, standings) == {}


RECORDS = {
    "transactions": ("client_name", "Ada", HEADER + ROW, HEADER + ROW.replace(b"Ada", b"Adam")),
    "logs": ("ip", "1.2.3.4", LOG, LOG.replace(b"1.2.3.4", b"1.2.3.44")),
    "social_data": ("message", "hi", POST, POST.replace(b"hi", b"hi all")),
}


@pytest.mark.parametrize("dataset", RECORDS)
def test_what_is_forgotten_never_comes_to_bronze(dataset: str, box: Box) -> None:
    column, value, hers, other = RECORDS[dataset]
    ending = {"transactions": "csv", "logs": "log", "social_data": "json"}[dataset]
    named = Named(dataset, forgotten.make_key(box.lake), column, value)
    forgotten.record(box.lake, dataset, [{"column": column, "digest": named.digest}], "asked")
    box.put(f"{dataset}/hers.{ending}", hers)
    box.put(f"{dataset}/both.{ending}", hers + b"\n" + other.removeprefix(HEADER))
    box.land()
    assert [row["position"] for row in box.bronze(dataset)] == [1]
    line = {line.dataset: line for line in ledger.balance(box.lake)}[dataset]
    assert (line.is_closed, line.from_files, line.forgotten, line.bronze, line.gaps) == (True, 3, 2, 1, 0)
    assert ", 2 forgotten" in balance.sheet([line])
    pattern = rb"(?<![\w.])%s(?![\w.])(?! all)" % value.replace(".", r"\.").encode()
    assert store_bytes.holding(box.lake, pattern) == []
    assert box.land().decisions == []
    # A copy by another name is the same file.
    box.put(f"{dataset}/copy.{ending}", hers)
    assert [decision.status for decision in box.land().decisions] == ["duplicate"]


def test_records_that_cannot_be_read_are_known_by_all_of_their_bytes(box: Box) -> None:
    broken = b'{"user": "ada", "message": '
    box.put("social_data/1.json", broken + b"\n" + POST)
    box.land()
    dataset, standings = DATASETS["social_data"], box.lake.make_tables()
    named = Named("social_data", forgotten.make_key(box.lake), "user", "ada")
    rows, others = forgetting.search(box.lake, dataset, standings["bronze.social_data"].files, named)
    assert sorted((row["position"], row["column"]) for row in rows) == [(0, "raw"), (1, "user")]
    assert others == 0
    forgotten.record(box.lake, "social_data", [{"column": "user", "digest": named.digest}, *rows], "asked")
    forgetting.sweep(box.lake, standings, dataset, "asked")
    assert box.bronze("social_data") == []
    box.put("social_data/2.json", broken + b"\n" + broken.replace(b"ada", b"bob"))
    box.land()
    assert [json.loads(row["raw"] + b'""}')["user"] for row in box.bronze("social_data")] == ["bob"]


def test_others_that_hold_the_bytes_elsewhere_are_counted_and_stay(box: Box) -> None:
    box.put("social_data/1.json", POST + b"\n" + POST.replace(b'"ada"', b'"bob"').replace(b"hi", b"hi ada!"))
    box.land()
    named = Named("social_data", KEY, "user", "ada")
    files = box.lake.standing("bronze.social_data").files
    rows, others = forgetting.search(box.lake, DATASETS["social_data"], files, named)
    assert ([row["position"] for row in rows], others) == ([0], 1)


def test_only_files_that_hold_a_record_are_written_again(box: Box) -> None:
    for number in range(3):
        box.put(f"logs/{number}.log", LOG * (number + 2))
        box.land()
    files = box.lake.standing("bronze.logs").files
    row = box.bronze("logs")[0]
    gone = pl.DataFrame({"source_id": [row["source_id"], "0"], "position": [1, 0]})
    made = forgetting.without(box.lake, "bronze.logs", files, gone)
    assert [row["source_id"] in file.path for file in made.removed] == [True]
    assert sum(file.rows for file in made.added) == made.removed[0].rows - 1
    assert made.added[0].least["source_id"] == row["source_id"]


def test_a_file_of_which_all_is_forgotten_is_counted_once_through_a_restore(box: Box) -> None:
    box.put("logs/hers.log", LOG)
    box.land()
    dataset, standings = DATASETS["logs"], box.lake.make_tables()
    named = Named("logs", forgotten.make_key(box.lake), "ip", "1.2.3.4")
    rows, _ = forgetting.search(box.lake, dataset, standings["bronze.logs"].files, named)
    forgotten.record(box.lake, "logs", [{"column": "ip", "digest": named.digest}, *rows], "asked")
    forgetting.sweep(box.lake, standings, dataset, "asked")
    version = box.lake.open("bronze.logs").version()
    box.put("logs/other.log", LOG.replace(b"1.2.3.4", b"5.6.7.8") * 2)
    box.land()
    restoring.restore(box.lake, restoring.to_version(box.lake, "bronze.logs", version), box.lake.make_tables(), "undo")
    for rows_then in (0, 2, 2):
        line = {line.dataset: line for line in ledger.balance(box.lake)}["logs"]
        assert (line.is_closed, line.bronze, line.gaps) == (True, rows_then, 0)
        box.land()
    assert (line.from_files, line.forgotten) == (3, 1)

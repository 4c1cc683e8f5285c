"""What landing makes of each kind of file of the inbox, on a real lake on the local disk."""

import gzip
import hashlib
import json
import os

import pytest
from inbox_box import HEADER, LOG, POST, ROW, Box
from test_records import peak

from lakehouse.landing import inbox
from lakehouse.landing.cut_lines import KEPT_BYTES

CUT = {
    "carriage returns and line feeds": (
        "transactions/a.csv", (HEADER + ROW * 2).replace(b"\n", b"\r\n"), [ROW] * 2, 0,
    ),
    "carriage returns": ("transactions/a.csv", (HEADER + ROW * 2).replace(b"\n", b"\r"), [ROW] * 2, 0),
    "byte-order mark": ("transactions/a.csv", b"\xef\xbb\xbf" + HEADER + ROW, [ROW], 0),
    "a quote that never closes": (
        "transactions/a.csv", HEADER + b'c1,"Ada\n' + ROW * 3, [b'c1,"Ada', ROW, ROW, ROW], 0,
    ),
    "blank lines": ("transactions/a.csv", b"\n" + HEADER + b"\n" + ROW + b"  \n\n" + ROW, [ROW, ROW], 4),
    "nothing": ("transactions/a.csv", b"", [], 0),
    "header alone": ("transactions/a.csv", HEADER, [], 0),
    "two gzip members": ("logs/a.log.gz", gzip.compress(LOG) + gzip.compress(LOG * 2), [LOG] * 3, 0),
    "gzip of nothing": ("logs/a.log.gz", gzip.compress(b""), [], 0),
    "lines": ("logs/access.log.1", LOG * 2, [LOG] * 2, 0),
    "no end behind the last line": ("logs/a.log", LOG + LOG[:-1], [LOG] * 2, 0),
    "an array": ("social_data/a.json", b"[" + POST + b", " + POST + b"]", [POST] * 2, 0),
    "a pretty-printed array": (
        "social_data/a.json", json.dumps([{"a": 1}, {"b": [2]}], indent=2).encode(),
        [b'{\n    "a": 1\n  }', b'{\n    "b": [\n      2\n    ]\n  }'], 0,
    ),
    "JSON lines": ("social_data/a.jsonl", POST + b"\n\n" + POST, [POST] * 2, 1),
    "a broken element": ("social_data/a.json", b"[" + POST + b", {x}, " + POST + b"]", [POST, b"{x}", POST], 0),
    "a JSON array with a byte-order mark": ("social_data/a.json", b"\xef\xbb\xbf[" + POST + b"]", [POST], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_records_of_a_file_come_to_bronze_as_they_are(box: Box, name: str) -> None:
    file, data, expected, blank = CUT[name]
    path = box.put(file, data)
    box.land()
    (row,) = box.ledger()
    plain = gzip.decompress(data) if file.endswith(".gz") else data
    assert (row["status"], row["reason"], row["records"], row["blank"]) == ("landed", None, len(expected), blank)
    assert (row["dataset"], row["name"], row["size"]) == (*file.split("/"), len(data))
    assert row["sha256"] == hashlib.sha256(plain).hexdigest()
    assert row["mtime"] == inbox.stamp(path)[1]
    assert box.records(str(row["dataset"]), row["sha256"]) == [e.removesuffix(b"\n") for e in expected]


REFUSED = {
    "no header": ("transactions/a.csv", ROW, "no_header"),
    "a column missing": ("transactions/a.csv", HEADER.replace(b"Product,", b"") + ROW, "missing_column"),
    "a column twice": ("transactions/a.csv", HEADER[:-1] + b",ClientID\n", "duplicate_column"),
    "semicolons": ("transactions/a.csv", HEADER.replace(b",", b";"), "delimiter"),
    "gzip that ends early": ("logs/a.log.gz", gzip.compress(LOG * 1000)[:-20], "truncated"),
    "damaged gzip": ("logs/a.log.gz", gzip.compress(os.urandom(5000))[:900] + b"x" * 5000, "truncated"),
    "text behind gzip": ("logs/a.log.gz", gzip.compress(LOG) + b"more", "truncated"),
    "text named .gz": ("logs/a.log.gz", LOG, "not_gzip"),
    "gzip without the ending": ("logs/a.log", gzip.compress(LOG), "gzip_name"),
    "UTF-16": ("transactions/a.csv", HEADER.decode().encode("utf-16"), "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_and_the_others_go_on(box: Box, name: str) -> None:
    file, data, reason = REFUSED[name]
    path = box.put(file, data)
    box.put("logs/good.log", LOG)
    box.land()
    rows = {row["name"]: row for row in box.ledger()}
    refused = rows[path.name]
    assert (refused["status"], str(refused["reason"]).partition(":")[0]) == ("rejected", reason)
    # What could be read to its end has a hash, whatever it holds.
    is_read = reason not in ("truncated", "not_gzip", "gzip_name")
    assert (refused["records"], refused["sha256"]) == (0, hashlib.sha256(data).hexdigest() if is_read else None)
    assert box.bronze(str(refused["dataset"])) == [] or refused["dataset"] == "logs"
    assert rows["good.log"]["status"] == "landed"
    assert path.read_bytes() == data
    assert len(box.data_files()) == 1


@pytest.mark.parametrize("file", ["logs/a.log", "social_data/a.json", "transactions/a.csv"])
def test_a_long_record_is_cut_and_takes_little_memory(box: Box, file: str) -> None:
    long = {"logs/a.log": b"GET /" + b"x" * 5_000_000 + b"\n" + LOG}
    long["transactions/a.csv"] = HEADER + b'c1,"' + b"x" * 5_000_000 + b'",Lamp\n' + ROW
    long["social_data/a.json"] = b'[{"message": "' + b"x" * 5_000_000 + b'"}, ' + POST + b"]"
    box.put(file, long[file])
    assert peak(box.land) < 40 << 20
    (row,) = box.ledger()
    first, second = box.records(str(row["dataset"]), row["sha256"])
    assert len(first) == KEPT_BYTES
    assert second in (LOG[:-1], ROW[:-1], POST)
    assert [row["is_cut"] for row in box.bronze(file.partition("/")[0])] == [True, False]

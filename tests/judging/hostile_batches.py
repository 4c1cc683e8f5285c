"""Batches of records made to be dear: long fields, deep nesting, many columns, keys and headers, numbers.

Run with the name of a batch it judges that batch as a record of each dataset, and prints what the process took above
what the batch takes, in bytes.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from judging_cases import Case, bronze

from lakehouse.datasets import DATASETS
from lakehouse.judging.judge import judge

MIB = 1 << 20
HEADERS = {name: ",".join(field.source for field in dataset.fields) for name, dataset in DATASETS.items()}


def csv(raw: bytes, header: str = HEADERS["transactions"]) -> Case:
    return Case("csv", raw, format="csv", header=header)


def log(raw: bytes) -> Case:
    return Case("log", raw, format="log")


def value(text: bytes) -> Case:
    """Return a JSON record that has one value in every field of every dataset."""
    fields = {field.source for dataset in DATASETS.values() for field in dataset.fields}
    return Case("json", b"{" + b",".join(b'"%s":%s' % (name.encode(), text) for name in sorted(fields)) + b"}")


def long_fields() -> list[Case]:
    text = b"x" * (MIB - 200)
    post = b'{"user":"u","message":"%s","post_date":"2025-01-01","likes":1,"retweets":1}' % text
    line = b'10.0.0.1 - - [10/Oct/2025:13:55:36 +0000] "GET /%s HTTP/1.1" 200 1' % text
    return [Case("json", post), csv(b"t," + text), csv(b't,"' + text + b'"'), csv(b't,"' + text), log(line)] * 20


def escapes() -> list[Case]:
    text = b"\\u0041" * (MIB // 6 - 40)
    post = b'{"user":"u","message":"%s","post_date":"2025-01-01","likes":1,"retweets":1}' % text
    line = b'10.0.0.1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "%s"' % (b'\\"' * (MIB // 2 - 80))
    return [Case("json", post), log(line)] * 50


def nesting() -> list[Case]:
    found = []
    for depth in (400, 3_000, MIB // 2 - 100):
        found += [Case("json", b"[" * depth + b"]" * depth), value(b"1")]
        found.append(Case("json", b'{"likes":' + b"[" * depth + b"]" * depth + b"}"))
        found.append(Case("json", b'{"new":' + b'{"a":' * (depth // 4) + b"1" + b"}" * (depth // 4) + b"}"))
    return [*found, Case("json", b'{"likes":[' + b"[]," * (MIB // 3 - 20) + b"[]]}")] * 10


def commas() -> list[Case]:
    plain, quoted = b"," * (MIB - 10), b'""' + b"," * (MIB - 10)
    wide = ",".join(f"column{number}" for number in range(30_000))
    rows = [csv(b",".join([b"1"] * 30_000)), csv(b",".join([b"1"] * 30_000), wide)]
    return [csv(plain), csv(quoted), log(b'"' * MIB), log(b" " * (MIB - 1) + b"x"), *rows] * 20


def many_headers() -> list[Case]:
    return [csv(b"1,2,3", f"ClientID,Product,Column{number}") for number in range(20_000)]


def many_keys() -> list[Case]:
    keys = {f"key {number}": number for number in range(30_000)}
    broken = json.dumps(keys).encode()[:-1]
    twice = b"{" + b",".join([b'"likes":1'] * 30_000) + b"}"
    return [Case("json", json.dumps(keys).encode()), Case("json", broken), Case("json", twice)] * 10


def numbers() -> list[Case]:
    texts = [b"9" * 4_301, b"9" * 300_000, b"0." + b"1" * 300_000, b"-0", b"1e400", b"1E-400", b"1e99", b"-1.5e+26",
             b"1e999999999999999999", b"1" * 5_000 + b"e99", b"%d" % 10**30, b"NaN", b"-Infinity"]  # fmt: skip
    rows = [csv(b",".join([text] * 9)) for text in texts]
    return [*rows, *map(value, texts), *(value(b'"%s"' % text) for text in texts)]


def bytes_of_all_kinds() -> list[Case]:
    raws = [bytes(range(256)), b"\x00", b"\x00" * MIB, b"\xff" * MIB, b"\xed\xa0\x80", b"\xef\xbb\xbf{}", b"\xc0\x80",
            b'{"user":"\\ud800"}', b'{"user":"\\udc00\\ud800","likes":1}', b'{"\\ud800":1}', b'{"user":"\\u0000"}',
            b'{"user":"a\x00"}', b"\\", b'"', b"'", b"\r", b"\n", b"\xe2\x80\xa8", b"\x1f\x8b\x08\x00"]  # fmt: skip
    return [Case("any", raw, format=kind, header=HEADERS["logs"]) for raw in raws for kind in ("csv", "json", "log")]


BATCHES: dict[str, Callable[[], list[Case]]] = {
    batch.__name__: batch
    for batch in (long_fields, escapes, nesting, commas, many_headers, many_keys, numbers, bytes_of_all_kinds)
}


def memory(line: str) -> int:
    """Return what Linux says of this process, in bytes: VmRSS is its memory now, VmHWM the most it was."""
    found = re.search(rf"{line}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def main() -> None:
    """Judge the batch that the first argument names."""
    warm = bronze([Case("json", b"{}"), csv(b"1"), log(b"-")])
    for dataset in DATASETS.values():
        judge(warm, dataset)
    batch = bronze(BATCHES[sys.argv[1]]())
    Path("/proc/self/clear_refs").write_text("5")  # the most it was counts from here on
    before = memory("VmRSS")
    for dataset in DATASETS.values():
        assert judge(batch, dataset).num_rows == batch.num_rows
    sys.stdout.write(str(memory("VmHWM") - before))


if __name__ == "__main__":
    main()

"""What a record is: lines and CSV records with quoted line breaks, however the bytes arrive."""

import re
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.landing import cut_csv, cut_lines
from lakehouse.landing.cut_csv import csv_records
from lakehouse.landing.cut_lines import Cut, Record, Tally, lines

Cutter = Callable[[Iterable[bytes], Tally], Iterator[Record]]
BOUNDED = settings(derandomize=True, deadline=None, max_examples=150, database=None)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def cut(cutter: Cutter, data: bytes, size: int = 1 << 20) -> tuple[list[Record], int]:
    tally = Tally()
    return list(cutter(pieces(data, size), tally)), tally.blank


def long_line(size: int, start: bytes = b"", end: bytes = b"\n") -> Iterator[bytes]:
    """Yield a line of many bytes without ever holding it."""
    yield start
    chunk = b"x" * (1 << 20)
    yield from (chunk for _ in range(size >> 20))
    yield end


def peak(work: Callable[[], object]) -> int:
    """Return the most bytes that Python held at once while it worked."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LINES = {
    "nothing": (b"", [], 0),
    "line feeds": (b"a\nb\n", [b"a", b"b"], 0),
    "no end behind the last one": (b"a\nb", [b"a", b"b"], 0),
    "carriage returns and line feeds": (b"a\r\nb\r\n", [b"a", b"b"], 0),
    "carriage returns": (b"a\rb\r", [b"a", b"b"], 0),
    "carriage returns, no end behind the last one": (b"a\rb", [b"a", b"b"], 0),
    "a carriage return inside a line": (b"a\rb\nc\n", [b"a\rb", b"c"], 0),
    "blank lines": (b"\n\na\n  \n\t\nb\n\n", [b"a", b"b"], 5),
    "blank lines only": (b"\r\n\r\n", [], 2),
    "blanks around": (b" a \n", [b" a "], 0),
    "bytes of no encoding": (b"\xff\x00\xe9\n\x80", [b"\xff\x00\xe9", b"\x80"], 0),
    "quotes mean nothing": (b'"a\nb"\n', [b'"a', b'b"'], 0),
    "as long as allowed": (b"x" * cut_lines.MAX_RECORD + b"\ny\n", [b"x" * cut_lines.MAX_RECORD, b"y"], 0),
    "too long by one": (b"x" * (cut_lines.MAX_RECORD + 1) + b"\ny\n", [Cut(b"x" * cut_lines.KEPT_BYTES), b"y"], 0),
    "too long, last": (b"a\n" + b"x" * 3_000_000, [b"a", Cut(b"x" * cut_lines.KEPT_BYTES)], 0),
    "too long twice": (
        (b"x" * 2_500_000 + b"\n") * 2 + b"z\n", [*[Cut(b"x" * cut_lines.KEPT_BYTES)] * 2, b"z"],
        0,
    ),
}  # fmt: skip

CSV = {
    "plain": (b"a,b\nc,d\n", [b"a,b", b"c,d"], 0),
    "quoted line break": (b'a,"b\nc"\nd\n', [b'a,"b\nc"', b"d"], 0),
    "quoted line break of two characters": (b'a,"b\r\nc"\r\nd\r\n', [b'a,"b\r\nc"', b"d"], 0),
    "quoted carriage return": (b'a,"b\rc"\rd\r', [b'a,"b\rc"', b"d"], 0),
    "blank lines inside quotes": (b'"a\n\n\nb"\n\nc\n', [b'"a\n\n\nb"', b"c"], 1),
    "doubled quotes": (b'"a ""b""",c\n"",d\n', [b'"a ""b""",c', b'"",d'], 0),
    "doubled quotes before a line break": (b'"a""\nb",c\nd\n', [b'"a""\nb",c', b"d"], 0),
    "a quote in the middle": (b'5" pipe,a\nb\n', [b'5" pipe,a', b"b"], 0),
    "text behind a closing quote": (b'"a"b,c\nd\n', [b'"a"b,c', b"d"], 0),
    "a comma inside quotes": (b'"a,b",c\n', [b'"a,b",c'], 0),
    "closed and opened again on a line": (b'"a\nb","c\nd"\ne\n', [b'"a\nb","c\nd"', b"e"], 0),
    "never closed": (b'a,"b\nc,d\ne,f\n', [b'a,"b', b"c,d", b"e,f"], 0),
    "never closed, last": (b'a,b\nc,"d', [b"a,b", b'c,"d'], 0),
    "closed within 100 lines": (b'"a' + b"\nx" * 99 + b'"\ny\n', [b'"a' + b"\nx" * 99 + b'"', b"y"], 0),
    "closed after 101 lines": (
        b'"a' + b"\nx" * 100 + b'"\ny\n', [b'"a', *[b"x"] * 99, b'x"', b"y"], 0,
    ),
    "closed after 64 KiB": (
        b'"a\n' + b"x" * cut_csv.MAX_QUOTED_BYTES + b'"\ny\n', [b'"a', b"x" * cut_csv.MAX_QUOTED_BYTES + b'"', b"y"], 0,
    ),
    "blank lines behind a quote never closed": (b'"a\n\nb\n', [b'"a', b"b"], 1),
    "a quote open before a line too long": (
        b'"a\n' + b"x" * 2_000_000 + b'\nb"\n', [b'"a', Cut(b"x" * cut_lines.KEPT_BYTES), b'b"'], 0,
    ),
    "two quotes never closed": (b'"a\nb\n,"c\n', [b'"a\nb\n,"c'], 0),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("name", LINES)
def test_lines_are_cut(name: str, size: int) -> None:
    data, expected, blank = LINES[name]
    if len(data) > 10_000 and size < 7:
        size = 4099
    assert cut(lines, data, size) == (expected, blank)


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("name", CSV)
def test_csv_records_are_cut(name: str, size: int) -> None:
    data, expected, blank = CSV[name]
    if len(data) > 10_000 and size < 7:
        size = 4099
    assert cut(csv_records, data, size) == (expected, blank)


tricky = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b'"', b'""', b",", b"a", b" ", b"\xff", b"\xc3\xa9"]))
texts = tricky.map(b"".join)
sizes = st.integers(1, 40)


@BOUNDED
@given(texts, sizes, sizes)
@pytest.mark.parametrize("cutter", [lines, csv_records])
def test_records_do_not_depend_on_how_they_were_read(cutter: Cutter, data: bytes, one: int, other: int) -> None:
    assert cut(cutter, data, one) == cut(cutter, data, other)


@BOUNDED
@given(texts, sizes, sizes)
@pytest.mark.parametrize("cutter", [lines, csv_records])
def test_records_do_not_depend_on_the_blocks_where_line_ends_agree(
    cutter: Cutter, data: bytes, block: int, size: int
) -> None:
    data = data.replace(b"\r", b"")
    with patch.object(cut_lines, "BLOCK", block):
        assert cut(cutter, data, size) == cut(cutter, data, len(data) + 1)


@BOUNDED
@given(texts, sizes)
@pytest.mark.parametrize("cutter", [lines, csv_records])
def test_nothing_is_lost_but_line_ends_and_blank_lines(cutter: Cutter, data: bytes, size: int) -> None:
    found, _ = cut(cutter, data, size)
    kept = b"".join(b"".join(re.split(rb"[\r\n]", r)) for r in found if isinstance(r, bytes))
    expected = b"".join(line for line in re.split(rb"[\r\n]", data) if line.strip())
    assert kept.replace(b" ", b"") == expected.replace(b" ", b"")


@BOUNDED
@given(texts.map(lambda data: data.replace(b"\r", b"")), sizes)
def test_lines_and_blank_lines_are_all_lines(data: bytes, size: int) -> None:
    found, blank = cut(lines, data, size)
    assert len(found) + blank == len(data.split(b"\n")) - (data.split(b"\n")[-1] == b"")


@BOUNDED
@given(st.lists(st.lists(st.text('ab\n\r," é'), min_size=2, max_size=4), min_size=1, max_size=20), sizes)
def test_what_a_csv_writer_writes_comes_back_row_by_row(rows: list[list[str]], size: int) -> None:
    written = [",".join('"' + field.replace('"', '""') + '"' for field in row).encode() for row in rows]
    if b"\n" not in b"".join(written) and any(b"\r" in row for row in written):
        written = [row.replace(b"\r", b"") for row in written]
    assert cut(csv_records, b"".join(row + b"\n" for row in written), size)[0] == written


@pytest.mark.parametrize("cutter", [lines, csv_records])
@pytest.mark.parametrize("start", [b"", b'a,"'], ids=["plain", "in quotes"])
def test_a_line_of_64_megabytes_takes_little_memory(cutter: Cutter, start: bytes) -> None:
    found: list[Record] = []
    most = peak(lambda: found.extend(cutter(long_line(64 << 20, start, b"\nb\n"), Tally())))
    assert [isinstance(r, Cut) for r in found] == [True, False]
    assert isinstance(found[0], Cut)
    assert len(found[0].kept) == cut_lines.KEPT_BYTES
    assert most < 12 << 20


def test_lines_that_each_leave_a_quote_open_are_looked_at_twice_at_most() -> None:
    data = (b'"' + b"a" * 300 + b'","' + b"b" * 300 + b"\n") * 300
    looks: list[int] = []

    def counting(pattern: re.Pattern[bytes], line: bytes) -> bool:
        looks.append(len(line))
        match = pattern.match(line)
        return match is not None and match.end() == len(line)

    with patch.object(cut_csv, "_matches", counting):
        found, _ = cut(csv_records, data)
    assert len(found) == 300
    assert sum(looks) <= 2 * len(data)

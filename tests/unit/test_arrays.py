"""What the elements of a JSON array are, also where some of them are broken, however the bytes arrive."""

import json
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_records import BOUNDED, long_line, peak, pieces

from lakehouse.landing import cut_json
from lakehouse.landing.cut_json import json_elements
from lakehouse.landing.cut_lines import KEPT_BYTES, MAX_RECORD, Cut, Record


def elements(data: bytes, size: int = 1 << 20) -> list[Record]:
    return list(json_elements(pieces(data, size)))


A, B, C = b'{"a": 1}', b'{"b": [2, {"x": "}]"}]}', '{"c": "é😍\\u20ac\\n\\" ],{"}'.encode()
LONG = b'{"t": "' + b"y" * MAX_RECORD + b'"}'
FULL = b'{"n": [' + b'{"x": 1}, ' * 200_000 + b"0]}"
HALF = b'{"t": "' + b"z" * 300_000 + b'"}'
NESTED = b"[" * 3000 + b"]" * 3000

CASES = {
    "empty": (b"[]", []),
    "empty, blanks": (b" \n[ \r\n\t] \n", []),
    "nothing": (b"", []),
    "blanks only": (b" \n ", []),
    "one line": (b"[" + A + b"," + B + b"," + C + b"]", [A, B, C]),
    "pretty-printed": (b'[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n',
                       [b'{\n    "a": 1\n  }', b'{\n    "a": 2\n  }']),
    "scalars": (b'[1, -2.5e3, "x, y", null, true, NaN]', [b"1", b"-2.5e3", b'"x, y"', b"null", b"true", b"NaN"]),
    "arrays": (b"[[1, 2], [], [[3]]]", [b"[1, 2]", b"[]", b"[[3]]"]),
    "comma behind the last one": (b"[" + A + b",]", [A]),
    "no bracket": (A + b"\n" + B, [A + b"\n" + B]),
    "no bracket, but one inside": (b'{"a": [1]}', [b'{"a": [1]}']),
    "text behind": (b"[" + A + b"] x [1]\n", [A, b"x [1]"]),
    "an array behind": (b"[" + A + b"]\n[" + B + b"]\n", [A, b"[" + B + b"]"]),
    "text behind an element": (b"[" + A + b" x, " + B + b"]", [A + b" x", B]),
    "first one broken": (b"[{'a': 1}, " + B + b"]", [b"{'a': 1}", B]),
    "middle one broken": (b"[" + A + b",\n{\"a\": 1,},\n" + B + b"]", [A, b'{"a": 1,}', B]),
    "last one broken": (b"[" + A + b", {'a': 1}]", [A, b"{'a': 1}"]),
    "all broken": (b"[{'a': 1}, {'b': 2}]", [b"{'a': 1}, {'b': 2}"]),
    "brace missing": (b'[{"a": 1, ' + B + b", " + C + b"]", [b'{"a": 1', B, C]),
    "bracket missing": (b'[{"a": [1}, ' + B + b"]", [b'{"a": [1}', B]),
    "quote missing": (b'[{"a": "x}, {"b": 1}, ' + B + b"]", [b'{"a": "x}', b'{"b": 1}', B]),
    "cut off in a text": (b"[" + A + b', {"b": "x', [A, b'{"b": "x']),
    "cut off in a number": (b"[" + A + b", 1", [A, b"1"]),
    "cut off behind a comma": (b"[" + A + b", ", [A]),
    "no closing bracket": (b"[" + A + b",\n" + B + b"\n", [A, B]),
    "broken, then no closing bracket": (b"[x,\n" + B, [b"x", B]),
    "number for an object": (b"[" + A + b", 42, " + B + b"]", [A, b"42", B]),
    "bytes of no encoding": (b'[{"a": "\xff\xe9"}, ' + B + b"]", [b'{"a": "\xff\xe9"}', B]),
    "bytes of no encoding, broken": (b"[{\xff\xe9}, " + B + b"]", [b"{\xff\xe9}", B]),
    "half a character at the end": (b"[" + A + b", \xc3", [A, b"\xc3"]),
    "control character in a text": (b'[{"a": "\x01"}, ' + B + b"]", [b'{"a": "\x01"}', B]),
    "a space of no kind that JSON knows": (b"[\xc2\xa0" + A + b", " + B + b"]", [b"\xc2\xa0" + A, B]),
    "3,000 nested arrays": (b"[" + A + b", " + NESTED + b", " + B + b"]", [A, NESTED, B]),
    "a number of 10,000 digits": (b"[" + b"9" * 10_000 + b", " + A + b"]", [b"9" * 10_000, A]),
    "over 64 KiB": (b"[" + A + b", " + HALF + b", " + B + b"]", [A, HALF, B]),
    "over 64 KiB behind a broken one": (b"[x, " + HALF + b", " + B + b"]", [b"x", HALF, B]),
    "a text over 1 MiB": (b"[" + A + b", " + LONG + b", " + B + b"]", [A, Cut(LONG[:KEPT_BYTES]), B]),
    "objects in an element over 1 MiB": (b"[" + A + b", " + FULL + b", " + B + b"]", [A, Cut(FULL[:KEPT_BYTES]), B]),
    "broken over 1 MiB": (b"[{'" + b"x" * 3_000_000 + b"', " + B + b"]", [Cut(b"{'" + b"x" * (KEPT_BYTES - 2)), B]),
    "many blanks in a broken one": (b"[{" + b" " * 2_500_000 + b"x, " + B + b"]",
                                    [Cut(b"{" + b" " * (KEPT_BYTES - 1)), B]),
    "1.5 MiB of blanks": (b"[" + A + b" " * 1_500_000 + b", " + B + b"]", [A, B]),
    "text of 2 MiB behind": (b"[" + A + b"]" + b"x" * 2_000_000, [A, Cut(b"x" * KEPT_BYTES)]),
    "text behind, in several blocks": (b"[]" + b"0123456789" * 20_000, [b"0123456789" * 20_000]),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 64, 1 << 20])
@pytest.mark.parametrize("name", CASES)
def test_elements_are_cut(name: str, size: int) -> None:
    data, expected = CASES[name]
    assert elements(data, size if len(data) < 10_000 else max(size, 999)) == expected


@pytest.mark.parametrize("block", [1, 2, 5, 16])
@pytest.mark.parametrize("name", [name for name, (data, _) in CASES.items() if len(data) < 1000])
def test_elements_are_cut_wherever_a_block_ends(name: str, block: int) -> None:
    data, expected = CASES[name]
    with patch.object(cut_json, "BLOCK", block):
        assert elements(data) == expected


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
written = st.builds(
    lambda value, indent, plain: json.dumps(value, indent=indent, ensure_ascii=plain).encode("utf-8", "replace"),
    values, st.sampled_from([None, 2]), st.booleans(),
)  # fmt: skip


@BOUNDED
@given(st.lists(written, max_size=8), st.sampled_from([b",", b", ", b",\n", b"\n ,\n"]), st.integers(1, 40))
def test_every_good_element_comes_back_as_it_was_written(parts: list[bytes], between: bytes, block: int) -> None:
    with patch.object(cut_json, "BLOCK", block):
        assert elements(b"[" + between.join(parts) + b"]") == parts


broken = st.sampled_from(
    [b"{'a': 1}", b'{"a": 1,}', b"{a: 1}", b"\xff", b'{"a": 1 // c\n}', b'{"a" 1}', b"{", b"x" * 90]
)
good = st.dictionaries(st.text("ab\\\"é"), st.integers() | st.text("xy,{} \n"), max_size=3).map(
    lambda value: json.dumps(value).encode()
)  # fmt: skip


@BOUNDED
@given(st.lists(good, min_size=1, max_size=6), broken, st.data(), st.integers(1, 60))
def test_good_elements_before_and_behind_a_broken_one_come_out(
    parts: list[bytes], bad: bytes, data: st.DataObject, block: int
) -> None:
    place = data.draw(st.integers(0, len(parts)))
    text = b"[\n" + b",\n".join([*parts[:place], bad, *parts[place:]]) + b"\n]\n"
    with patch.object(cut_json, "BLOCK", block):
        assert elements(text) == [*parts[:place], bad, *parts[place:]]


soup = st.lists(
    st.sampled_from([b"[", b"]", b"{", b"}", b'"', b"\\", b",", b":", b"1", b"a", b" ", b"\n", b"\xff", b"{}"])
)


@BOUNDED
@given(soup.map(b"".join), st.integers(1, 30))
def test_any_text_comes_out_whole_but_for_blanks_commas_and_brackets(text: bytes, block: int) -> None:
    with patch.object(cut_json, "BLOCK", block):
        found = elements(b"[" + text)
    assert found == elements(b"[" + text, 7)

    def bare(data: bytes) -> bytes:
        return data.translate(None, b" \n,]")

    assert bare(b"".join(r for r in found if isinstance(r, bytes))) == bare(text)


def endless(unit: bytes, megabytes: int, start: bytes = b"[") -> Iterator[bytes]:
    yield start
    chunk = unit * ((1 << 20) // len(unit))
    yield from (chunk for _ in range(megabytes))


HOSTILE = {
    "a text": long_line(64 << 20, b'[{"message": "', b'"}]'),
    "no array": long_line(64 << 20, b"{", b"}"),
    "text behind the array": long_line(64 << 20, b"[]", b""),
    "a broken element": long_line(64 << 20, b"[{", b"]"),
    "blanks behind a broken element": endless(b" ", 10, b"[x"),
    "line ends behind a broken element": endless(b"\n", 10, b"[x"),
    "digits": endless(b"1", 40),
    "open brackets": endless(b"[", 20),
    "open objects": endless(b',{"', 1, b"[x"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_without_an_end_takes_little_memory(name: str) -> None:
    found: list[Record] = []
    most = peak(lambda: found.extend(json_elements(HOSTILE[name])))
    assert len(found) == 1
    assert most < 32 << 20

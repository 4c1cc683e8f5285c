"""What is seen of the fields of records, and what a run tells of it."""

import json
from dataclasses import replace
from itertools import permutations

import pytest
from judging_cases import Case, bronze

from lakehouse.datasets import DATASETS
from lakehouse.judging.drift import MOST, MOST_NAME, Change, Known, Seen, compare, missing, undeclared, union
from lakehouse.judging.judge import judge
from lakehouse.model import Column, Dataset, Field

SHOP = Dataset(
    name="shop",
    topic="shop_topic",
    formats=("csv", "json"),
    fields=(
        Field("id", Column("id", "string"), aliases=("key", "nr")),
        Field("likes", Column("likes", "int"), required=False),
        Field("tag", Column("tag", "string", personal=True), required=False),
    ),
    key=None,
    time_column="id",
)
DECLARED = {"id", "likes", "tag"}


def seen(*records: bytes, dataset: Dataset = SHOP, format: str = "json", header: str | None = None) -> Seen:
    found: list[Seen] = []
    cases = [Case(f"{number}", raw, format=format, header=header) for number, raw in enumerate(records)]
    judge(bronze(cases, "src"), dataset, found.append)
    (one,) = found
    return one


def kinds(of: Seen) -> dict[str, dict[str, int]]:
    """Return what was seen, with the position of each example."""
    assert all(place == ("src", str(place[2]), place[2]) for by_kind in of.values() for place in by_kind.values())
    return {name: {kind: place[2] for kind, place in by_kind.items()} for name, by_kind in of.items()}


JSON = {
    "kinds": (
        [b'{"id": "a", "likes": 1, "tag": true}', b'{"id": 7, "likes": -1.5e3, "tag": {"a": 1}}', b'{"id": [1, 2]}'],
        {
            "id": {"string": 0, "number": 1, "array": 2},
            "likes": {"number": 0, "no value": 2},
            "tag": {"boolean": 0, "object": 1, "no value": 2},
        },
    ),
    "an alias is its field": ([b'{"key": "a", "likes": 1, "tag": "x"}'], {"id": {"string": 0}}),
    "null is no value": ([b'{"id": null, "likes": 2, "tag": "x"}'], {"id": {"no value": 0}}),
    "no object": ([b"[1]", b"x", b"", b'{"id": "a", "likes": 1, "tag": "x"}'], {"id": {"string": 3}}),
    "fields that are not declared": (
        [b'{"id": "a", "x": 1}', b'{"id": "a", "x": 1, "y": null}', b'{"z": {}, "id": "a", "y": 2}'],
        {"x": {"number": 0}, "y": {"null": 1}, "z": {"object": 2}},
    ),
    "a field of a broken record": ([b'{"id": "a", "x": 1', b'{"id": "a", "y": 1} x'], {}),
    "case and blanks count": ([b'{"ID": 1, " id": 2}'], {"ID": {"number": 0}, " id": {"number": 0}}),
    "escapes in a name": ([rb'{"\u0069d": "a", "\u0078": 1}'], {"id": {"string": 0}, "x": {"number": 0}}),
    "names that no type may have": (
        [rb'{"id": "a", "\u001b[m": 1}', rb'{"id": "a", "x\"": 1}', rb'{"id": "a", "\\": 1}'],
        {"\x1b[m": {"number": 0}},
    ),
    "several lines": ([b'{"id":\n"a", "likes":\n [1,\n2], "x":\n\n1}'], {"likes": {"array": 0}, "x": {"number": 0}}),
    "long names": ([b'{"' + b"n" * 100 + b'": 1}'], {"n" * MOST_NAME: {"number": 0}}),
}


@pytest.mark.parametrize("name", JSON)
def test_what_is_seen_of_json(name: str) -> None:
    records, expected = JSON[name]
    found = kinds(seen(*records))
    assert {field: found.get(field) for field in expected} == expected
    assert set(found) - DECLARED == set(expected) - DECLARED


def test_an_alias_in_some_records_is_no_missing_field() -> None:
    known: Known = {"id": ("string",)}
    found = seen(*[b'{"nr": "a", "likes": 1, "tag": "x"}'] * 200)
    assert kinds(found)["id"] == {"string": 0}
    assert compare(SHOP, known, found, 200)[0] == []


def test_names_without_end_are_bounded_and_change_no_verdict() -> None:
    records = [json.dumps({"id": "a", f"x{number}": number, "likes": 1}).encode() for number in range(500)]
    found = seen(*records)
    assert len(found) == len(DECLARED) + MOST
    cases = [Case(f"{number}", raw) for number, raw in enumerate(records)]
    assert all(row["reasons"] == [] and row["likes"] == 1 for row in judge(bronze(cases), SHOP).to_pylist())


CSV = {
    "in order": ("id,likes,tag", {"id": "column", "likes": "column", "tag": "column"}),
    "one more": ("id,likes,tag,more", {"id": "column", "likes": "column", "tag": "column", "more": "column"}),
    "one less": ("likes,nr", {"id": "column", "likes": "column", "tag": "no column"}),
    "no header": ("", {}),
}


@pytest.mark.parametrize("name", CSV)
@pytest.mark.parametrize("records", [1, 600])
def test_what_is_seen_of_a_csv_header(name: str, records: int) -> None:
    header, expected = CSV[name]
    found = kinds(seen(*[b"1,2"] * records, format="csv", header=header))
    assert found == {field: {kind: 0} for field, kind in expected.items()}


def test_a_log_has_no_drift() -> None:
    line = b'10.0.0.1 - ada [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "x"'
    assert seen(line, dataset=DATASETS["logs"], format="log") == {}


def test_a_union_is_the_same_in_any_order_and_any_number_of_times() -> None:
    parts = [
        seen(b'{"id": 1, "x": 1, "y": 2}'),
        seen(b"{}", b'{"id": "a", "x": "b"}'),
        seen(*(f'{{"n{number}": 1}}'.encode() for number in range(MOST))),
        seen(b"1", format="csv", header="id"),
    ]
    results = []
    for order in permutations(parts):
        whole: Seen = {}
        for part in (*order, order[0]):
            whole = union(whole, part, DECLARED)
        results.append(whole)
    assert all(result == results[0] for result in results)
    assert kinds(results[0])["id"] == {"number": 0, "string": 1, "no value": 0, "column": 0}
    assert len(results[0]) == len(DECLARED) + MOST


HERE = ("src", "0", 0)
FULL: Known = {"id": ("string",), "likes": ("number",), "tag": ("string",)}
GOOD = b'{"id": "a", "likes": 1, "tag": "x"}'


def changes(known: Known, *records: bytes, dataset: Dataset = SHOP) -> list[tuple[str, str, str, tuple[str, ...], int]]:
    found, _ = compare(dataset, known, seen(*records, dataset=dataset), len(records))
    return [(c.field, c.change, c.kind, c.before, c.example[2]) for c in found]


def test_the_first_run_tells_what_is_not_declared_and_nothing_of_what_is() -> None:
    assert changes({}, b'{"id": 1, "likes": "x", "more": [1]}') == [("more", "new", "array", (), 0)]


def test_a_field_is_new_once() -> None:
    records = [GOOD, b'{"id": "a", "more": 1}']
    found, known = compare(SHOP, FULL, seen(*records), 2)
    assert found == [Change("more", "new", "number", (), ("src", "1", 1))]
    assert undeclared(SHOP, known) == {"more": ("number",)}
    assert compare(SHOP, known, seen(*records), 2) == ([], known)


def test_a_kind_that_was_not_seen_is_a_change_once() -> None:
    records = [GOOD, b'{"id": "a", "likes": "many", "tag": "x"}']
    found, known = compare(SHOP, FULL, seen(*records), 2)
    assert found == [Change("likes", "changed", "string", ("number",), ("src", "1", 1))]
    assert compare(SHOP, known, seen(*records), 2)[0] == []
    assert changes(known, b'{"id": 5}') == [("id", "changed", "number", ("string",), 0)]


def test_what_is_kept_changes_too() -> None:
    assert changes({**FULL, "x": ("number",)}, b'{"id": "a", "x": {}}') == [("x", "changed", "object", ("number",), 0)]


def test_null_is_no_other_kind() -> None:
    assert changes({**FULL, "x": ("number",)}, b'{"id": "a", "x": null}') == []
    assert changes({**FULL, "x": ("null",)}, b'{"id": "a", "x": 1}') == []
    assert changes({**FULL, "x": ("null", "number")}, b'{"id": "a", "x": ""}') == [
        ("x", "changed", "string", ("number",), 0)
    ]


def test_a_file_of_csv_changes_no_kind() -> None:
    of_csv = seen(b"a,1,x", format="csv", header="id,likes,tag")
    found, known = compare(SHOP, FULL, of_csv, 1)
    assert (found, known["likes"]) == ([], ("number", "column"))
    assert compare(SHOP, {"likes": ("column",)}, seen(GOOD), 1)[0] == []


def test_a_field_that_no_record_has_is_missing_until_all_have_it() -> None:
    without, some = [b'{"id": "a", "tag": "x"}'] * 100, [GOOD, *[b'{"id": "a", "tag": "x"}'] * 99]
    found, known = compare(SHOP, FULL, seen(*without), 100)
    assert found == [Change("likes", "missing", "missing", ("number",), HERE)]
    assert missing(SHOP, known) == ["likes"]
    assert compare(SHOP, known, seen(*without), 100) == ([], known)
    assert compare(SHOP, known, seen(*some), 100) == ([], known)
    _, back = compare(SHOP, known, seen(GOOD), 1)
    assert missing(SHOP, back) == []
    assert compare(SHOP, back, seen(*without), 100)[0] == found


def test_few_records_say_nothing_of_what_they_lack() -> None:
    assert changes(FULL, *[b'{"id": "a", "tag": "x"}'] * 99) == []


def test_a_field_that_was_never_there_is_not_missing() -> None:
    assert changes({"id": ("string",)}, *[b'{"id": "a"}'] * 200) == []


def test_a_file_without_a_column_lacks_it_however_few_its_records() -> None:
    found, known = compare(SHOP, FULL, seen(b"a,x", format="csv", header="id,tag"), 1)
    assert found == [Change("likes", "missing", "missing", ("number",), HERE)]
    assert missing(SHOP, known) == ["likes"]


def test_a_field_that_is_declared_later_is_no_longer_told_apart() -> None:
    declared = replace(SHOP, fields=(*SHOP.fields, Field("more", Column("more", "string"), aliases=("x",))))
    known = {**FULL, "more": ("number",), "x": ("number",)}
    assert set(undeclared(SHOP, known)) == {"more", "x"}
    _, after = compare(declared, known, seen(GOOD, dataset=declared), 1)
    assert undeclared(declared, after) == {}
    assert set(after) == {*FULL, "more"}


def test_what_is_known_is_bounded() -> None:
    known: Known = {}
    for start in (0, 40, 80):
        names = (f'{{"n{number:03}": 1}}'.encode() for number in range(start, start + 40))
        _, known = compare(SHOP, known, seen(*names), 40)
    assert len(undeclared(SHOP, known)) == MOST


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (Change("x", "new", "number", (), HERE), "has a field that is not declared: x (number). An example is src 0"),
        (
            Change("", "new", "column", (), HERE),
            "has a field that is not declared: one without a name (column). An example is src 0",
        ),
        (
            Change("x", "missing", "missing", ("number", "string"), HERE),
            "has no x any more; it was number, string. An example is src 0",
        ),
        (Change("x", "changed", "string", ("number",), HERE), "has x as string; it was number. An example is src 0"),
    ],
)
def test_a_change_is_a_sentence(change: Change, sentence: str) -> None:
    assert str(change) == sentence


FROZEN: dict[str, tuple[tuple[str, str | None, bytes], list[str]]] = {
    "no more than declared": (("json", None, b'{"id": "a", "likes": 1}'), []),
    "an alias": (("json", None, b'{"nr": "a"}'), []),
    "one more": (("json", None, b'{"id": "a", "more": 1}'), ["unknown_field"]),
    "one more, null": (("json", None, b'{"id": "a", "more": null}'), ["unknown_field"]),
    "another case": (("json", None, b'{"id": "a", "Likes": 1}'), ["unknown_field"]),
    "one more in a record that is none": (("json", None, b'{"id": "a", "more": 1'), ["syntax"]),
    "deeper down": (("json", None, b'{"id": {"more": 1}}'), []),
    "a header of what is declared": (("csv", "nr,tag", b"a,x"), []),
    "a header with one more": (("csv", "id,more", b"a,1"), ["unknown_field"]),
    "a header with one more, in quotes": (("csv", "id,more", b'a,"1"'), ["unknown_field"]),
    "a header with one more and few fields": (("csv", "id,more", b"a"), ["few_fields"]),
    "a header with a column without a name": (("csv", "id,", b"a,"), ["unknown_field"]),
}


@pytest.mark.parametrize("name", FROZEN)
@pytest.mark.parametrize("records", [1, 600])
def test_a_frozen_dataset_takes_no_field_that_it_does_not_declare(name: str, records: int) -> None:
    (form, header, raw), expected = FROZEN[name]
    found: list[Seen] = []
    cases = [Case(str(number), raw, format=form, header=header) for number in range(records)]
    rows = judge(bronze(cases), replace(SHOP, drift="freeze"), found.append).to_pylist()
    assert [row["reasons"] for row in rows] == [expected] * records
    assert all(row["id"] is None for row in rows if expected)
    # It is seen all the same, and taken where it is kept.
    if expected == ["unknown_field"]:
        assert set(found[0]) - DECLARED
        assert [row["reasons"] for row in judge(bronze(cases), SHOP).to_pylist()] == [[]] * records


def test_every_record_with_an_unknown_field_is_frozen_however_many_names_there_are() -> None:
    records = [f'{{"id": "a", "x{number}": 1}}'.encode() for number in range(3 * MOST)]
    rows = judge(bronze([Case(str(n), raw) for n, raw in enumerate(records)]), replace(SHOP, drift="freeze"))
    assert {tuple(row["reasons"]) for row in rows.to_pylist()} == {("unknown_field",)}


@pytest.mark.parametrize("drift", ["keep", "freeze", "evolve"])
def test_the_fields_of_columns_that_silver_got_are_read_in_each_format(drift: str) -> None:
    found = (Column("more", "string", field="More"), Column("number", "string", field="likes"))
    shop = replace(SHOP, drift=drift, found=found)
    cases = [
        Case("csv", b'a,"x,y",1', format="csv", header="id,More,likes"),
        Case("csv without", b"a,1", format="csv", header="id,likes"),
        Case("json", b'{"id": "a", "likes": 1, "More": {"a": "\\u0001"}}', format="json"),
        Case("control", b'{"id": "a", "likes": 1, "More": "\\u0001"}', format="json"),
    ]
    rows = judge(bronze(cases, "src"), shop).to_pylist()
    assert [(row["more"], row["likes"], row["number"], row["reasons"]) for row in rows] == [
        ("x,y", 1, "1", []),
        (None, 1, "1", []),
        ('{"a": "\\u0001"}', 1, "1", []),
        ("\x01", 1, "1", []),
    ]

"""What the benches rest on: that results which differ are found, and that bars are judged as they are written."""

import math

import pytest
from bench.answers import Answers, check, differences
from bench.place import BenchError
from bench.stream.bars import Bar
from bench.stream.probes import percentile
from bench.stream.watch import Sample, growth

WANTED: Answers = {"sales": {"Lamp": ["10.20"]}, "likes": {"Lamp": [2.0 / 3], "Desk": [1.0]}}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"sales": {"Lamp": ["10.20"]}, "likes": {"Desk": [1.0], "Lamp": [0.6666666666666667]}}, []),
        ({"sales": {"Lamp": ["10.21"]}, "likes": WANTED["likes"]}, ["sales: 1 of 1"]),
        ({"sales": WANTED["sales"], "likes": {"Lamp": [0.6667], "Desk": [1.0]}}, ["likes: 1 of 2"]),
        ({"sales": WANTED["sales"] | {"Sofa": ["1.00"]}, "likes": WANTED["likes"]}, ["sales: 1 of 1"]),
        ({"likes": {}}, ["sales: 1 of 1", "likes: 2 of 2"]),
    ],
    ids=["equal", "a cent more", "a mean rounded", "a group too many", "nothing"],
)
def test_results_that_differ_are_found(found: Answers, told: list[str]) -> None:
    assert [line[: len(start)] for line, start in zip(differences(WANTED, found), told, strict=True)] == told


def test_a_difference_names_way_metric_and_group() -> None:
    with pytest.raises(BenchError, match=r"(?s)usual gave other results.*sales: .*'Lamp' is \['9.00'\], not"):
        check("usual", {"sales": {"Lamp": ["10.20"]}}, {"sales": {"Lamp": ["9.00"]}})


@pytest.mark.parametrize(
    ("value", "is_missed", "text"),
    [(15.0, False, "ok"), (15.1, True, "MISSED"), (math.inf, True, "never"), (math.nan, True, "MISSED"),
     (None, False, "not judged")],
)  # fmt: skip
def test_a_bar_is_judged(value: float | None, is_missed: bool, text: str) -> None:
    bar = Bar("Ctrl-C to the end", value, "s", 15)
    assert bar.is_missed == is_missed
    assert text in str(bar)


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [([1.0], 0.95, 1.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0), ([float(n) for n in range(1, 101)], 0.95, 95.0)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, wanted: float) -> None:
    assert percentile(values, share) == wanted
    assert math.isnan(percentile([], share))


def test_memory_is_judged_after_the_warm_minutes_only() -> None:
    samples = [Sample(minute, 1000 if minute >= 5 else minute, 100, {}, 0) for minute in range(1, 16)]
    assert growth(samples) == 1.0
    assert growth(samples[:8]) is None
    assert growth([*samples[:-2], *(Sample(n, 2100, 100, {}, 0) for n in (14, 15))]) == 2.0

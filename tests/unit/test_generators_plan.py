"""What a plan sends: the part of the sequence that was asked for, in order, with keys that keep records together."""

from itertools import islice

import pytest

from producers import produce
from producers.generators import DATASETS
from producers.plan import Plan


@pytest.mark.parametrize(
    ("plan", "numbers"),
    [
        (Plan("logs", 1, 3), [0, 1, 2]),
        (Plan("logs", 1, 0), []),
        (Plan("logs", 1, 3, skip=150), [150, 151, 152]),
        (Plan("logs", 1, 5, skip=10, repeats=2), [8, 9, 10, 11, 12]),
        (Plan("logs", 1, 2, skip=10, repeats=5), [8, 9]),
        (Plan("logs", 1, 4, skip=2, repeats=3), [0, 1, 2, 3]),
        (Plan("logs", 1, 2, skip=0, repeats=3), [0, 1]),
    ],
)
def test_a_plan_sends_these_records(plan: Plan, numbers: list[int]) -> None:
    assert [message.index for message in plan.messages()] == numbers


def test_records_that_are_there_are_left_out_and_the_others_do_not_change() -> None:
    plan = Plan("ad_campaigns", 1, 300, 0.1)
    whole = {message.index: message for message in plan.messages()}
    rest = list(plan.messages(without={0, 1, 2, 150, 299}))
    assert [m.index for m in rest] == [n for n in range(300) if n not in {0, 1, 2, 150, 299}]
    assert all(whole[m.index] == m for m in rest)


def test_a_plan_without_end_goes_on() -> None:
    assert [m.index for m in islice(Plan("ad_campaigns", 1, None).messages(without=range(500)), 3)] == [500, 501, 502]


@pytest.mark.parametrize("errors", [0.02, 0.2, 0.5])
def test_repeats_are_good_records_of_the_file(errors: float) -> None:
    generator = DATASETS["transactions"]
    good = {item.record["TransactionID"] for item in generator.items(3, 0, 400, errors, "csv") if item.breakage is None}
    repeats = list(islice(Plan("transactions", 3, 100, errors, skip=400, repeats=20).items(), 20))
    assert all(item.breakage is None and item.record["TransactionID"] in good for item in repeats)


@pytest.mark.parametrize("name", DATASETS)
def test_a_message_that_repeats_a_key_goes_where_the_first_one_went(name: str) -> None:
    generator = DATASETS[name]
    plan = Plan(name, 2, 2000, 0.2)
    for item, message in zip(plan.items(), plan.messages(), strict=True):
        repeated = item.breakage is not None and item.breakage.repeats
        assert message.key.decode() == str((item.before if repeated else item.record)[generator.partition_by])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--rate", "0"], "'0' is not a number above 0"),
        (["--rate", "fast"], "'fast' is not a number above 0"),
        (["--skip", "-1"], "'-1' is not a whole number"),
        (["--repeats", "x"], "'x' is not a whole number"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        produce.parse(options)
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ([], [16000]),
        (["--rows", "5"], [5]),
        (["--follow"], [None]),
        (["--datasets", "logs", "ad_campaigns"], [1000, 16000]),
    ],
)
def test_rows_default_to_the_datasets_own(options: list[str], rows: list[int | None]) -> None:
    assert [plan.rows for plan in produce.plans(produce.parse(options))] == rows

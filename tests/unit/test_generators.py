"""The sequences of simulated records: addressable, plausible, and broken as asked."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from lakehouse.datasets import DATASETS as MODELS
from producers.encode import encoder
from producers.generators import DATASETS
from producers.generators.breakage import JSON
from producers.generators.catalogue import PRODUCTS
from producers.generators.drawing import LAST_DAY
from producers.generators.sequence import LAYOUTS

TARGETS = [
    (name, layout, target)
    for name, generator in DATASETS.items()
    for layout in LAYOUTS
    for target in sorted({generator.file_formats[layout], *(["topic"] if layout == "full" else [])})
]


def test_generators_stand_in_the_order_of_the_registry() -> None:
    assert list(DATASETS) == [name for name in MODELS if name in DATASETS]


@pytest.mark.parametrize("name", DATASETS)
class TestSequence:
    def test_any_part_is_that_part_of_the_whole(self, name: str) -> None:
        records = DATASETS[name].records
        whole = list(records(5, 0, 450))
        for start, count in ((0, 0), (0, 1), (99, 2), (100, 100), (137, 251), (449, 1)):
            assert list(records(5, start, count)) == whole[start : start + count]
        assert list(islice(records(5, 130), 40)) == whole[130:170]

    def test_records_have_the_fields_of_the_model_in_order(self, name: str) -> None:
        expected = [f.source for f in MODELS[name].fields]
        assert all(list(record) == expected for record in DATASETS[name].records(1, 0, 200))

    def test_required_fields_are_always_there(self, name: str) -> None:
        required = [f.source for f in MODELS[name].fields if f.required]
        assert all(
            record[field] not in (None, "") for record in DATASETS[name].records(1, 0, 2000) for field in required
        )

    def test_another_seed_gives_other_records_and_no_key_twice(self, name: str) -> None:
        generator = DATASETS[name]
        one, two = (list(generator.records(seed, 0, 500)) for seed in (1, 2))
        assert all(a != b for a, b in zip(one, two, strict=True))
        if generator.dataset.key:
            key = next(f.source for f in MODELS[name].fields if f.column.name == generator.dataset.key)
            assert len({record[key] for record in one + two}) == 1000


def test_amount_is_quantity_times_price_to_the_cent() -> None:
    records: Iterable[Any] = DATASETS["transactions"].records(1, 0, 2000)
    for record in records:
        assert record["Amount"] == record["Quantity"] * record["UnitPrice"] > 0
        assert record["Amount"].as_tuple().exponent == -2


def test_ctr_is_clicks_by_impressions_rounded_to_six_places() -> None:
    records: Iterable[Any] = DATASETS["ad_campaigns"].records(1, 0, 5000)
    for record in records:
        assert 0 < record["clicks"] <= record["impressions"]
        assert record["ctr"] == round(record["clicks"] / record["impressions"], 6)
        assert "e" not in str(record["ctr"])
        assert record["start_date"] < record["end_date"]


def test_a_hundred_campaigns_have_about_160_events_each_and_keep_their_budget() -> None:
    records = list(DATASETS["ad_campaigns"].records(1, 0, DATASETS["ad_campaigns"].rows))
    events = Counter(record["campaign_id"] for record in records)
    assert len(events) == 100
    assert all(100 < count < 230 for count in events.values())
    assert len({(r["campaign_id"], r["budget"], r["start_date"], r["end_date"]) for r in records}) == 100


@pytest.mark.parametrize(
    ("name", "field"),
    [("transactions", "TransactionDate"), ("logs", "Timestamp"), ("social_data", "post_date")],
)
def test_times_are_within_the_year_that_ends_with_the_last_day(name: str, field: str) -> None:
    days = {datetime.fromisoformat(str(r[field])).date() for r in DATASETS[name].records(1, 0, 20_000)}
    assert (min(days), max(days)) == (LAST_DAY - timedelta(days=364), LAST_DAY)


def test_sales_and_posts_speak_of_the_products_of_the_catalogue() -> None:
    names = {product.name for product in PRODUCTS}
    assert len(names) == 40
    sold = {record["Product"] for record in DATASETS["transactions"].records(1, 0, 5000)}
    posts = list(DATASETS["social_data"].records(1, 0, 5000))
    assert sold == {record["product"] for record in posts} - {None} == names
    assert all(any(product in str(post["message"]) for product in names) for post in posts)


def test_requests_are_mostly_good_with_some_errors_users_and_ipv6() -> None:
    records = list(DATASETS["logs"].records(1, 0, 5000))
    statuses = Counter(record["Status_Code"] for record in records)
    assert 0.7 < statuses[200] / 5000 < 0.8
    assert {404, 500, 503, 304} < set(statuses)
    assert 0.05 < sum(":" in str(record["IP_Address"]) for record in records) / 5000 < 0.15
    assert 0.05 < sum(record["User"] is not None for record in records) / 5000 < 0.15


@pytest.mark.parametrize(("name", "layout", "target"), TARGETS)
class TestErrors:
    def test_every_breakage_that_fits_gets_its_turn(self, name: str, layout: str, target: str) -> None:
        generator = DATASETS[name]
        fitting = {b.name for b in generator.breakages if b.fits(target, generator.columns(layout))}
        items = generator.items(1, 0, 50 * len(fitting) * 2, 0.02, target, layout)
        assert {item.breakage.name for item in items if item.breakage} == fitting

    def test_a_broken_record_differs_from_the_good_one_and_the_others_are_untouched(
        self, name: str, layout: str, target: str
    ) -> None:
        generator = DATASETS[name]
        encode = encoder(target, generator.columns(layout))
        good = generator.items(1, 0, 2000, 0.0, target, layout)
        for item, whole in zip(generator.items(1, 0, 2000, 0.1, target, layout), good, strict=True):
            assert (encode(item) != encode(whole)) == (item.breakage is not None)
            assert item.record == whole.record

    @pytest.mark.parametrize(
        ("errors", "rows", "broken"), [(0.0, 1000, 0), (0.02, 1000, 20), (0.02, 16000, 320), (0.5, 10, 5), (0.3, 10, 3)]
    )
    def test_the_share_is_kept_exactly(
        self, name: str, layout: str, target: str, errors: float, rows: int, broken: int
    ) -> None:
        items = DATASETS[name].items(9, 0, rows, errors, target, layout)
        assert sum(item.breakage is not None for item in items) == broken
        assert DATASETS[name].broken(9, 0, rows, errors) == broken


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("seed", range(5))
def test_a_breakage_repeats_only_a_good_record_of_the_same_run(name: str, seed: int) -> None:
    for start in (0, 7):
        was_good = False
        for item in DATASETS[name].items(seed, start, 2000, 0.5, "topic"):
            if item.breakage and item.breakage.repeats:
                assert was_good
            was_good = item.breakage is None


def test_the_last_good_records_are_unbroken_and_nearest_to_the_end() -> None:
    generator = DATASETS["transactions"]
    last = generator.last_good(42, 1000, 20, 0.1)
    assert len(last) == 20
    assert last == [i for i in range(1000) if not generator.is_broken(42, i, 0.1)][-20:]
    assert generator.last_good(42, 3, 20, 0.0) == [0, 1, 2]


@pytest.mark.parametrize("name", DATASETS)
def test_breakages_have_names_of_their_own_and_reasons_in_snake_case(name: str) -> None:
    breakages = DATASETS[name].breakages
    assert len({b.name for b in breakages}) == len(breakages)
    assert all(re.fullmatch(r"[a-z_]+", b.reason) for b in breakages)


BROKEN = [
    ("transactions", "csv", "field_too_few", rb"(?:[^,]+,){7}[^,]+"),
    ("transactions", "csv", "field_too_many", rb"(?:[^,]+,){9}surplus"),
    ("transactions", "csv", "header_again", rb"TransactionID,ClientID,.*,PaymentMethod"),
    ("transactions", "csv", "latin_1_bytes", rb".*,Ren\xe9 Dupr\xe9,.*"),
    ("transactions", "csv", "control_character", rb".*,Ann[\x00\x07] Smith,.*"),
    ("transactions", "csv", "Product_missing", rb"(?:[^,]+,){4},.*"),
    ("logs", "log", "request_is_a_dash", rb'.*\] "-" \d+ .*'),
    ("logs", "log", "date_that_does_not_exist", rb".* \[(31/Feb/2025:10:00:00|01/Jun/2025:25:00:00) \+0000\] .*"),
    ("social_data", "array", "key_in_another_case", rb'\{.*"Likes": \d+.*\}'),
    ("social_data", "array", "control_character", rb'.*"message": "(Nothing\\u0000 to see|Beep\\u0007)".*'),
    ("social_data", "array", "user_missing", rb'\{"post_id": "[^"]+", "message":.*'),
    ("ad_campaigns", "lines", "text_after_object", rb"\{.*\} garbage"),
    ("ad_campaigns", "lines", "brace_never_closed", rb'\{.*"ctr": [0-9.]+'),
    ("ad_campaigns", "topic", "array_for_object", rb"\[\{.*\}\]"),
    ("ad_campaigns", "topic", "empty_value", rb""),
]


@pytest.mark.parametrize(("name", "target", "breakage", "pattern"), BROKEN)
def test_a_breakage_writes_these_bytes(name: str, target: str, breakage: str, pattern: bytes) -> None:
    generator = DATASETS[name]
    encode = encoder(target, generator.columns("full"))
    broken = [i for i in generator.items(1, 0, 3000, 0.1, target) if i.breakage and i.breakage.name == breakage]
    assert broken
    assert [raw for raw in map(encode, broken) if raw is None or not re.fullmatch(pattern, raw)] == []


def test_a_message_without_a_value_and_an_amount_a_cent_off_are_among_the_broken() -> None:
    generator = DATASETS["transactions"]
    items = [i for i in generator.items(1, 0, 3000, 0.1, "topic") if i.breakage]
    encode = encoder("topic", generator.columns("full"))
    assert any(encode(item) is None for item in items)
    cents = [i for i in items if i.breakage and i.breakage.name == "amount_a_cent_off"]
    spoiled: list[Any] = [i.breakage.spoil(i.record, i.before, 0) for i in cents if i.breakage and i.breakage.spoil]
    assert all(s["Amount"] - i.record["Amount"] == Decimal("0.01") for s, i in zip(spoiled, cents, strict=True))
    assert spoiled


def test_only_a_topic_gets_messages_that_no_file_could_hold() -> None:
    only_topic = {b.name for b in DATASETS["ad_campaigns"].breakages if b.targets == ("topic",)}
    assert only_topic == {"array_for_object", "no_value", "empty_value", "schema_registry_format"}
    assert set(JSON) > {"topic"}

"""What the charts of silver count, against the same counts in plain Python."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from sample_lake import INGESTED, records, write

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, schemas
from lakehouse.lake.state import State
from viz import silver_data


def silver(url: str, name: str) -> DeltaTable:
    return Lake(url).open(f"silver.{name}")


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> str:
    """Write rows to the silver table of a dataset in a lake of the test's own; return the lake's URL."""
    write(Lake(folder.as_uri()), schemas.silver(DATASETS[name]), rows, State(batch=1))
    return folder.as_uri()


def good(name: str) -> list[dict[str, Any]]:
    return [r.values for r in records(name, 300) if not r.reasons]


def test_volume_counts_the_good_records_of_each_day(sample_lake: str) -> None:
    frame, period = silver_data.volume(silver(sample_lake, "logs"), DATASETS["logs"])
    assert period == "day"
    counted = {start.date(): n for start, n in zip(frame["start"], frame["records"], strict=True)}
    assert counted == Counter(row["time"].date() for row in good("logs"))


SPANS = {"hour": (1, 49), "day": (5, 100), "week": (200, 800), "month": (1000, 4000)}


@pytest.mark.parametrize(("period", "days"), SPANS.items(), ids=SPANS)
def test_volume_takes_the_period_that_fits_the_span(tmp_path: Path, period: str, days: tuple[int, int]) -> None:
    times = [datetime.fromtimestamp(1_500_000_000 + 86_400 * day, INGESTED.tzinfo) for day in (0, days[0])]
    if period == "hour":
        times[1] = times[0].replace(minute=59)
    url = written(tmp_path, "logs", [{"quarantined": False, "time": time} for time in times])
    assert silver_data.volume(silver(url, "logs"), DATASETS["logs"])[1] == period


def test_reasons_count_a_record_once_for_each_rule_it_broke(sample_lake: str) -> None:
    frame = silver_data.reasons(silver(sample_lake, "transactions"))
    broken = Counter(reason for r in records("transactions", 300) for reason in r.reasons)
    assert dict(zip(frame["reason"], frame["records"], strict=True)) == broken
    assert list(frame["records"]) == sorted(broken.values(), reverse=True)


def test_the_rarest_of_many_reasons_are_put_together(tmp_path: Path) -> None:
    rows = [{"quarantined": True, "reasons": [f"rule_{n:02d}"]} for n in range(12) for _ in range(12 - n)]
    url = written(tmp_path, "logs", rows)
    frame = silver_data.reasons(silver(url, "logs"))
    assert list(frame["reason"]) == [*(f"rule_{n:02d}" for n in range(7)), "5 other reasons"]
    assert frame["records"].sum() == len(rows)


@pytest.mark.parametrize(("name", "column", "factor"), [("transactions", "amount", 1), ("ad_campaigns", "ctr", 100)])
def test_a_histogram_holds_every_good_record(sample_lake: str, name: str, column: str, factor: int) -> None:
    frame = silver_data.histogram(silver(sample_lake, name), f"{factor} * {column}")
    width, beyond = frame["width"].iloc[0], frame["beyond"].iloc[0]
    bins = Counter(int(float(row[column]) * factor // width) for row in good(name))
    counted = {round(low / width): n for low, n in zip(frame["low"], frame["records"], strict=True)}
    assert counted == {bin_: n for bin_, n in bins.items() if bin_ <= max(counted)}
    assert frame["records"].sum() + beyond == len(good(name))
    assert beyond <= 0.02 * len(good(name))


@pytest.mark.parametrize(("spread", "width"), [(0, 1), (-1, 1), (0.0003, 0.0005), (1, 1), (3, 5), (21, 25), (70, 100)])
def test_a_bin_is_a_round_number_wide(spread: float, width: float) -> None:
    assert silver_data.nice(spread) == pytest.approx(width)


def test_likes_are_counted_in_bins_that_double(tmp_path: Path) -> None:
    rows = [{"quarantined": False, "likes": n} for n in (0, 1, 2, 3, 4, 7, 8, 1023, 1024, None)]
    url = written(tmp_path, "social_data", rows)
    frame = silver_data.doubling(silver(url, "social_data"), "likes")
    assert dict(zip(frame["step"], frame["records"], strict=True)) == {0: 1, 1: 1, 2: 2, 3: 2, 4: 1, 10: 1, 11: 1}


def test_hours_split_requests_by_the_class_of_their_status(sample_lake: str) -> None:
    frame = silver_data.hours(silver(sample_lake, "logs"), "time", "status")
    kinds = Counter((row["time"].hour, max(row["status"] // 100, 3)) for row in good("logs"))
    for kind, column in ((3, "fine"), (4, "client_errors"), (5, "server_errors")):
        drawn = {hour: n for hour, n in zip(frame["hour"], frame[column], strict=True) if n}
        assert drawn == {hour: n for (hour, k), n in kinds.items() if k == kind}

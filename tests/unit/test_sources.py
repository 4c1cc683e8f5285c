"""The balance sheet of single sources is what the tables hold of each, and closes only where nothing is missing."""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
import sample_lake as maker
from inbox_box import HEADER, LOG, ROW, Box

import balance
import restore
from lakehouse.datasets import DATASETS
from lakehouse.errors import NoSuchRecordError
from lakehouse.lake import Lake, ledger, scan
from lakehouse.lake.sources import SourceBalance, sources


def by_name(lake: Lake, text: str) -> dict[str, SourceBalance]:
    return {sheet.source: sheet for sheet in sources(lake, text)}


def test_the_sheets_of_all_sources_are_what_the_tables_hold(sample_lake: str) -> None:
    lake = Lake(sample_lake)
    sheets = sources(lake, "*")
    for name in DATASETS:
        own = [sheet for sheet in sheets if sheet.dataset == name]
        rows = scan.read(lake.open(f"silver.{name}")).to_pylist()
        good = Counter((row["source"], row["source_id"]) for row in rows if not row["quarantined"])
        bad = Counter((row["source"], row["source_id"]) for row in rows if row["quarantined"])
        reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for row in rows:
            reasons[row["source"], row["source_id"]].update(row["reasons"] or ())
        for sheet in own:
            key = (sheet.source, sheet.source_id)
            assert (sheet.good, sheet.quarantined, sheet.reasons) == (good[key], bad[key], reasons[key])  # type: ignore[index]
            assert sheet.is_closed
            assert sheet.bronze == sheet.good + sheet.quarantined
            assert sheet.absent == (0 if sheet.status in ("landed", "read") else sheet.came)
        assert sum(sheet.bronze for sheet in own) == 300
    assert {sheet.status for sheet in sheets} == {"landed", "read", "duplicate", "rejected"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("access.log", {"access.log"}), ("logs/access.log", {"access.log"}), ("logs/*", {"access.log"}),
        ("transactions_topic", {"transactions_topic"}), ("transactions_topic/0", {"transactions_topic"}),
        ("transactions_20??.csv", {"transactions_2024.csv"}), ("transactions/*_2024*", {"transactions_2024.csv",
        "copy_of_transactions_2024.csv"}), ("*.json", {"posts.json"}),
    ],
)  # fmt: skip
def test_sources_are_named_as_people_know_them(text: str, names: set[str], sample_lake: str) -> None:
    assert set(by_name(Lake(sample_lake), text)) == names


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("acces.log", "access.log"), ("Transactions2024.csv", "transactions_2024.csv"), ("log_topic/0", "logs_topic"),
        ("logs_topic/7", "logs_topic"), ("social_data/access.log", "access.log"), ("transactions_2024_csv", ".csv"),
        ("x' OR '1'='1", ""), ("'; DROP TABLE t; --", ""), ("%", ""), ("_ccess.log", "access.log"), ("\\", ""),
    ],
)  # fmt: skip
def test_a_source_that_is_unknown_is_told_with_near_ones(text: str, near: str, sample_lake: str) -> None:
    with pytest.raises(NoSuchRecordError) as caught:
        sources(Lake(sample_lake), text)
    assert near in str(caught.value)


def test_what_became_of_files_is_told_file_by_file(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        box.put(f"logs/{number}.log", LOG * number)
        box.land()
    box.put("logs/again.log", LOG * 2)
    box.put("transactions/a.csv", HEADER + ROW * 3)
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append", lambda *_: None)
        box.inbox().land("killed before the ledger")
    found = by_name(box.lake, "*")
    assert {name: (s.status, s.came, s.bronze, s.waiting, s.is_closed) for name, s in found.items()} == {
        "1.log": ("landed", 1, 1, 1, True),
        "2.log": ("landed", 2, 2, 2, True),
        "a.csv": ("landed", 3, 3, 3, True),
    }
    box.land()
    assert (by_name(box.lake, "again.log")["again.log"].status, len(sources(box.lake, "a.csv"))) == ("duplicate", 1)
    monkeypatch.setenv("LAKEHOUSE_URL", box.settings.lake)
    assert restore.main(["table", "bronze.logs", "1"]) == 0
    found = by_name(box.lake, "logs/*")
    assert {name: (s.status, s.absent, s.is_closed) for name, s in found.items()} == {
        "1.log": ("landed", 0, True),
        "2.log": ("undone", 2, True),
        "again.log": ("undone", 2, True),
    }


CHANGES: dict[str, tuple[str, Callable[[Lake], object]]] = {
    "a record of a file": ("access.log", lambda lake: lake.open("bronze.logs").delete("position = 0")),
    "a record of silver": ("access.log", lambda lake: lake.open("silver.logs").delete("position = 1")),
    "a message": ("ad_campaigns_topic/0", lambda lake: lake.open("bronze.ad_campaigns").delete("position = 0")),
    "a row of the ledger": ("posts.json", lambda lake: lake.open("ledger.files").delete("name = 'posts.json'")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_source_that_lacks_a_record_does_not_close(what: str, tmp_path: Path) -> None:
    text, change = CHANGES[what]
    maker.copy((tmp_path / "lake").as_uri(), 30)
    lake = Lake((tmp_path / "lake").as_uri())
    assert sources(lake, text)[0].is_closed
    change(lake)
    if what == "a row of the ledger":
        # Bronze's state knows it still, until its next batch.
        assert sources(lake, text)[0].is_closed
        lake.commit("bronze.social_data", (there := lake.standing("bronze.social_data")), [], there.state.next("next"))
    (sheet,) = sources(lake, text)
    assert not sheet.is_closed
    # Among others it comes first.
    assert sources(lake, f"{sheet.dataset}/*")[0] == sheet


def test_the_sheets_of_the_sources_add_up_to_that_of_their_dataset(sample_lake: str) -> None:
    lines = {line.dataset: line for line in ledger.balance(Lake(sample_lake))}
    for name, line in lines.items():
        own = [s for s in sources(Lake(sample_lake), "*") if s.dataset == name and s.status in ("landed", "read")]
        sums = [sum(getattr(sheet, part) for sheet in own) for part in ("came", "bronze", "good", "quarantined")]
        assert sums == [line.source, line.bronze, line.silver, line.quarantined]


def test_the_command_tells_it_and_fails_where_it_does_not_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = (tmp_path / "lake").as_uri()
    maker.copy(url, 30)
    monkeypatch.setenv("LAKEHOUSE_URL", url)
    assert balance.main(["--source", "transactions_2024.csv"]) == 0
    told = capsys.readouterr().out
    assert "24 in = 24 bronze + 0 missing" in told
    assert "24 bronze = 22 good + 2 quarantined + 0 waiting  closes" in told
    assert balance.main(["--source", "transaction_2024.csv"]) == 2
    assert "Near ones: transactions_2024.csv" in capsys.readouterr().err
    state = (lake := Lake(url)).standing("bronze.logs").state
    files = tuple(dict(row) | {"records": row["records"] + 1} for row in state.files)
    lake.commit("bronze.logs", lake.standing("bronze.logs"), [], state.next("more", files=files))
    lake.open("ledger.files").delete("name = 'access.log'")
    assert balance.main(["--source", "access.log"]) == 1
    assert "31 in = 30 bronze + 1 missing" in capsys.readouterr().out

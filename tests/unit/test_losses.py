"""Loss is loud: what is gone or changed by other means is named, and each way on ends in a sheet that closes."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from inbox_box import LOG, Box, make_box

import balance
import passport
import restore
from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError
from lakehouse.lake import Lake, data_files, ledger, losses, restoring, schemas
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.state import Standing, State, source_id
from lakehouse.landing import cut_file
from lakehouse.offsets import plan
from lakehouse.topics import Topic

NAME = "bronze.logs"
NOW = datetime(2025, 1, 3, tzinfo=UTC)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A lake whose bronze.logs has three versions: files of 1 and 2 records, then offsets 0 to 3 of the topic."""
    box = make_box(tmp_path)
    for number in (1, 2):
        box.put(f"logs/{number}.log", LOG * number)
        box.land()
    table, standing = schemas.bronze(DATASETS["logs"]), box.lake.standing(NAME)
    state = standing.state.next("run", topic_id="t", offsets={"0": (0, 3)})
    rows = [
        {"batch": state.batch, "source": "logs_topic", "source_id": "0", "position": n, "raw": b"{}", "size": 2,
         "kafka_timestamp": NOW, "ingested_at": NOW} for n in range(3)
    ]  # fmt: skip
    batch = pa.RecordBatch.from_pylist(rows, schema=schemas.arrow_schema(table.columns))
    files = data_files.write(box.lake.files, box.lake.address(NAME), table, "x", [batch])
    box.lake.commit(NAME, standing, list(files), state)
    monkeypatch.setenv("LAKEHOUSE_URL", box.settings.lake)
    return box


def is_closed(box: Box) -> bool:
    return all(line.is_closed for line in ledger.balance(box.lake))


def check(box: Box) -> None:
    losses.check(box.lake, box.lake.make_tables())


def sources(box: Box) -> Counter[str]:
    return Counter(row["source"] for row in box.bronze("logs"))


WHOLE = {"1.log": 1, "2.log": 2, "logs_topic": 3}


FOREIGN: dict[str, Callable[[Box], object]] = {
    "RESTORE": lambda box: box.lake.open(NAME).restore(1),
    "DELETE": lambda box: box.lake.open(NAME).delete("position = 0"),
}


@pytest.mark.parametrize("how", FOREIGN)
def test_a_table_that_was_changed_by_other_means_is_named_and_taken_back(
    how: str, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    check(box)
    FOREIGN[how](box)
    box.lake.open(NAME).optimize.compact()
    with pytest.raises(LossError, match=rf"Version 4 of {NAME} .+\({how}\) .+make restore TABLE={NAME} VERSION=3`"):
        check(box)
    assert balance.main([]) == 1
    assert f"Version 4 of {NAME}" in capsys.readouterr().err
    assert restore.main(["table", NAME, "4"]) == 1
    assert "was written by other means than these jobs" in capsys.readouterr().err
    assert restore.main(["table", NAME, "3"]) == 0
    check(box)
    assert sources(box) == WHOLE
    assert is_closed(box)
    assert box.land().decisions == []


def test_an_older_version_that_was_meant_is_gone_back_to_in_the_right_way(box: Box) -> None:
    FOREIGN["RESTORE"](box)
    assert restore.main(["table", NAME, "1"]) == 0
    check(box)
    assert (sources(box), box.lake.standing(NAME).state.offsets) == ({"1.log": 1}, {})
    assert is_closed(box)
    box.land()
    assert sources(box) == {"1.log": 1, "2.log": 2}
    assert is_closed(box)


def test_maintenance_by_others_is_no_loss(box: Box) -> None:
    box.lake.open(NAME).optimize.compact()
    box.lake.open(NAME).vacuum(dry_run=False)
    check(box)


def test_a_bronze_table_that_was_put_back_as_it_was_before_is_named_and_goes_on(box: Box) -> None:
    folder, kept = box.folder / "bronze" / "logs", box.folder / "kept"
    shutil.copytree(folder, kept)
    box.put("logs/4.log", LOG * 4)
    box.land()
    silver = box.lake.standing("silver.logs")
    box.lake.commit(silver_name := "silver.logs", silver, [], State(1, source=box.lake.standing(NAME).as_source()))
    shutil.rmtree(folder)
    kept.rename(folder)
    with pytest.raises(LossError, match=rf"{silver_name} .+ has judged batch 4 of another {NAME} .+ VERSION=3`"):
        check(box)
    assert restore.main(["table", NAME, "3"]) == 0
    check(box)
    assert is_closed(box)
    box.land()
    assert sources(box) == WHOLE | {"4.log": 4}
    assert is_closed(box)


def files(box: Box) -> dict[str, tuple[DataFile, Path]]:
    """Return the data files of bronze.logs by their source, and where they are."""
    found = data_files.of_table(box.lake.open(NAME), ("source",))
    return {file.least["source"]: (file, box.folder / "bronze" / "logs" / file.path) for file in found}


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "is missing"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:100]), "has 100 bytes instead of"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_data_file_that_is_missing_or_changed_is_named(
    damage: str, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    file, path = files(box)["2.log"]
    DAMAGE[damage][0](path)
    assert balance.main([]) == 1
    told = capsys.readouterr().err
    for part in (f"{NAME} in {box.lake.url}", f"{file.path} (2 records of 2.log) {DAMAGE[damage][1]}", "ACCEPT_LOSS=1"):
        assert part in told
    assert "Traceback" not in told


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_command_that_reads_such_a_file_says_what_names_it(
    damage: str, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = next(row["sha256"] for row in box.ledger() if row["name"] == "2.log")
    DAMAGE[damage][0](files(box)["2.log"][1])
    assert passport.main(["record", "2.log", sha256, "0"]) == 1
    assert "`make balance` names files that are missing or changed" in capsys.readouterr().err


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("is_in_inbox", [True, False])
def test_what_a_lost_data_file_held_comes_in_again_once_or_is_counted_as_lost(
    damage: str, is_in_inbox: bool, box: Box
) -> None:
    DAMAGE[damage][0](files(box)["2.log"][1])
    if not is_in_inbox:
        (box.inbox_folder / "logs" / "2.log").unlink()
    standings = box.lake.make_tables()
    steps = restoring.without_damaged(box.lake, "logs")
    assert [step.name for step in steps] == [NAME]
    restoring.restore(box.lake, steps, standings, "accept")
    assert restoring.without_damaged(box.lake, "logs") == []
    line = ledger.balance(box.lake)[1]
    assert (line.source, line.bronze, line.lost, line.is_closed) == (6, 4, 2, True)
    box.land()
    line = ledger.balance(box.lake)[1]
    assert (line.source, line.lost, line.is_closed) == (6, 0 if is_in_inbox else 2, True)
    assert sources(box) == (WHOLE if is_in_inbox else {"1.log": 1, "logs_topic": 3})
    assert balance.main([]) == 0


def test_records_of_a_topic_that_are_gone_with_a_data_file_are_lost(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    files(box)["logs_topic"][1].unlink()
    restoring.restore(box.lake, restoring.without_damaged(box.lake, "logs"), box.lake.make_tables(), "accept")
    line = ledger.balance(box.lake)[1]
    assert (line.source, line.bronze, line.lost, line.gaps, line.is_closed) == (6, 3, 3, 0, True)
    assert box.lake.standing(NAME).state.offsets == {"0": (0, 3)}
    assert balance.main([]) == 0
    assert "closes, 3 lost" in capsys.readouterr().out


def test_silver_that_was_made_of_a_lost_data_file_is_judged_anew(box: Box) -> None:
    silver = "silver.logs"
    box.lake.commit(silver, box.lake.standing(silver), [], State(1, source=box.lake.standing(NAME).as_source()))
    files(box)["2.log"][1].unlink()
    steps = restoring.without_damaged(box.lake, "logs")
    assert [(step.name, step.version) for step in steps] == [(silver, 0), (NAME, 3)]
    restoring.restore(box.lake, steps, box.lake.make_tables(), "accept")
    assert box.lake.standing(silver).state.source is None


def test_a_file_of_which_fewer_records_were_written_than_counted_is_not_committed(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, versions = cut_file.cut_file, box.versions()

    def one_too_many(task: Any, decision: Any, parquet: Path) -> Any:
        decided = cut(task, decision, parquet)
        decided.records += 1
        return decided

    monkeypatch.setattr(cut_file, "cut_file", one_too_many)
    box.put("logs/5.log", LOG * 5)
    with pytest.raises(LossError, match=r"Of the 6 records of logs/5\.log 5 were written"):
        box.land()
    assert box.versions() == versions


READ = State(batch=3, topic_id="t", offsets={"0": (2, 9), "1": (0, 4)})
AGAIN = State(batch=4, topic_id="u", offsets={"0": (2, 9), "1": (0, 4), "0@2": (0, 5), "1@2": (0, 0)})


@pytest.mark.parametrize(
    ("state", "topic", "starts", "offsets", "lost", "told"),
    [
        pytest.param(State(), Topic("t", {0: 3}, {0: 7}), {0: 3}, {"0": (3, 7)}, 0, "", id="the first look"),
        pytest.param(READ, Topic("t", {0: 2, 1: 0}, {0: 9, 1: 4}), {0: 9, 1: 4}, READ.offsets, 0, "", id="no news"),
        pytest.param(
            READ, Topic("t", {0: 0, 1: 0, 2: 1}, {0: 12, 1: 4, 2: 2}),
            {0: 9, 1: 4, 2: 1}, {"0": (2, 12), "1": (0, 4), "2": (1, 2)}, 0, "", id="a new partition",
        ),
        pytest.param(
            READ, Topic("t", {0: 11, 1: 6}, {0: 12, 1: 6}), {0: 11, 1: 6}, {"0": (2, 12), "1": (0, 6)}, 4,
            "partition 0 from 9 to 10. Kafka no longer", id="offsets dropped unread",
        ),
        pytest.param(
            READ, Topic("u", {0: 0, 1: 0}, {0: 5, 1: 0}), {0: 0, 1: 0}, AGAIN.offsets, 0,
            "The topic logs_topic was deleted and made again", id="made again",
        ),
        pytest.param(
            AGAIN, Topic("u", {0: 0, 1: 0}, {0: 6, 1: 0}), {0: 5, 1: 0},
            {**AGAIN.offsets, "0@2": (0, 6)}, 0, "", id="read on after it was made again",
        ),
        pytest.param(
            AGAIN, Topic("v", {0: 0}, {0: 1}), {0: 0}, {**AGAIN.offsets, "0@3": (0, 1)}, 0, "made again",
            id="made a third time",
        ),
        pytest.param(
            READ, Topic("t", {0: 0, 1: 0}, {0: 7, 1: 6}), {0: 7, 1: 4},
            {**READ.offsets, "0@2": (7, 7), "1@2": (4, 6)}, 0,
            "Partition 0 of logs_topic was read to offset 9 and ends at 7 now", id="its end is gone",
        ),
    ],
)  # fmt: skip
def test_what_is_taken_of_a_topic(
    state: State, topic: Topic, starts: dict[int, int], offsets: dict[str, tuple[int, int]], lost: int, told: str
) -> None:
    planned = plan(state, "logs_topic", topic)
    assert (planned.starts, planned.offsets, planned.lost) == (starts, offsets, lost)
    assert told in planned.loss
    assert bool(told) == bool(planned.loss)
    assert planned.asked == sum(topic.ends.values()) - sum(starts.values())
    after = state.next("run", topic_id=topic.id, offsets=planned.offsets)
    assert plan(after, "logs_topic", topic).loss == ""
    assert plan(after, "logs_topic", topic).asked == 0
    assert set(after.offsets) >= {source_id(n, after.generation) for n in topic.ends}


def test_a_writer_that_goes_on_meanwhile_is_no_loss(
    box: Box, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Silver judges a batch of bronze that came after bronze was looked at."""
    asked = Lake.standing
    going_on = [True]

    def standing(lake: Lake, name: str, opened: DeltaTable | None = None) -> Standing:
        found = asked(lake, name, opened)
        if name == NAME and going_on:
            going_on.clear()
            later = lake.commit(NAME, found, [], found.state.next("writer"))
            lake.commit(silver := "silver.logs", asked(lake, silver), [], State(1, source=later.as_source()))
        return found

    monkeypatch.setattr(Lake, "standing", standing)
    balance.main([])
    assert not going_on
    assert "another bronze.logs" not in capsys.readouterr().err

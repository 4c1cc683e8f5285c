"""What is forgotten is nowhere in the lake, stays out of it, and all else is as if it had never come."""

import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import store_bytes
from killing import killed_at, moments
from pyspark.sql import SparkSession

import bronze
import forget
import gold
import silver
from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError, NoSuchColumnError, NoSuchRecordError
from lakehouse.lake import Lake, data_files, forgetting, ledger, passport, restoring, scan, schemas
from lakehouse.lake.passport import Name
from lakehouse.lake.runs import recorded
from lakehouse.landing.land import Inbox
from lakehouse.metrics import METRICS
from lakehouse.settings import load
from lakehouse.spark.run import Run

pytestmark = pytest.mark.spark

NAME, METRIC, COLUMN = "transactions", "total_sales_per_product", "client_name"
SALES = DATASETS[NAME]
WHO = "Ada Lovelace"
HEADER = "TransactionID,ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod"
FIELDS = HEADER.split(",")
# The lines of three files, and the records of the topic; ADA's are those that go.
FIRST = [
    "T1,c1,Ada Lovelace,2025-01-05,Lamp,19.99,card",
    "T2,c2,Bob,2025-01-05,Lamp,5.01,card",
    "T3,c1, Ada Lovelace ,2025-01-06,Desk,100.00,card",
    "T4,c1,Ada Lovelace,2025-99-99,Lamp,1.00,card",  # quarantined: date
    "c1,Ada Lovelace",  # cannot be read: few fields
    "c4,Ada Lovelaceson",
    "T5,c5,Ada Lovelaceson,2025-01-06,Desk,7.00,card",
]
SECOND = [
    "T1,c1,Ada Lovelace,2025-01-05,Lamp,19.99,card",  # duplicate
    "T1,c2,Bob,2025-01-07,Lamp,3.00,cash",  # conflict, until Ada's is gone
    "T2,c2,Bob,2025-01-07,Lamp,4.00,cash",  # conflict
    "T6,c3,Eve,2025-01-07,Sofa,50.00,card",
]
TOPIC = [
    "T7,c1,Ada Lovelace,2025-01-08,Lamp,2.00,card",
    "T8,c3,Eve,2025-01-08,Lamp,2.50,card",
]
Row = dict[str, Any]


# Her name, and not one that begins like it.
HERS = rb"Ada Lovelace(?!son)"


def is_hers(line: str) -> bool:
    return WHO in line and f"{WHO}son" not in line


def make_run(lake: Lake, inbox: Path, name: str = "pipeline") -> Run:
    return Run(name, load({"LAKEHOUSE_URL": lake.url, "LAKEHOUSE_INBOX": str(inbox)}), lake, lake.make_tables())


class World:
    """A lake with its inbox and what a topic has sent, brought in as the pipeline does."""

    def __init__(self, folder: Path) -> None:
        self.lake, self.inbox, self.messages = Lake((folder / "lake").as_uri()), folder / "inbox", list[str]()

    def put(self, name: str, lines: list[str]) -> None:
        path = self.inbox / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([HEADER, *lines, ""]))

    def run(self) -> Run:
        """Bring in what is new."""
        job = make_run(self.lake, self.inbox)
        bronze.land(job, Inbox(job.lake, self.inbox, job.standings))
        if job.state(f"bronze.{NAME}").offsets.get("0", (0, 0))[1] < len(self.messages):
            self.read(job)
        if silver.has_news(job, SALES):
            silver.judge(job, SALES)
        if gold.is_stale(job, METRICS[METRIC]):
            gold.refresh(job, METRICS[METRIC])
        return job

    def read(self, job: Run) -> None:
        """Bring new messages to bronze as `bronze.read` does, without a broker."""
        name, table, now = f"bronze.{NAME}", schemas.bronze(SALES), datetime.now(UTC)
        start = job.state(name).offsets.get("0", (0, 0))[1]
        state = job.state(name).next(job.run_id, topic_id="t", offsets={"0": (0, len(self.messages))})
        common: Row = {"batch": state.batch, "source": SALES.topic, "source_id": "0", "format": "json", "is_cut": False}
        common |= {"kafka_timestamp": now, "ingested_at": now, "run_id": job.run_id}
        raw = [json.dumps(dict(zip(FIELDS, line.split(","), strict=True))).encode() for line in self.messages]
        rows = [common | {"position": n, "raw": raw[n], "size": len(raw[n])} for n in range(start, len(raw))]
        batch = pa.RecordBatch.from_pylist(rows, schema=schemas.arrow_schema(table.columns))
        prefix = data_files.prefix(state.batch)
        added = list(data_files.write(job.lake.files, job.lake.address(name), table, prefix, [batch]))
        if words := job.forgotten.get(NAME):
            added = forgetting.refuse(job.lake, SALES, state.batch, added, words, job.run_id)
        job.commit(name, added, state)

    def forget(self, column: str = COLUMN, value: str = WHO, *, dry_run: bool = False) -> Run:
        """Do what `make forget` does."""
        job = make_run(self.lake, self.inbox, "forget")
        if dry_run:
            forget.run(job, NAME, column, value, dry_run=True, with_topic=False)
            return job
        with recorded(self.lake, "forget", job.run_id, job.counts):
            forget.run(job, NAME, column, value, dry_run=False, with_topic=False)
        return job

    def records(self) -> list[Row]:
        """Return all of silver by what bronze holds of it, without when, by whom and in which batch."""
        sql = (
            "SELECT b.raw, s.quarantined, s.reasons, s.transaction_id, s.client_name, s.amount, s.content_hash "
            "FROM s JOIN b ON s.source_id = b.source_id AND s.position = b.position ORDER BY b.raw, s.reasons"
        )
        tables = {layer[0]: self.lake.open(f"{layer}.{NAME}") for layer in ("bronze", "silver")}
        rows: list[Row] = scan.query(sql, **tables).to_pylist()
        return rows

    def sales(self) -> list[Row]:
        rows: list[Row] = scan.read(self.lake.open(f"gold.{METRIC}")).sort_by("produit").to_pylist()
        return rows

    def line(self) -> ledger.Balance:
        return next(line for line in ledger.balance(self.lake) if line.dataset == NAME)

    def versions(self) -> dict[str, int]:
        return {name: self.lake.open(name).version() for name in forget.tables_of(SALES)}


@pytest.fixture(autouse=True)
def no_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what is said of the topic to the test on the real broker."""
    monkeypatch.setattr(forget, "_ends", lambda *_: {})


def make_world(folder: Path, keep: Callable[[str], bool] = lambda _: True) -> World:
    """Return a lake to which those lines have come that are kept, in three runs."""
    world = World(folder)
    for name, lines in (("1.csv", FIRST), ("2.csv", SECOND)):
        world.put(name, list(filter(keep, lines)))
        world.run()
    world.messages = list(filter(keep, TOPIC))
    world.run()
    return world


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with all of it, which each test copies."""
    folder = tmp_path_factory.mktemp("made")
    make_world(folder)
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> World:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    world = World(tmp_path)
    world.messages = list(TOPIC)
    return world


@pytest.fixture(scope="module")
def without_her(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A lake to which her records never came."""
    return make_world(tmp_path_factory.mktemp("without"), lambda line: not is_hers(line))


def check(world: World, without_her: World, forgotten_records: int = 6) -> None:
    """Check that she is nowhere, that all else is as without her, and that the sheet closes."""
    assert store_bytes.holding(world.lake, HERS) == []
    assert world.records() == without_her.records()
    assert world.sales() == without_her.sales()
    line = world.line()
    assert line.is_closed
    assert (line.forgotten, line.gaps, line.waiting) == (forgotten_records, 0, 0)
    assert line.source == line.bronze + forgotten_records


def test_all_is_as_if_it_had_never_come_and_stays_so(
    world: World, without_her: World, caplog: pytest.LogCaptureFixture
) -> None:
    before = {name: world.lake.open(name).version() for name in forget.tables_of(SALES)}
    assert len(store_bytes.holding(world.lake, HERS)) > 4
    with caplog.at_level("INFO", "lakehouse"):
        world.forget(dry_run=True)
    assert before == world.versions()
    assert f"{NAME}: 6 records would be forgotten" in caplog.text
    assert str(world.inbox / NAME / "1.csv") in caplog.text
    with caplog.at_level("INFO", "lakehouse"):
        run = world.forget()
    check(world, without_her)
    assert not re.search(HERS, caplog.text.encode())
    assert store_bytes.holding(world.lake, b"Ada Lovelaceson")  # the search sees
    # Twice is once.
    versions, files = world.versions(), world.lake.files.list(world.lake.address(f"bronze.{NAME}"))
    world.forget()
    assert (world.versions(), world.lake.files.list(world.lake.address(f"bronze.{NAME}"))) == (versions, files)
    # By file, by topic, and what cannot be read: refused, while what comes with it is there.
    world.put("again.csv", [line for line in FIRST if is_hers(line)] + ["T9,c3,Eve,2025-01-09,Sofa,1.00,card"])
    world.messages += [TOPIC[0], "T10,c1,Ada Lovelace,2025-01-09,Sofa,1.00,card", "T11,c3,Eve,2025-01-09,Bed,1.00,card"]
    job = world.run()
    assert store_bytes.holding(world.lake, HERS) == []
    assert [row["transaction_id"] for row in world.records() if row["transaction_id"] in ("T9", "T10", "T11")] == [
        *("T9", "T11")
    ]
    line = world.line()
    assert (line.is_closed, line.forgotten, line.gaps) == (True, 6 + 4 + 2, 0)
    # Its passport says that it was forgotten, when and by which run.
    for position, by in ((0, run), (2, job)):
        with pytest.raises(NoSuchRecordError, match=f"was forgotten 20.* by run {by.run_id}") as told:
            passport.passport(world.lake, Name(SALES.topic, "0", position))
        assert not re.search(HERS, str(told.value).encode())


def copied(world: World, folder: Path) -> World:
    shutil.copytree(world.inbox.parent, folder, ignore=shutil.ignore_patterns("copy*"))
    copy = World(folder)
    copy.messages = list(world.messages)
    return copy


@pytest.mark.long
@pytest.mark.parametrize("runs_between", [False, True], ids=["at once", "after a pipeline"])
def test_whatever_is_killed_doing_it_again_ends_the_same(
    *, runs_between: bool, world: World, without_her: World, tmp_path: Path
) -> None:
    whole = moments(copied(world, tmp_path / "copy").forget)
    # One moment of each kind, and the middle one where a kind is passed often.
    chosen = {point: (point, (times + 1) // 2) for point, times in whole}
    changed = [*forget.tables_of(SALES), schemas.FORGOTTEN.name]
    assert {"lake.after_forgetting", *(f"{name}.after_commit" for name in changed)} <= set(chosen)
    for number, moment in enumerate(chosen.values()):
        struck = copied(world, tmp_path / f"copy{number}")
        killed_at(moment, struck.forget)
        if runs_between:
            struck.run()
        struck.forget()
        check(struck, without_her)
        for name in forget.tables_of(SALES):
            logs = [path for path in struck.lake.files.list(struck.lake.address(name)) if path.endswith(".json")]
            assert len(logs) == 1, (moment, logs)
        versions = struck.versions()
        struck.run()
        assert struck.versions() == versions, moment


@pytest.mark.long
def test_what_is_refused_stays_out_whatever_is_killed(world: World, without_her: World, tmp_path: Path) -> None:
    world.forget()
    world.put("again.csv", [line for line in FIRST if is_hers(line)])
    world.messages.append(TOPIC[0])
    for number, moment in enumerate(moments(copied(world, tmp_path / "copy").run)):
        struck = copied(world, tmp_path / f"copy{number}")
        killed_at(moment, struck.run)
        assert struck.line().is_closed, moment
        struck.run()
        check(struck, without_her, 6 + 4 + 1)


@pytest.mark.long
def test_a_business_key_goes_with_what_was_quarantined_for_it(world: World) -> None:
    others = [row for row in world.records() if b"T2," not in row["raw"]]
    world.forget("transaction_id", "T2")
    assert world.records() == others
    assert store_bytes.holding(world.lake, rb"\bT2\b") == []
    assert world.line().is_closed
    with pytest.raises(NoSuchRecordError, match=r"No record of transactions has that transaction_id\. Nothing was"):
        world.forget("transaction_id", "T")


@pytest.mark.long
def test_tables_cannot_go_back_to_before_a_forgetting(world: World, without_her: World) -> None:
    moment, versions = datetime.now(UTC), world.versions()
    world.forget()
    for name, version in versions.items():
        with pytest.raises(IntegrityError, match=f"{name} does not keep version {version} any more: `make forget`"):
            restoring.to_version(world.lake, name, version)
    with pytest.raises(IntegrityError, match=r"does not keep its versions of before .*`make forget`"):
        restoring.to_before(world.lake, moment)
    # But to any after it, from where she does not come again.
    after = world.versions()
    world.put("3.csv", ["T12,c1,Ada Lovelace,2025-01-09,Sofa,1.00,card", "T13,c3,Eve,2025-01-09,Bed,1.00,card"])
    world.run()
    standings = make_run(world.lake, world.inbox).standings
    steps = restoring.to_version(world.lake, f"bronze.{NAME}", after[f"bronze.{NAME}"])
    restoring.restore(world.lake, steps, standings, "undo")
    assert world.line().is_closed
    world.run()
    assert store_bytes.holding(world.lake, HERS) == []
    assert (world.line().is_closed, world.line().forgotten) == (True, 6 + 1)


@pytest.mark.long
def test_a_lost_key_stops_what_could_bring_it_in_again(world: World) -> None:
    world.forget()
    world.lake.files.delete(f"{world.lake.url}/_forgetting.key")
    world.put("3.csv", SECOND)
    with pytest.raises(IntegrityError, match=r"_forgetting\.key is missing"):
        world.run()


def test_what_is_asked_for_comes_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY", f" {WHO}\n")
    asked = forget.arguments([NAME, "--column", COLUMN])
    assert (asked.column, asked.value, "KEY" in os.environ) == (COLUMN, WHO, False)
    with pytest.raises(SystemExit) as ended:
        forget.arguments([NAME])
    assert ended.value.code == 2
    assert "KEY= must be the transaction_id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("dataset", "column", "told"),
    [("logs", "", "COLUMN= must be ip or user"), (NAME, "amount", "COLUMN= must be transaction_id or client_name")],
)
def test_only_the_key_and_personal_columns_name_what_is_forgotten(
    tmp_path: Path, dataset: str, column: str, told: str
) -> None:
    settings = load({"LAKEHOUSE_URL": tmp_path.as_uri()})
    lake = Lake.of(settings)
    run = Run("forget", settings, lake, lake.make_tables())
    with pytest.raises(NoSuchColumnError, match=told):
        forget.run(run, dataset, column, "x", dry_run=False, with_topic=False)

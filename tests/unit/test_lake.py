"""Delta tables without a JVM: made once, with their explicit schemas, opened and appended to."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from empty_lake import make_empty
from stack import free_ports

from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError, NotBuiltError, ServiceError
from lakehouse.lake import Lake, forgetting, log, schemas
from lakehouse.lake.scan import read, sum_of
from lakehouse.lake.schemas import schema
from lakehouse.lake.state import State
from lakehouse.model import TYPES, Column
from lakehouse.settings import load

NOON = datetime(2025, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake with all its tables."""
    return make_empty((tmp_path / "lake").as_uri())


def test_a_lake_is_made_of_the_settings() -> None:
    settings = load({"LAKEHOUSE_URL": "hdfs://localhost:1/lake/", "WEBHDFS_URL": "http://localhost:2"})
    assert Lake.of(settings).url == "hdfs://localhost:1/lake"
    assert Lake.of(settings).address("silver.logs") == "hdfs://localhost:1/lake/silver/logs"


def test_every_table_has_the_columns_of_its_schema(lake: Lake) -> None:
    for name, table in schemas.tables().items():
        opened = lake.open(name)
        assert opened.schema() == schema(table.columns)
        assert opened.version() == 0
        assert (opened.metadata().name, opened.metadata().partition_columns) == (name, list(table.partition_by))


def test_tables_that_were_just_made_stand_at_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path.as_uri())
    standings = lake.make_tables()
    assert set(standings) == set(schemas.tables())
    for name, standing in standings.items():
        assert (standing.version, standing.state) == (0, State())
        assert standing.id == str(lake.open(name).metadata().id)


def test_making_tables_again_changes_nothing(lake: Lake) -> None:
    lake.append(schemas.FILES, [{"name": "a"}])
    before = {name: lake.open(name).metadata().id for name in schemas.tables()}
    standings = lake.make_tables()
    assert {name: lake.open(name).metadata().id for name in schemas.tables()} == before
    assert standings["ledger.files"].version == 1


def test_a_lake_of_other_columns_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path.as_uri())
    first = schemas.bronze(next(iter(DATASETS.values())))
    older = DeltaTable.create(lake.address(first.name), schema(first.columns[1:]))
    with pytest.raises(IntegrityError) as caught:
        lake.make_tables()
    for words in (first.name, lake.url, "another version", "LAKEHOUSE_URL", "make clean"):
        assert words in str(caught.value)
    assert lake.open(first.name).schema() == older.schema()
    assert lake.open(first.name).version() == 0


def test_appended_rows_come_back_with_nulls_where_nothing_was_given(lake: Lake) -> None:
    lake.append(schemas.FILES, [{"name": "a", "mtime": NOON, "size": 2**40}, {"name": "é\n"}])
    lake.append(schemas.FILES, [{"name": "b"}])
    rows = read(lake.open("ledger.files"), ["name", "mtime", "size"]).sort_by("name").to_pylist()
    assert rows == [
        {"name": "a", "mtime": NOON, "size": 2**40},
        {"name": "b", "mtime": None, "size": None},
        {"name": "é\n", "mtime": None, "size": None},
    ]
    assert lake.open("ledger.files", version=1).to_pyarrow_table().num_rows == 2


FILTERS = {
    "a column with statistics": ("status = 'landed'", ["a"]),
    "a value between the least and the greatest": ("status = 'missing'", []),
    "nulls of a column with statistics": ("status IS NULL", ["c"]),
    "a column without statistics": ("name = 'b'", ["b"]),
    "nulls of a column without statistics": ("sha256 IS NULL", ["a", "b", "c"]),
    "a time to the microsecond": (f"seen_at = '{NOON.isoformat()}'", ["a", "b"]),
    "a time one microsecond later": (f"seen_at > '{NOON.isoformat()}'", []),
}


@pytest.mark.parametrize(("where", "names"), FILTERS.values(), ids=FILTERS)
def test_a_filter_finds_the_rows_that_were_appended(lake: Lake, where: str, names: list[str]) -> None:
    lake.append(
        schemas.FILES,
        [{"name": "a", "status": "landed", "seen_at": NOON}, {"name": "b", "status": "rejected", "seen_at": NOON}],
    )
    lake.append(schemas.FILES, [{"name": "c"}])
    assert sorted(read(lake.open("ledger.files"), ["name"], where)["name"].to_pylist()) == names


def test_every_table_that_is_appended_to_by_rows_has_statistics() -> None:
    assert all(schemas.tables()[name].statistics for name in ("ledger.files", "ledger.runs"))


def test_rows_are_appended_beside_those_of_another_writer(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    open_table, others = Lake.open, [[{"name": "b"}], [{"name": "c"}]]

    def interrupted(self: Lake, name: str, version: int | None = None) -> DeltaTable:
        table = open_table(self, name, version)
        if others:
            Lake(lake.url).append(schemas.FILES, others.pop())
        return table

    monkeypatch.setattr(Lake, "open", interrupted)
    lake.append(schemas.FILES, [{"name": "a"}])
    assert sorted(read(lake.open("ledger.files"), ["name"])["name"].to_pylist()) == ["a", "b", "c"]


def test_a_long_log_is_summed_up_and_reads_the_same(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "CHECKPOINT_INTERVAL", 10)
    folder = Path(lake.address("ledger.files").removeprefix("file://")) / "_delta_log"
    for number in range(21):
        lake.append(schemas.FILES, [{"name": str(number), "status": "landed"}])
        if number == 10:
            # What the first checkpoint sums up is not needed for the second.
            for version in range(10):
                (folder / f"{version:020}.json").unlink()
    assert sorted(path.name for path in folder.glob("*.checkpoint.parquet")) == [
        f"{version:020}.checkpoint.parquet" for version in (10, 20)
    ]
    assert json.loads((folder / "_last_checkpoint").read_text())["version"] == 20
    for version in range(10, 20):
        (folder / f"{version:020}.json").unlink()
    assert sum_of(lake.open("ledger.files"), "num_records") == 21
    assert read(lake.open("ledger.files"), ["name"], "status = 'landed'").num_rows == 21


def test_a_log_with_a_gap_is_not_summed_up(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "CHECKPOINT_INTERVAL", 3)
    for name in ("a", "b"):
        lake.append(schemas.FILES, [{"name": name}])
    folder = Path(lake.address("ledger.files").removeprefix("file://"))
    first = Path(log.file_of(str(folder), 1))
    content = first.read_bytes()
    first.unlink()
    log.sum_up(lake.files, lake.address("ledger.files"), 2)
    assert not list(folder.glob("_delta_log/*.checkpoint.parquet"))
    first.write_bytes(content)
    lake.append(schemas.FILES, [{"name": "c"}])
    assert sum_of(lake.open("ledger.files"), "num_records") == 3


def test_a_log_whose_older_versions_ended_is_summed_up_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "CHECKPOINT_INTERVAL", 5)
    name, row = schemas.FILES.name, [{"name": "a", "status": "landed"}]
    for _ in range(3):
        lake.append(schemas.FILES, row)
    forgetting.end_older_versions(lake, name, lake.standing(name))
    logs = [path for path in lake.files.list(lake.address(name)) if path.startswith("_delta_log/")]
    assert sorted(logs) == [
        *("_delta_log/00000000000000000003.checkpoint.parquet", "_delta_log/00000000000000000003.json"),
        log.HINT,
    ]
    lake.append(schemas.FILES, row)
    lake.append(schemas.FILES, row)
    assert lake.files.age(log.checkpoint_of(lake.address(name), 5)) is not None
    lake.files.delete(log.file_of(lake.address(name), 4))
    assert sum_of(lake.open(name), "num_records") == 5


def test_a_log_that_cannot_be_summed_up_is_left_as_it_is(lake: Lake) -> None:
    for _ in range(3):
        lake.append(schemas.FILES, [{"name": "a"}])
    name = schemas.FILES.name
    standing = lake.standing(name)
    lake.files.delete(log.file_of(lake.address(name), 1))
    before = lake.files.list(lake.address(name))
    with pytest.raises(IntegrityError, match=r"The log of ledger\.files in .+ has gaps"):
        forgetting.end_older_versions(lake, name, standing)
    assert lake.files.list(lake.address(name)) == before


def test_a_table_that_was_never_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match=r"gold\.campaign_metrics does not exist yet in .+make pipeline"):
        Lake(tmp_path.as_uri()).open("gold.campaign_metrics")


def test_a_lake_whose_path_leads_through_a_file_is_away_and_not_without_tables(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("no folder")
    with pytest.raises(ServiceError, match=r"gold\.campaign_metrics .+ cannot be reached"):
        Lake((tmp_path / "lake").as_uri()).open("gold.campaign_metrics")


AWAY: dict[str, Callable[[Lake], object]] = {
    "making its tables": lambda lake: lake.make_tables(),
    "opening one": lambda lake: lake.open("ledger.files"),
    "how one stands": lambda lake: lake.standing("ledger.files"),
}


@pytest.mark.parametrize("call", AWAY.values(), ids=AWAY)
def test_a_lake_that_is_away_is_named_in_one_line_without_colours(call: Callable[[Lake], object]) -> None:
    rpc, http = free_ports(2)
    lake = Lake(f"hdfs://localhost:{rpc}/lake", f"http://localhost:{http}")
    with pytest.raises(ServiceError) as caught:
        call(lake)
    assert lake.url in str(caught.value)
    assert "make status" in str(caught.value)
    assert str(caught.value).isprintable()


def test_appending_to_a_lake_that_is_away_names_its_namenode() -> None:
    rpc, http = free_ports(2)
    with pytest.raises(ServiceError, match=f"HDFS at http://localhost:{http} does not answer: .+make status"):
        Lake(f"hdfs://localhost:{rpc}/lake", f"http://localhost:{http}").append(schemas.FILES, [{"name": "a"}])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file in its place")
    with pytest.raises(ServiceError, match=f"{tmp_path}/lake"):
        Lake(f"file://{tmp_path}/lake").make_tables()


def test_every_type_of_the_model_is_known_to_delta() -> None:
    columns = [Column(f"c{n}", kind) for n, kind in enumerate((*TYPES, "decimal(14,2)"))]
    assert len(schema(columns).fields) == len(columns)


def test_every_column_of_every_table_has_a_known_type() -> None:
    kinds = {column.type for table in schemas.tables().values() for column in table.columns}
    assert {kind for kind in kinds if not kind.startswith("decimal(")} <= set(TYPES)
    assert os.sep not in "".join(schemas.tables())


def test_bronze_and_silver_of_a_dataset_may_have_a_root_of_their_own(tmp_path: Path) -> None:
    lake = Lake(f"file://{tmp_path}/lake", dataset_url=f"file://{tmp_path}/kafka-ing-{{dataset}}/lake")
    lake.make_tables()
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/lake/*/*")}
    assert {path for path in found if "ad" in path} == {
        "kafka-ing-ad-campaigns/lake/bronze/ad_campaigns",
        "kafka-ing-ad-campaigns/lake/silver/ad_campaigns",
    }
    assert {path.name for path in (tmp_path / "lake").iterdir()} == {"gold", "ledger"}
    assert lake == replace(lake)

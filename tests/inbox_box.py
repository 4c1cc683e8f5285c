"""An inbox with its lake on the local disk, for tests of landing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from empty_lake import make_empty

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, scan
from lakehouse.landing.land import Inbox, Landed
from lakehouse.settings import Settings, load

HEADER = b"ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod\n"
ROW = b"c1,Ada,2025-01-05,Lamp,19.99,card\n"
LOG = b'1.2.3.4 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n'
POST = b'{"user": "ada", "message": "hi", "post_date": "2025-01-05", "likes": 1, "retweets": 0}'


@dataclass
class Box:
    """An inbox with its lake."""

    settings: Settings
    lake: Lake

    def put(self, name: str, data: bytes) -> Path:
        path = self.inbox_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def inbox(self) -> Inbox:
        """Return the inbox as a run that starts now sees it."""
        return Inbox(self.lake, self.inbox_folder, self.lake.make_tables())

    def land(self) -> Landed:
        return self.inbox().land("run")

    def ledger(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = scan.read(self.lake.open("ledger.files")).to_pylist()
        return rows

    def bronze(self, dataset: str) -> list[dict[str, Any]]:
        """Return the rows of a bronze table, by source_id and position."""
        rows = scan.read(self.lake.open(f"bronze.{dataset}")).to_pylist()
        return sorted(rows, key=lambda row: (row["source_id"], row["position"]))

    def records(self, dataset: str, sha256: object) -> list[bytes]:
        """Return the records of one content, which must be numbered from 0."""
        rows = [row for row in self.bronze(dataset) if row["source_id"] == sha256]
        assert [row["position"] for row in rows] == list(range(len(rows)))
        return [row["raw"] for row in rows]

    def versions(self) -> dict[str, int]:
        """Return the versions of the tables that landing writes to."""
        return {name: self.lake.open(name).version() for name in ("ledger.files", *(f"bronze.{d}" for d in DATASETS))}

    @property
    def inbox_folder(self) -> Path:
        return Path(self.settings.inbox)

    @property
    def folder(self) -> Path:
        return Path(self.lake.url.removeprefix("file://"))

    def data_files(self) -> list[Path]:
        """Return the Parquet files in the folders of the bronze tables, committed or not."""
        return sorted(self.folder.glob("bronze/*/*.parquet"))


def open_box(folder: Path) -> Box:
    """Return the inbox and the lake that are in a folder."""
    settings = load({"LAKEHOUSE_URL": f"file://{folder}/lake", "LAKEHOUSE_INBOX": str(folder / "inbox")})
    return Box(settings, Lake.of(settings))


def make_box(folder: Path) -> Box:
    """Return an empty inbox and an empty lake in a folder."""
    make_empty(f"file://{folder}/lake")
    return open_box(folder)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Give an empty inbox with its lake."""
    return make_box(tmp_path)

"""An inbox with its lake on the local disk, for tests of landing."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from lakehouse import landing
from lakehouse.lake import create_tables, open_table
from lakehouse.landing import Landed
from lakehouse.settings import Settings, load

HEADER = b"ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod\n"
ROW = b"c1,Ada,2025-01-05,Lamp,19.99,card\n"
LOG = b'1.2.3.4 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n'
POST = b'{"user": "ada", "message": "hi", "post_date": "2025-01-05", "likes": 1, "retweets": 0}'


@dataclass
class Inbox:
    """An inbox with its lake."""

    settings: Settings

    def put(self, name: str, data: bytes) -> Path:
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def land(self) -> Landed:
        return landing.land(self.settings, "run")

    def ledger(self) -> list[dict[str, object]]:
        return open_table(self.settings.lake, "ledger.files").to_pyarrow_table().to_pylist()

    def version(self) -> int:
        return open_table(self.settings.lake, "ledger.files").version()

    def records(self, dataset: str, sha256: object) -> list[bytes]:
        table = pq.read_table(self.lake / "landing" / dataset / f"{sha256}.parquet")
        assert table["position"].to_pylist() == list(range(table.num_rows))
        return table["raw"].to_pylist()

    @property
    def lake(self) -> Path:
        return Path(self.settings.lake.removeprefix("file://"))

    def landed_files(self) -> list[Path]:
        return sorted(p for p in self.lake.glob("landing/*/*") if p.is_file())


def make_inbox(folder: Path) -> Inbox:
    """Return an empty inbox and an empty lake in a folder."""
    lake = f"file://{folder}/lake"
    create_tables(lake)
    return Inbox(load({"LAKEHOUSE_URL": lake, "LAKEHOUSE_INBOX": str(folder / "inbox")}))

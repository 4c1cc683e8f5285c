"""The balance sheet: what came in, what is in bronze, and what silver made of it, dataset by dataset.

Counts come from the Delta logs; only the reasons of quarantined rows are read.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deltalake import DeltaTable

from lakehouse.datasets import DATASETS
from lakehouse.lake import scan
from lakehouse.lake.scan import literal
from lakehouse.lake.schemas import FILES, FORGOTTEN, GONE
from lakehouse.lake.state import State
from lakehouse.lake.store import Lake
from lakehouse.model import Dataset

# By the hash of a file that was landed its records, and whether they are lost.
Landed = dict[str, tuple[int, bool]]


@dataclass(frozen=True)
class Balance:
    """A dataset's line of the balance sheet, in records.

    `from_tables` came from tables of a database. `offsets` are the Kafka offsets that were read, of which `gaps` held
    no record (transaction markers and aborted records); `lost` are records that Kafka dropped unread or that went with
    a data file, which somebody accepted; `forgotten` are records that were taken out of the lake for good or refused
    because they had been; `waiting` are rows of bronze that silver has not judged yet. It closes where source =
    bronze + lost + forgotten, and bronze = silver + quarantined + waiting.
    """

    dataset: str
    from_files: int
    offsets: int
    gaps: int
    bronze: int
    silver: int
    quarantined: int
    reasons: dict[str, int]
    waiting: int = 0
    lost: int = 0
    forgotten: int = 0
    from_tables: int = 0

    @property
    def source(self) -> int:
        """Records that came in by file, by topic, and from tables of a database."""
        return self.from_files + self.offsets - self.gaps + self.from_tables

    @property
    def is_closed(self) -> bool:
        """Whether no record is missing or there twice."""
        judged = self.silver + self.quarantined
        came = self.bronze + self.lost + self.forgotten
        return self.source == came and self.bronze == judged + self.waiting and self.gaps >= 0

    def as_dict(self) -> dict[str, object]:
        """Return the line with its derived values, for JSON."""
        return asdict(self) | {"source": self.source, "is_closed": self.is_closed}


def balance(lake: Lake) -> list[Balance]:
    """Return the balance sheet of the lake, a line per dataset; raises as `Lake.open`.

    The reasons are the only part that reads rows: those of the quarantine.

    While a job writes, a table may be read before and another one after a commit: a line that does not close is read
    again, so that only one that stays open is told.
    """
    lines: dict[str, Balance] = {}
    for _ in range(3):
        landed, forgotten = _landed(lake), lake.open(FORGOTTEN.name)
        for dataset in DATASETS.values():
            if dataset.name not in lines or not lines[dataset.name].is_closed:
                lines[dataset.name] = _line(lake, dataset, landed.get(dataset.name, {}), forgotten)
        if all(line.is_closed for line in lines.values()):
            break
    return list(lines.values())


def _landed(lake: Lake) -> dict[str, Landed]:
    """Return what is known of the landed files by dataset and hash."""
    columns = ["dataset", "sha256", "records", "status", "seen_at"]
    rows = scan.read(lake.open(FILES.name), columns, f"status IN {('landed', *GONE)}").sort_by("seen_at")
    landed: dict[str, Landed] = {}
    for row in rows.to_pylist():
        _decided(landed.setdefault(row["dataset"], {}), row)
    return landed


def _decided(landed: Landed, row: Mapping[str, Any]) -> None:
    """Let what is known of landed files follow a later decision."""
    if row["status"] == "undone":
        landed.pop(row["sha256"], None)
    else:
        landed[row["sha256"]] = int(row["records"]), row["status"] == "lost"


def _line(lake: Lake, dataset: Dataset, landed: Landed, gone: DeltaTable) -> Balance:
    # Silver first: what bronze gains meanwhile is then waiting, not lost.
    silver = lake.open(f"silver.{dataset.name}")
    read_to = lake.standing(f"silver.{dataset.name}", silver).state.source_batch
    bronze = lake.open(f"bronze.{dataset.name}")
    state = lake.standing(f"bronze.{dataset.name}", bronze).state
    rows, sides = scan.sum_of(bronze, "num_records"), scan.rows_by_partition(silver)
    # What came by topic has a Kafka timestamp.
    topic_rows = rows - scan.sum_of(bronze, "null_count.kafka_timestamp")
    offsets = sum(end - first for first, end in state.offsets.values())
    from_tables = sum(reading.records for reading in state.readings.values())
    # Files that bronze holds are in the ledger, but for those of a run that is writing it or was killed before.
    files = dict(landed)
    for file in state.files:
        _decided(files, file)
    forgotten = _forgotten(gone, dataset, files, state)
    return Balance(
        dataset=dataset.name,
        from_files=sum(records for records, _ in files.values()),
        offsets=offsets,
        gaps=offsets - state.lost - forgotten[dataset.topic] - topic_rows,
        bronze=rows,
        silver=sides.get(False, 0),
        quarantined=sides.get(True, 0),
        reasons=_reasons(silver) if sides.get(True) else {},
        waiting=scan.count_after(bronze, read_to) if state.batch > read_to else 0,
        lost=state.lost + state.lost_rows + sum(records for records, is_lost in files.values() if is_lost),
        forgotten=forgotten.total(),
        from_tables=from_tables,
    )


def _forgotten(table: DeltaTable, dataset: Dataset, files: Landed, state: State) -> Counter[str]:
    """Return how many forgotten records are among those that came in, by file, topic or table.

    Those of a file that is lost as a whole are lost.
    """
    if not scan.sum_of(table, "num_records"):
        return Counter()
    rows = scan.query(
        f"SELECT source, source_id, count(DISTINCT position) AS records FROM t WHERE dataset = {literal(dataset.name)} "
        f"AND position IS NOT NULL AND ({came_in(state, dataset)}) GROUP BY 1, 2",
        t=table,
    ).to_pylist()
    counts: Counter[str] = Counter()
    for row in rows:
        _, is_lost = files.get(row["source_id"], (0, True))
        if row["source"] in (dataset.topic, *state.readings) or not is_lost:
            counts[row["source"]] += row["records"]
    return counts


def came_in(state: State, dataset: Dataset) -> str:
    """Return the SQL condition on records that the ledger calls forgotten: by file, or among the records read.

    The ledger is told before bronze is: it also names records of offsets that no run has brought in yet, or that a
    restore took back.
    """
    read = (
        f"source = {literal(source)} AND source_id = {literal(name)} AND position >= {first:d} AND position < {end:d}"
        for source, name, first, end in state.read(dataset.topic)
    )
    return " OR ".join([f"source NOT IN ({', '.join(map(literal, (dataset.topic, *state.readings)))})", *read])


def _reasons(silver: DeltaTable) -> dict[str, int]:
    """Return the number of quarantined rows per first reason, most frequent first."""
    counts = scan.query(
        "SELECT reasons[1] AS reason, count(*) AS n FROM silver WHERE quarantined GROUP BY 1 ORDER BY n DESC, reason",
        silver=silver,
    )
    return {row["reason"]: row["n"] for row in counts.to_pylist()}

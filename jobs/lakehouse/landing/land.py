"""Landing: the files of the inbox become rows of bronze, before Spark and without a JVM.

A file is hashed, cut into records, and written as one Parquet file into the folder of its bronze table; one commit a
dataset and run adds these files, then the rows of `ledger.files` say what was decided. A Parquet file without a commit
is seen by nobody. A run that ended between a commit and its rows in the ledger is mended by the next one, from the
state that the commit carries. A file whose name, size and mtime the ledger knows is passed over without being read.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError, ServiceError
from lakehouse.lake import forgetting, forgotten, scan
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.files import room
from lakehouse.lake.forgotten import Words
from lakehouse.lake.schemas import FILES, GONE, bronze
from lakehouse.lake.standing import Standing
from lakehouse.lake.store import Lake
from lakehouse.landing.cut_file import Decision, Task, cut_file, hash_file
from lakehouse.landing.inbox import Known, new_files, stamp
from lakehouse.landing.sniff import RejectedError

# Below this size another process would take longer to start than the work does.
PARALLEL_BYTES = 32 << 20

# A dataset and the SHA-256 of a file's bytes, None where they could not be read.
Content = tuple[str, str | None]

# What may be mended without a new mtime, such as a file's permissions, is tried again at each run.
_TRIED_AGAIN = "unreadable"


@dataclass
class Landed:
    """What one look at the inbox led to: decisions, and the names left alone with the reason."""

    decisions: list[Decision] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


@dataclass
class Inbox:
    """The inbox and what the ledger knows of its files, read once and kept up to date.

    `standings` maps bronze tables to how they stand, and is kept up to date too. `records` maps dataset and hash of
    what is landed to its number of records.
    """

    lake: Lake
    folder: Path
    standings: dict[str, Standing]
    known: set[Known] = field(default_factory=set)
    unreadable: set[tuple[Any, ...]] = field(default_factory=set)
    records: dict[Content, int] = field(default_factory=dict)
    _words: dict[str, Words] = field(init=False)

    def __post_init__(self) -> None:
        """Read the ledger, and write what a killed run left out of it."""
        columns = ["dataset", "name", "size", "mtime", "reason", "sha256", "status", "records", "seen_at"]
        rows = scan.read(self.lake.open(FILES.name), columns).to_pylist()
        for row in sorted(rows, key=lambda row: row["seen_at"]):
            self._learn(row)
        self._mend()
        self._words = forgotten.load(self.lake, self.standings)

    def _learn(self, row: dict[str, Any]) -> None:
        seen = (row["dataset"], row["name"], row["size"], row["mtime"])
        if row["status"] in GONE:
            self.known.discard(seen)
            self.records.pop((row["dataset"], row["sha256"]), None)
        elif str(row["reason"]).startswith(_TRIED_AGAIN):
            self.unreadable.add((*seen, row["reason"]))
        else:
            self.known.add(seen)
        if row["status"] == "landed":
            self.records[row["dataset"], row["sha256"]] = row["records"]

    def _mend(self) -> None:
        """Write the rows that a job which was killed after its commit to bronze did not write any more."""
        missing = [
            {**row, **{name: datetime.fromisoformat(row[name]) for name in ("mtime", "seen_at")}}
            for name in DATASETS
            for row in self.standings[f"bronze.{name}"].state.files
            if ((name, row["sha256"]) in self.records) == (row["status"] in GONE)
        ]
        if missing:
            self.lake.append(FILES, missing)
            for row in missing:
                self._learn(row)

    def news(self, ignored: list[str]) -> list[tuple[str, Path]]:
        """Return dataset and path of the files that are not known; say in `ignored` what is left alone."""
        return list(new_files(self.folder, self.known, ignored))

    def land(self, run_id: str, progress: Callable[[str], None] = lambda _: None) -> Landed:
        """Land all new files of the inbox and record what was decided about each.

        Raises ServiceError where the lake does not answer or the disk for temporary files is full. A file that is
        refused is a row of the ledger, not an error.
        """
        landed, now = Landed(), datetime.now(UTC)
        todo = self.news(landed.ignored)
        with room(), tempfile.TemporaryDirectory(prefix="lakehouse-landing-") as folder:
            hashed = list(_hashed(todo))
            cuts = self._cut(hashed, Path(folder), run_id, now)
            for decision, path in hashed:
                self._decide(decision, path, cuts, landed)
            self._commit([cut for cut in cuts.values() if cut.decision.records], run_id, now, progress)
        rows = [asdict(decision) | {"run_id": run_id, "seen_at": now} for decision in landed.decisions]
        if rows:
            self.lake.append(FILES, rows)
            for row in rows:
                self._learn(row)
        return landed

    def _cut(
        self, hashed: Sequence[tuple[Decision, Path]], folder: Path, run_id: str, now: datetime
    ) -> dict[Content, "Cut"]:
        """Cut each content that is not landed yet once; return the cuts by dataset and hash."""
        firsts: dict[Content, tuple[Decision, Task]] = {}
        for number, (decision, path) in enumerate(hashed):
            key = (decision.dataset, decision.sha256)
            if decision.sha256 is not None and key not in self.records and key not in firsts:
                batch = self.standings[f"bronze.{decision.dataset}"].state.batch + 1
                parquet = folder / f"{number}.parquet"
                task = Task(decision.dataset, path, decision.sha256, parquet, batch, now, run_id)
                firsts[key] = (replace(decision), task)
        decided = _cut_all(list(firsts.values()))
        return {key: Cut(task, decision) for (key, (_, task)), decision in zip(firsts.items(), decided, strict=True)}

    def _decide(self, decision: Decision, path: Path, cuts: dict[Content, "Cut"], landed: Landed) -> None:
        """Decide about one file and put it into `landed`; a cut of a file that changed meanwhile is forgotten."""
        key = (decision.dataset, decision.sha256)
        cut = cuts.get(key)
        if _changed(path, decision) or (cut is None and decision.sha256 is not None and key not in self.records):
            if cut is not None and cut.task.path == path:
                del cuts[key]
            landed.ignored.append(f"{decision.dataset}/{path.name}: still being written, left for the next run")
            return
        if cut is not None and cut.task.path == path:
            decision = cut.decision
        elif cut is not None and cut.decision.status == "rejected":
            decision.reason = cut.decision.reason
        elif decision.sha256 is not None:
            decision.status, decision.reason = "duplicate", "its content is landed already"
            decision.records = cut.decision.records if cut is not None else self.records[key]
        if (decision.dataset, decision.name, decision.size, decision.mtime, decision.reason) in self.unreadable:
            landed.ignored.append(f"{decision.dataset}/{decision.name}: still {decision.reason}")
        else:
            landed.decisions.append(decision)

    def _commit(self, cuts: Sequence["Cut"], run_id: str, now: datetime, progress: Callable[[str], None]) -> None:
        """Upload the Parquet files and add them to the bronze tables, one commit a dataset.

        Raises LossError where one has other records than were counted.
        """
        files = {cut.file_name: cut.data_file() for cut in cuts}
        for cut in cuts:
            if (written := files[cut.file_name].rows) != cut.decision.records:
                whole = f"{cut.decision.records:,} records of {cut.task.dataset}/{cut.decision.name}"
                raise LossError(f"Of the {whole} {written:,} were written.", "Run it again.")
        for cut in cuts:
            address = self.lake.address(f"bronze.{cut.task.dataset}")
            self.lake.files.upload(cut.task.parquet, f"{address}/{cut.file_name}")
            progress(f"{cut.task.dataset}/{cut.decision.name}")
        for dataset in dict.fromkeys(cut.task.dataset for cut in cuts):
            name, own = f"bronze.{dataset}", [cut for cut in cuts if cut.task.dataset == dataset]
            rows = tuple(
                asdict(cut.decision)
                | {"mtime": cut.decision.mtime.isoformat(), "run_id": run_id, "seen_at": now.isoformat()}
                for cut in own
            )
            added = [files[cut.file_name] for cut in own]
            if words := self._words.get(dataset):
                added = forgetting.refuse(self.lake, self.lake.dataset(dataset), added, words, run_id)
            state = self.standings[name].state.next(run_id, files=rows)
            self.standings[name] = self.lake.commit(name, self.standings[name], added, state)


@dataclass(frozen=True)
class Cut:
    """A file that was cut: its task, and what was decided."""

    task: Task
    decision: Decision

    @property
    def file_name(self) -> str:
        """The Parquet file's name in its table's folder: a batch's number is used once, the hash is the file's."""
        return f"{self.task.batch:08}-{self.task.sha256}.parquet"

    def data_file(self) -> DataFile:
        """Return the Parquet file as bronze's log names it; its statistics let readers pass over it."""
        table, footer = bronze(DATASETS[self.task.dataset]), pq.read_metadata(self.task.parquet)
        return DataFile.of_footer(self.file_name, self.task.parquet.stat().st_size, footer, table)


def _hashed(todo: Sequence[tuple[str, Path]]) -> Iterator[tuple[Decision, Path]]:
    """Yield what is known of each file before it is cut: size, mtime and hash, or why it is refused."""

    def look(item: tuple[str, Path]) -> tuple[Decision, Path] | None:
        dataset, path = item
        try:
            decision = Decision(dataset, path.name, *stamp(path))
            decision.sha256 = hash_file(path)
        except RejectedError as error:
            decision.reason = str(error)
        except FileNotFoundError:
            return None
        return decision, path

    with ThreadPoolExecutor(max_workers=2) as pool:
        yield from (found for found in pool.map(look, todo) if found is not None)


def _changed(path: Path, decision: Decision) -> bool:
    try:
        return stamp(path) != (decision.size, decision.mtime)
    except FileNotFoundError:
        return True


def _cut_all(files: Sequence[tuple[Decision, Task]]) -> list[Decision]:
    """Cut files, side by side where that is worth other processes; return the decisions in order."""
    decisions, tasks = [decision for decision, _ in files], [task for _, task in files]
    if len(files) < 2 or sum(decision.size for decision in decisions) < PARALLEL_BYTES:
        return list(map(cut_file, tasks, decisions))
    try:
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            return list(pool.map(cut_file, tasks, decisions))
    except BrokenProcessPool as error:
        raise ServiceError(
            "A process that cuts files into records was ended from outside, perhaps because memory ran out. "
            "Nothing was landed; free some memory and run it again."
        ) from error

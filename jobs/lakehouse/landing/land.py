"""Landing: the files of the inbox become rows of bronze, before Spark and without a JVM.

A file is hashed, cut into records, and written as one Parquet file into the folder of its bronze table; one commit a
dataset and run adds these files, then the rows of `ledger.files` say what was decided. A Parquet file without a commit
is seen by nobody. A run that ended between a commit and its rows in the ledger is mended by the next one, from the
state that the commit carries. A file whose name, size and mtime the ledger knows is passed over without being read.
Where the inbox lies on HDFS, the work on the files may be spread over the tasks of a Spark session.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError
from lakehouse.lake import forgetting, forgotten, scan
from lakehouse.lake.forgotten import Words
from lakehouse.lake.schemas import FILES, GONE
from lakehouse.lake.state import Standing
from lakehouse.lake.store import Lake
from lakehouse.landing import work
from lakehouse.landing.cut_file import Decision, Task
from lakehouse.landing.inbox import File, Known, new_files, stamp
from lakehouse.landing.work import Cut, Spread

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

    `standings` maps bronze tables to how they stand, and is kept up to date too. `spread` is how the work on files is
    spread over other machines, None where this one does it. `records` maps dataset and hash of what is landed to its
    number of records.
    """

    lake: Lake
    folder: File
    standings: dict[str, Standing]
    spread: Spread | None = None
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
        self._note(missing)

    def _note(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self.lake.append(FILES, rows)
        for row in rows:
            self._learn(row)

    def news(self, ignored: list[str]) -> list[tuple[str, File]]:
        """Return dataset and path of the files that are not known; say in `ignored` what is left alone."""
        return list(new_files(self.folder, self.known, ignored))

    def land(self, run_id: str) -> Landed:
        """Land all new files of the inbox and record what was decided about each.

        Raises ServiceError where the lake does not answer or the disk for temporary files is full. A file that is
        refused is a row of the ledger, not an error.
        """
        landed, now = Landed(), datetime.now(UTC)
        todo = self.news(landed.ignored)
        found = self.spread(work.look, todo) if self.spread and todo else work.look_here(todo)
        hashed = [known for known in found if known is not None]
        cuts = self._cut(hashed, run_id, now)
        for decision, path in hashed:
            self._decide(decision, path, cuts, landed)
        self._commit([cut for cut in cuts.values() if cut.decision.records], run_id, now)
        self._note([asdict(decision) | {"run_id": run_id, "seen_at": now} for decision in landed.decisions])
        return landed

    def _cut(self, hashed: Sequence[tuple[Decision, File]], run_id: str, now: datetime) -> dict[Content, Cut]:
        """Cut each content that is not landed yet once; return the cuts by dataset and hash."""
        firsts: dict[Content, tuple[Task, Decision, Lake]] = {}
        theirs = replace(self.lake)  # another one, which has opened nothing yet, goes to other processes
        for decision, path in hashed:
            key = (decision.dataset, decision.sha256)
            if decision.sha256 is not None and key not in self.records and key not in firsts:
                batch = self.standings[f"bronze.{decision.dataset}"].state.batch + 1
                task = Task(decision.dataset, path, decision.sha256, batch, now, run_id)
                firsts[key] = (task, replace(decision), theirs)
        items = list(firsts.values())
        cuts = self.spread(work.bring, items) if self.spread and items else work.bring_here(items)
        return dict(zip(firsts, cuts, strict=True))

    def _decide(self, decision: Decision, path: File, cuts: dict[Content, Cut], landed: Landed) -> None:
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

    def _commit(self, cuts: Sequence[Cut], run_id: str, now: datetime) -> None:
        """Add the Parquet files of cuts to the bronze tables, one commit a dataset.

        Raises LossError where one has other records than were counted.
        """
        for cut in cuts:
            if (written := cut.file.rows if cut.file else 0) != cut.decision.records:
                whole = f"{cut.decision.records:,} records of {cut.task.dataset}/{cut.decision.name}"
                raise LossError(f"Of the {whole} {written:,} were written.", "Run it again.")
        for dataset in dict.fromkeys(cut.task.dataset for cut in cuts):
            name, own = f"bronze.{dataset}", [cut for cut in cuts if cut.task.dataset == dataset]
            rows = tuple(
                asdict(cut.decision)
                | {"mtime": cut.decision.mtime.isoformat(), "run_id": run_id, "seen_at": now.isoformat()}
                for cut in own
            )
            added = [cut.file for cut in own if cut.file]
            state = self.standings[name].state.next(run_id, files=rows)
            if words := self._words.get(dataset):
                added = forgetting.refuse(self.lake, self.lake.dataset(dataset), state.batch, added, words, run_id)
            self.standings[name] = self.lake.commit(name, self.standings[name], added, state)


def _changed(path: File, decision: Decision) -> bool:
    try:
        return stamp(path) != (decision.size, decision.mtime)
    except FileNotFoundError:
        return True

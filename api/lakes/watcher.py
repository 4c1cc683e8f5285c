"""Keeps the snapshot of one metric fresh, in a thread of its own that nobody waits for."""

import logging
import threading
import time
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileInfo, FileType

from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, native
from lakehouse.model import Metric
from lakes import snapshot
from lakes.snapshot import Snapshot

log = logging.getLogger("api")

# Seconds after which a look that hangs is left to itself and another one begun, twice as many each time that this
# happens in a row: a connection whose other end vanished never returns, and its thread stays.
PATIENCE = 30.0
# A version with time and size of its commit's file: what shows that a table is still the one that was read.
Mark = tuple[int, int, int]


@dataclass(frozen=True)
class State:
    """What is known of a metric: the last version read, and whether the lake answered at the last look.

    `reached` is when the lake last answered, on the monotonic clock; `failing` says that the last look failed.
    """

    snapshot: Snapshot | None = None
    reached: float | None = None
    failing: bool = False

    @property
    def moment(self) -> int:
        """The place of the snapshot among all versions that the metric ever had; 0 for none."""
        return self.snapshot.moment if self.snapshot else 0


class Log:
    """The log of one table, asked for single files: two look-ups in one call instead of opening the table."""

    def __init__(self, lake: Lake, name: str) -> None:
        self._files = DeltaStorageHandler(lake.address(name))

    def mark(self, version: int) -> Mark:
        """Return the mark of a version; raises OSError."""
        return _mark(version, self._files.get_file_info([_commit(version)])[0])

    def look(self, seen: Mark) -> tuple[bool, bool]:
        """Return whether the table is still the one that was seen, and whether it has a newer version; raises OSError.

        A table that was removed and made again may be at a lower version or at the very same one: its file tells.
        """
        version = seen[0]
        now, following = self._files.get_file_info([_commit(version), _commit(version + 1)])
        return now.type == FileType.File and _mark(version, now) == seen, following.type == FileType.File


def _mark(version: int, info: FileInfo) -> Mark:
    return version, info.mtime_ns, info.size


def _commit(version: int) -> str:
    return f"_delta_log/{version:020}.json"


class Reader:
    """What is open of one gold table; after a look that failed or hangs another reader takes its place."""

    def __init__(self, lake: Lake, metric: Metric) -> None:
        self._lake, self._metric, self._name = lake, metric, f"gold.{metric.name}"
        self._table: DeltaTable | None = None
        self._log: Log | None = None
        self._mark: Mark | None = None

    def look(self, known: State) -> State:
        """Return what is known after a look at the log; the table is read where it has a newer version."""
        started, is_same, is_newer = time.monotonic(), False, False
        if self._log is not None and self._mark is not None:
            is_same, is_newer = self._log.look(self._mark)
        if is_same and not is_newer:
            return State(known.snapshot, started)
        return State(self._read(known.snapshot, is_same=is_same), started)

    def _read(self, known: Snapshot | None, *, is_same: bool) -> Snapshot | None:
        """Return the newest version, or None where it was not computed yet.

        A table that is open already reads the new commits alone: opening it reads up to a hundred.
        """
        try:
            if is_same and self._table is not None:
                self._lake.call(self._name, self._table.update_incremental)
            else:
                self._table, self._log = self._lake.open(self._name), Log(self._lake, self._name)
        except NotBuiltError:
            self._mark = None
            return None
        assert self._log is not None
        # Taken before the rows are read: a commit in between is then seen at the next look.
        self._mark = self._log.mark(self._table.version())
        if self._table.version() == 0:
            return None
        if known and (known.table_id, known.version) == (str(self._table.metadata().id), self._table.version()):
            return known
        return snapshot.take(self._table, self._metric)


class Watcher:
    """Looks at one gold table again and again; `state` is swapped as a whole, so readers need no lock.

    `looks` counts the looks that have ended, well or not.
    """

    def __init__(self, lake: Lake, metric: Metric) -> None:
        self._lake, self._metric = lake, metric
        self.state, self.looks = State(), 0
        self._looked, self._asked = threading.Condition(), threading.Event()
        self._reader, self._patience = Reader(lake, metric), PATIENCE

    def start(self, interval: float) -> None:
        """Look every `interval` seconds, in a daemon thread."""
        threading.Thread(target=self._run, args=(interval,), name=f"watch {self._metric.name}", daemon=True).start()

    def _run(self, interval: float) -> None:
        while True:
            self.look()
            self._asked.wait(interval)
            self._asked.clear()

    def first(self, seconds: float) -> None:
        """Wait for the first look to end, up to so many seconds."""
        with self._looked:
            self._looked.wait_for(lambda: self.looks, seconds)

    def look_again(self, seconds: float) -> State:
        """Return the state after a look that begins from now on and ends well, or what it is after `seconds`."""
        now = time.monotonic()
        self._asked.set()
        with self._looked:
            self._looked.wait_for(lambda: (self.state.reached or 0.0) >= now, seconds)
        return self.state

    def look(self) -> None:
        """Look once for a new version and swap the state; nothing that goes wrong gets out."""
        known, reader = self.state, self._reader
        try:
            state = native.begin(lambda: reader.look(known)).result(self._patience)
            self._patience = PATIENCE
        except Exception as error:
            if not known.failing:
                log.warning("gold.%s cannot be read: %s", self._metric.name, error or "no answer")
            if isinstance(error, TimeoutError):
                self._patience *= 2
            self._reader, state = Reader(self._lake, self._metric), State(known.snapshot, known.reached, failing=True)
        with self._looked:
            self.state, self.looks = state, self.looks + 1
            self._looked.notify_all()

"""Keeps the snapshot of one metric fresh, in a thread of its own that may hang without anybody waiting for it."""

import logging
import threading
import time
from dataclasses import dataclass

from deltalake import DeltaTable

from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake
from lakehouse.model import Metric
from lakes import snapshot
from lakes.log import Log, Mark
from lakes.snapshot import Snapshot

log = logging.getLogger("api")


@dataclass(frozen=True)
class State:
    """What is known of a metric: the last version read, and whether the lake answered at the last look.

    `reached` is when the lake last answered, on the monotonic clock; `failing` says that the last look failed.
    """

    snapshot: Snapshot | None = None
    reached: float | None = None
    failing: bool = False


class Watcher:
    """Looks at one gold table again and again; `state` is swapped as a whole, so readers need no lock."""

    def __init__(self, lake: str, metric: Metric, state: State | None = None) -> None:
        self.lake, self.metric = lake, metric
        self.state = state or State()
        self.looked = threading.Event()
        self.busy_since: float | None = None
        self.given_up = False
        self._log: Log | None = None
        self._mark: Mark | None = None

    def start(self, interval: float) -> None:
        """Look every `interval` seconds, in a daemon thread, until given up."""
        threading.Thread(target=self._run, args=(interval,), name=f"watch {self.metric.name}", daemon=True).start()

    def _run(self, interval: float) -> None:
        while not self.given_up:
            self.look()
            time.sleep(interval)

    def look(self) -> None:
        """Look once for a new version and swap the state; nothing that goes wrong gets out.

        Rust's PanicException is no Exception; a thread that ended by it would never look again.
        """
        self.busy_since = time.monotonic()
        try:
            state = self._looked()
        except BaseException as error:
            if not self.state.failing:
                log.warning("gold.%s cannot be read: %s", self.metric.name, error)
            self._log = self._mark = None
            state = State(self.state.snapshot, self.state.reached, failing=True)
        if not self.given_up:
            self.state = state
        self.busy_since = None
        self.looked.set()

    def _looked(self) -> State:
        started = time.monotonic()
        if self._log is None or self._mark is None or self._log.moved(self._mark):
            return State(self._read(), started)
        return State(self.state.snapshot, started)

    def _read(self) -> Snapshot | None:
        """Return the newest version, or None where it was not computed yet."""
        try:
            table = Lake(self.lake).open(f"gold.{self.metric.name}")
            log_files = Log(self.lake, f"gold.{self.metric.name}")
            # Taken before the rows are read: a commit in between is then seen at the next look.
            mark = log_files.mark(table.version())
            taken = self._taken(table)
        except NotBuiltError:
            self._log = self._mark = None
            return None
        self._log, self._mark = log_files, mark
        return taken

    def _taken(self, table: DeltaTable) -> Snapshot:
        known = self.state.snapshot
        if known and (known.table_id, known.version) == (str(table.metadata().id), table.version()):
            return known
        return snapshot.take(table, self.metric)

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

    @property
    def moment(self) -> int:
        """The place of the snapshot among all versions that the metric ever had; 0 for none."""
        return self.snapshot.moment if self.snapshot else 0


class Watcher:
    """Looks at one gold table again and again; `state` is swapped as a whole, so readers need no lock."""

    def __init__(self, lake: str, metric: Metric, state: State | None = None) -> None:
        self.lake, self.metric = lake, metric
        self.state = state or State()
        self.looked, self._asked = threading.Condition(), threading.Event()
        self.busy_since: float | None = None
        self.given_up = self._has_looked = False
        self._table: DeltaTable | None = None
        self._log: Log | None = None
        self._mark: Mark | None = None

    def start(self, interval: float) -> None:
        """Look every `interval` seconds, in a daemon thread, until given up."""
        threading.Thread(target=self._run, args=(interval,), name=f"watch {self.metric.name}", daemon=True).start()

    def _run(self, interval: float) -> None:
        while not self.given_up:
            self.look()
            self._asked.wait(interval)
            self._asked.clear()

    def has_looked(self) -> bool:
        """Return whether a look has ended, well or not."""
        return self._has_looked

    def look_again(self, seconds: float) -> State:
        """Return the state after a look that begins from now on and ends well, or what it is after `seconds`."""
        now = time.monotonic()
        self._asked.set()
        with self.looked:
            self.looked.wait_for(lambda: (self.state.reached or 0.0) >= now, seconds)
        return self.state

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
            self._table = self._log = self._mark = None
            state = State(self.state.snapshot, self.state.reached, failing=True)
        with self.looked:
            if not self.given_up:
                self.state = state
            self.busy_since, self._has_looked = None, True
            self.looked.notify_all()

    def _looked(self) -> State:
        started, is_same, is_newer = time.monotonic(), False, False
        if self._log is not None and self._mark is not None:
            is_same, is_newer = self._log.look(self._mark)
        if is_same and not is_newer:
            return State(self.state.snapshot, started)
        return State(self._read(is_same=is_same), started)

    def _read(self, *, is_same: bool) -> Snapshot | None:
        """Return the newest version, or None where it was not computed yet.

        A table that is open already reads the new commits alone: opening it reads up to a hundred.
        """
        name, lake = f"gold.{self.metric.name}", Lake(self.lake)
        try:
            if is_same and self._table is not None:
                lake.call(name, self._table.update_incremental)
            else:
                self._table, self._log = lake.open(name), Log(self.lake, name)
            assert self._log is not None
            # Taken before the rows are read: a commit in between is then seen at the next look.
            self._mark = self._log.mark(self._table.version())
            return self._taken(self._table)
        except NotBuiltError:
            self._table = self._log = self._mark = None
            return None

    def _taken(self, table: DeltaTable) -> Snapshot:
        if table.version() == 0:
            raise NotBuiltError(f"The metric {self.metric.name} has not been computed yet. Run `make pipeline`.")
        known = self.state.snapshot
        if known and (known.table_id, known.version) == (str(table.metadata().id), table.version()):
            return known
        return snapshot.take(table, self.metric)

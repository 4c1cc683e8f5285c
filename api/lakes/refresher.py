"""The watchers of all metrics in one worker process, and what they know."""

import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings

from config.errors import AWAY, UnavailableError
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake, progress
from lakehouse.lake.progress import Progress
from lakehouse.metrics import METRICS
from lakes.newest import Newest
from lakes.reads import SECONDS
from lakes.snapshot import Snapshot
from lakes.watcher import State, Watcher

log = logging.getLogger("api")

# Seconds between two looks; after OVERDUE without an answer a snapshot counts as stale.
INTERVAL, OVERDUE = 0.25, 3.0
# Seconds between two looks at how far continuous mode is, which tells it every five.
LAG_INTERVAL = 2.0


@dataclass(frozen=True)
class Known:
    """A metric as it can be answered now: `age` is how many seconds ago the lake last confirmed it."""

    snapshot: Snapshot | None
    age: float
    stale: bool


class Refresher:
    """Holds one watcher per metric; made after the fork, because deltalake's handles do not survive one.

    `newest` is what the workers of a server share, `progress` the last word of continuous mode: None where none runs,
    or where the lake does not answer.
    """

    def __init__(self, lake: Lake, newest: Newest | None = None) -> None:
        self._lake, self.newest = lake, newest
        self.progress: Progress | None = None
        self.watchers = {name: Watcher(lake, metric) for name, metric in METRICS.items()}

    def start(self, wait: float = 2.0) -> None:
        """Start looking, and wait up to `wait` seconds for the first looks to end."""
        for watcher in self.watchers.values():
            watcher.start(INTERVAL)
        threading.Thread(target=self._follow_stream, name="progress of the stream", daemon=True).start()
        until = time.monotonic() + wait
        for watcher in self.watchers.values():
            watcher.first(max(until - time.monotonic(), 0))

    def look(self) -> None:
        """Look at every metric once, in this thread."""
        self._look_at_stream()
        for watcher in self.watchers.values():
            watcher.look()

    def _follow_stream(self) -> None:
        """Look at the stream's progress again and again, in a thread of its own that may hang."""
        while True:
            self._look_at_stream()
            time.sleep(LAG_INTERVAL)

    def _look_at_stream(self) -> None:
        try:
            self.progress = progress.read(self._lake)
        except LakehouseError as error:
            # The metrics' watchers tell it; here nothing is known any more.
            log.debug("the stream's progress cannot be read: %s", error)
            self.progress = None

    def known(self, name: str) -> Known:
        """Return what is known of a metric; waits only where another worker knows a newer version than this one.

        Raises UnavailableError where this one cannot read that in time.
        """
        state = self._caught_up(name) if self.newest else self.watchers[name].state
        age = time.monotonic() - state.reached if state.reached is not None else float("inf")
        return Known(state.snapshot, age, state.failing or age > OVERDUE)

    def _caught_up(self, name: str) -> State:
        """Return a state that is not older than what any worker has answered with, and tell the others of it.

        A look that began after a newer version was seen and finds an older one says that the table was made anew.
        """
        assert self.newest is not None
        state = self.watchers[name].state
        while (seen := self.newest[name]) != state.moment:
            if state.moment < seen:
                asked = time.monotonic()
                state = self.watchers[name].look_again(SECONDS)
                if state.moment < seen and (state.reached or 0.0) < asked:
                    raise UnavailableError(AWAY)
            if self.newest.swap(name, seen, state.moment):
                break
        return state


_current: Refresher | None = None


def install(refresher: Refresher | None) -> None:
    """Make a refresher the one of this process."""
    global _current
    _current = refresher


def current() -> Refresher:
    """Return the refresher of this process, starting it where the server did not."""
    if _current is None:
        refresher = Refresher(Lake.of(settings.LAKEHOUSE), Newest(settings.NEWEST, tuple(METRICS)))
        install(refresher)
        refresher.start()
        return refresher
    return _current

"""A kill within the tests' own process: from a crash point on nothing in the lake changes any more.

Every change of a lake passes a point before it, so a run that is dead at one changes nothing that a killed process
would not; what it held in memory is thrown away with it. `tests/integration/test_kills.py` ends real processes.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lakehouse import crash
from lakehouse.lake import Lake, lock, scan
from lakehouse.lake.schemas import tables

# The name of a point, and how often it was passed then.
Moment = tuple[str, int]
# What differs from run to run.
PASSING = {"batch", "bronze_batch", "run_id", "ingested_at", "seen_at", "reason", "mtime"}


class KilledError(BaseException):
    """Raised in the place of the process's end."""


@dataclass
class Kill:
    """A kill at a moment, or at the first one that is not among those passed `before`; and what was passed so far."""

    at: Moment | None = None
    before: set[Moment] | None = None
    passed: list[Moment] = field(default_factory=list)
    is_done: bool = False
    _times: Counter[str] = field(default_factory=Counter)
    _turn: Any = field(default_factory=threading.Lock)

    def reach(self, point: str) -> None:
        with self._turn:
            if not self.is_done:
                self._times[point] += 1
                moment = (point, self._times[point])
                self.passed.append(moment)
                self.is_done = moment == self.at or (self.before is not None and moment not in self.before)
            if self.is_done:
                raise KilledError(point)


@contextmanager
def reaching(kill: Kill) -> Iterator[None]:
    """Let this process reach crash points with a kill; its own lock is that of a process that is gone."""
    before, crash.reach = crash.reach, kill.reach
    is_running, lock._is_running = lock._is_running, lambda holder: False
    try:
        yield
    except BaseException:
        if not kill.is_done:
            raise
    finally:
        crash.reach, lock._is_running = before, is_running


def moments(work: Callable[[], object]) -> list[Moment]:
    """Do work undisturbed; return the moments that it passes."""
    with reaching(kill := Kill()):
        work()
    return kill.passed


def killed_at(moment: Moment, work: Callable[[], object]) -> None:
    """Do work that is killed at a moment."""
    with reaching(kill := Kill(moment)):
        work()
    assert kill.is_done, f"{moment} was not passed"


def killed_at_each(work: Callable[[], object]) -> set[Moment]:
    """Do work again and again, killed each time at the first moment that no run before has come to; return those."""
    passed: set[Moment] = set()
    while True:
        with reaching(kill := Kill(before=passed)):
            work()
        if not kill.is_done:
            return passed
        passed.update(kill.passed)


def contents(lake: Lake) -> dict[str, list[str]]:
    """Return the rows of all tables but the list of runs, in order, without what differs from run to run."""
    found = {}
    for name in tables():
        if name != "ledger.runs":
            rows = scan.read(lake.open(name)).to_pylist()
            found[name] = sorted(str({k: v for k, v in row.items() if k not in PASSING}) for row in rows)
    return found

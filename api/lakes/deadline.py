"""Calls into the lake that a request waits for, but never longer than its limit.

A NameNode that is frozen never answers and never fails, and nothing can cancel such a call. So it runs in a thread of
its own; who asked stops waiting when the time is up, and the thread ends when the call does.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from deltalake.exceptions import DeltaError

from lakehouse.errors import ServiceError
from lakehouse.lake import native

T = TypeVar("T")


class Readers:
    """The threads that read the lake for requests: up to `places` at work, or hanging, in one worker process."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)

    def begin(self, work: Callable[[], T], finished: Callable[[], None] = lambda: None) -> "Future[T]":
        """Start `work` in a thread and return its future; raises TimeoutError where every place is taken.

        `finished` is called when the work has really ended, however long that takes, and where it could not begin.
        What the lake throws, by OSError or out of Rust, comes as ServiceError.
        """
        if not self._places.acquire(blocking=False):
            finished()
            raise TimeoutError("Too many reads are waiting for the lake.")

        def ended() -> None:
            self._places.release()
            finished()

        return native.begin(lambda: _translated(work), ended)

    def within(self, seconds: float, work: Callable[[], T]) -> T:
        """Return what `work` returns; raises TimeoutError after `seconds`, or at once where every place is taken."""
        return self.begin(work).result(timeout=seconds)


# Apart, so that hanging queries take no places from older versions of metrics; few of those, because a metric's newest
# version needs the same threads of the server and must not wait for the lake.
TABLES, METRICS = Readers(32), Readers(4)


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except (OSError, DeltaError) as error:
        raise ServiceError(f"The lake cannot be read ({error}). Run `make status`.") from error

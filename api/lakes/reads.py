"""What requests ask of the lake: one read for all who ask for the same at a time, and nobody waits for ever.

A NameNode that is frozen never answers and never fails, and nothing can cancel such a call. So it runs in a thread of
its own; who asked stops waiting when the time is up, and the thread ends when the call does.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

from deltalake.exceptions import DeltaError
from rest_framework.exceptions import APIException

from accounts.permissions import Asker
from config.errors import AWAY, TooManyError, UnavailableError
from lakehouse.errors import ServiceError
from lakehouse.lake import native

T = TypeVar("T")

# Seconds that a request waits for the lake.
SECONDS = 2.5


class Reads:
    """The reads of one worker process: up to `most` at work or hanging, `each` a user, and `waiting` requests a user.

    A read that hangs keeps its place until it ends.
    """

    def __init__(self, most: int = 32, each: int = 4, waiting: int = 24) -> None:
        self._most, self._each, self._waiting = most, each, waiting
        self._lock = threading.Lock()
        # When each read with a key was begun; the others, which may take long, count as begun just now.
        self._running: dict[Hashable, tuple[Future[Any], float]] = {}
        self._begun: Counter[int | None] = Counter()
        self._waits: Counter[int | None] = Counter()

    def ask(self, user: Asker, key: Hashable, work: Callable[[], T]) -> T:
        """Return what `work` returns, or what a read with the same key does that is running already.

        Raises UnavailableError where the lake does not answer in time, TooManyError for a user who asks for too much.
        """
        with self._lock:
            if self._waits[user.pk] >= self._waiting:
                raise TooManyError(self._waiting, "requests")
            self._waits[user.pk] += 1
        try:
            return self.begin(user, work, key).result(timeout=SECONDS)
        except TimeoutError as error:
            raise UnavailableError(
                f"The lake has not answered within {SECONDS:g} s. Ask again shortly; whoever runs it can look with "
                f"`make status`."
            ) from error
        finally:
            with self._lock:
                self._waits[user.pk] -= 1

    def begin(
        self, user: Asker, work: Callable[[], T], key: Hashable = None, finished: Callable[[], None] = lambda: None
    ) -> "Future[T]":
        """Start `work` in a thread and return its future, or that of a running read with the same key.

        `finished` is called when the work has really ended, however long that takes, and where it does not begin. What
        the lake throws, by OSError, out of Rust, or as ValueError where a log is broken, comes as ServiceError.
        """
        key, began = (object(), math.inf) if key is None else (key, time.monotonic())
        with self._lock:
            running, _ = self._running.get(key, (None, 0.0))
            refusal = None if running is not None else self._refusal(user)
            if running is None and refusal is None:
                self._begun[user.pk] += 1
                running = native.begin(lambda: _translated(work), lambda: self._ended(user, key, finished))
                self._running[key] = running, began
                return running
        finished()
        if refusal is not None:
            raise refusal
        assert running is not None
        return running

    def _refusal(self, user: Asker) -> APIException | None:
        """Return why a read of a user cannot begin now, or None where it can."""
        is_one_too_many = self._begun[user.pk] >= self._each
        if not is_one_too_many and len(self._running) < self._most:
            return None
        if any(time.monotonic() - began > SECONDS for _, began in self._running.values()):
            return UnavailableError(AWAY)
        if is_one_too_many:
            return TooManyError(self._each, "reads of the lake")
        return UnavailableError("The API reads as much at a time as it may; ask again in a moment.", 1)

    def _ended(self, user: Asker, key: Hashable, finished: Callable[[], None]) -> None:
        with self._lock:
            self._begun[user.pk] -= 1
            del self._running[key]
        finished()


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except (OSError, DeltaError, ValueError) as error:
        raise ServiceError(f"The lake cannot be read ({error}). Run `make status`.") from error


# All reads but those of the watchers, which keep the metrics' newest versions.
READS = Reads()

"""Calls into the lake that a request waits for, but never longer than its limit."""

import threading
from collections.abc import Callable
from typing import TypeVar

from lakehouse.errors import LakehouseError, ServiceError

T = TypeVar("T")

# Calls that may hang at once in one worker process; a frozen NameNode holds each until it answers or vanishes.
SLOTS = threading.BoundedSemaphore(4)


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns; raises ServiceError once it takes longer, or where too many such calls hang.

    deltalake has no time limit of its own and cannot be interrupted, so the call goes on in a daemon thread; its slot
    is free again when it has really ended.
    """
    if not SLOTS.acquire(blocking=False):
        raise ServiceError("Too many reads are waiting for the lake.")
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            SLOTS.release()

    thread = threading.Thread(target=run, name="read with a deadline", daemon=True)
    thread.start()
    thread.join(seconds)
    if done:
        return done[0]
    if failed and isinstance(failed[0], LakehouseError):
        raise failed[0]
    if failed:
        raise ServiceError(f"The lake cannot be read ({failed[0]}).") from failed[0]
    raise ServiceError(f"The lake did not answer within {seconds:g} s.")

"""Native calls into the lake (deltalake, its HDFS client, its query engine): one at a time, each with a deadline.

Such calls made side by side in one process hung for good in up to 15 % of runs, one after the other they did not; and a
NameNode that is frozen answers none. Nothing can cancel a native call, so each runs in a thread that nobody joins: who
asked stops waiting at the deadline, and the thread ends when the call does, or with the process.
"""

import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from deltalake.exceptions import TableNotFoundError

from lakehouse.errors import ServiceError

T = TypeVar("T")

# A call takes some milliseconds, one that writes half a second; a query over all of silver may take minutes.
SECONDS, QUERY_SECONDS = 10.0, 300.0
ATTEMPTS = 2
_most = QUERY_SECONDS

_turn = threading.Lock()
_NAME = "native call"


def limit(seconds: float) -> None:
    """Let no call of this process wait for longer: one that hangs keeps the others waiting."""
    global _most
    _most = seconds


def call(what: str, work: Callable[[], T], seconds: float | None = None, attempts: int = ATTEMPTS) -> T:
    """Return what `work` returns, after the calls that were begun before it.

    A call that has not come back after `seconds` (SECONDS where none are given, and no more than `limit` allows) is
    left to itself and made once more: for `work` that gives another result where it is done twice there is one of
    `attempts`. Raises ServiceError naming `what`, such as `the table gold.x in hdfs://…`, where the last one does not
    come back either; what `work` raises comes through.
    """
    patience = min(SECONDS if seconds is None else seconds, _most)
    for _ in range(attempts):
        with _turn:
            try:
                return begin(work).result(patience)
            except TimeoutError:
                continue
    raise ServiceError(
        f"{what[:1].upper()}{what[1:]} did not answer within {attempts} x {patience:g} s. Run `make status`."
    )


def begin(work: Callable[[], T], finished: Callable[[], None] = lambda: None) -> "Future[T]":
    """Start `work` in a thread of its own that no one joins, and return its future; `finished` is called at its end.

    Its own TimeoutErrors come as ServiceErrors, and so do exceptions of Rust that are no Exception (PanicException).
    """
    future: Future[T] = Future()

    def run() -> None:
        error: BaseException | None = None
        result: T | None = None
        try:
            result = work()
        except BaseException as caught:
            error = caught
        finished()
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]
        else:
            future.set_exception(_named(error))

    threading.Thread(target=run, name=_NAME, daemon=True).start()
    return future


def leave(code: int) -> int:
    """Return a process's exit code; where a thread that nobody joined is still at work, end the process with it here.

    The interpreter's own end takes the ground from under native threads: the process aborts, with a code that says
    nothing (134, `terminate called without an active exception`).
    """
    if any(thread.name == _NAME for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _named(error: BaseException) -> BaseException:
    """Return an error that a caller's `except` clauses can tell from a deadline that has passed."""
    if isinstance(error, Exception) and not isinstance(error, TimeoutError):
        return error
    service = ServiceError(f"The lake cannot be read ({error}). Run `make status`.")
    service.__cause__ = error
    return service


def is_missing(error: Exception) -> bool:
    """Return whether a native error says that there is no such table.

    A local path that leads through a file, or that may not be read, is one that cannot be reached.
    """
    return isinstance(error, TableNotFoundError) and ("Os {" not in str(error) or "NotFound" in str(error))


def cause(error: Exception) -> str:
    """Return what a native error says, in a line."""
    # HDFS's errors come in several lines and with terminal colours, those of S3 with what the server said in XML.
    told = " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())
    return said[1] if (said := re.search(r"<Message>(.*?)</Message>", told)) else told[:200]

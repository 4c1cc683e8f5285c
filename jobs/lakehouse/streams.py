"""Waiting for streams that run side by side."""

import contextlib
import time
from collections.abc import Sequence

from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

# Seconds between two looks at a query's state, which Spark does not announce to Python.
_POLL = 0.1


def drain(queries: Sequence[StreamingQuery]) -> None:
    """Wait until all queries have ended; stop the others and raise its error where one fails, or on Ctrl-C."""
    try:
        for query in queries:
            query.awaitTermination()
    except BaseException:
        stop(queries)
        raise


def stop(queries: Sequence[StreamingQuery]) -> None:
    """Stop queries at once: a micro-batch that is cut off is done again by the next run."""
    for query in queries:
        with contextlib.suppress(StreamingQueryException):
            query.stop()


def finish(queries: Sequence[StreamingQuery]) -> None:
    """Stop queries, each after the micro-batch that it is in."""
    for query in queries:
        while query.isActive and query.status["isTriggerActive"]:
            time.sleep(_POLL)
        stop([query])


def first_ended(queries: Sequence[StreamingQuery], seconds: float) -> StreamingQuery | None:
    """Return the first query that has ended, or None after so many seconds in which all of them ran."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for query in queries:
            if not query.isActive:
                return query
        time.sleep(_POLL)
    return None

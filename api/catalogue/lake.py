"""Asking the lake for a request, which waits for two and a half seconds at most."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from config.errors import AWAY, UnavailableError
from lakes import deadline
from lakes.versions import stamp

T = TypeVar("T")

SECONDS = 2.5


def ask(work: Callable[[], T]) -> T:
    """Return what `work` returns; raises UnavailableError where the lake does not answer in time."""
    try:
        return deadline.TABLES.within(SECONDS, work)
    except TimeoutError as error:
        raise UnavailableError(f"The lake did not answer within {SECONDS:g} s. {AWAY}") from error


def iso(time: datetime | None) -> str | None:
    """Return a time in UTC as ISO 8601, to the millisecond."""
    return None if time is None else stamp(time)

"""How many queries a user has running, and all users together, over all worker processes: one locked file each.

The kernel drops the lock of a process that dies, so a crashed worker leaves no slot taken.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from config.errors import TooManyError
from lakehouse.query import limits

# No user has this number: all of them together.
EVERYBODY = 0


def take(
    folder: Path, user: int, kind: str = "queries", each: int = limits.RUNNING, together: int = 0
) -> Callable[[], None]:
    """Take one of a user's slots of a kind and return the function that frees it; raises TooManyError without one.

    Where all users have no more than so many `together`, one of these is taken too.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as held:
        held.callback(os.close, _locked(folder, user, kind, each))
        if together:
            held.callback(os.close, _locked(folder, EVERYBODY, kind, together))
        return held.pop_all().close


def _locked(folder: Path, user: int, kind: str, most: int) -> int:
    for number in range(most):
        descriptor = os.open(folder / f"{kind}-{user}-{number}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    raise TooManyError(most, kind, "All users together" if user == EVERYBODY else "You")

"""How many queries a user has running, over all worker processes: one locked file each.

The kernel drops the lock of a process that dies, so a crashed worker leaves no slot taken.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from config.errors import TooManyError
from lakehouse.query import limits


def take(folder: Path, user: int, kind: str = "queries", each: int = limits.RUNNING) -> Callable[[], None]:
    """Take one of a user's slots of a kind and return the function that frees it; raises TooManyError without one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(each):
        descriptor = os.open(folder / f"{kind}-{user}-{number}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return lambda: os.close(descriptor)
    raise TooManyError(each, kind)

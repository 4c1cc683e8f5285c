"""Which version of each metric is the newest that any worker process has answered with: no answer goes back in time."""

import fcntl
import mmap
import os
import threading
from collections.abc import Sequence
from pathlib import Path


class Newest:
    """A file of one 64-bit number a metric, `Snapshot.moment`, that all workers of a server map into their memory.

    Reading needs no lock: an aligned number is written as a whole.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, 8 * len(names))
        self._numbers = memoryview(mmap.mmap(self._file, 8 * len(names))).cast("q")
        self._turn = threading.Lock()  # lockf keeps other processes out, and no thread of this one
        self._places = {name: place for place, name in enumerate(names)}

    def __getitem__(self, name: str) -> int:
        """Return the moment of the newest version, 0 where none is known."""
        return self._numbers[self._places[name]]

    def swap(self, name: str, seen: int, moment: int) -> bool:
        """Say that another version is the newest; return False where that is not the one `seen` any more."""
        with self._turn:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            if is_same := self[name] == seen:
                self._numbers[self._places[name]] = moment
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        return is_same

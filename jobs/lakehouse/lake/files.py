"""Files of the lake as files: data on its way into a table, commits, the writer's lock; wherever the lake is."""

import errno
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lakehouse import crash
from lakehouse.errors import ServiceError

# What is said where a disk, a quota or the limit of a file's size leaves no room, or not even for an empty file.
NO_ROOM = "|".join((*map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)), "No usable temporary directory"))
TEMPORARY_FULL = (
    f"The folder for temporary files, {os.environ.get('TMPDIR', '/tmp')}, is full. Free some space there, or set "
    f"TMPDIR to another folder, then run it again."
)


@contextmanager
def room() -> Iterator[None]:
    """Raise ServiceError where the disk for temporary files is full, in place of what the system says."""
    try:
        yield
    except OSError as error:
        if not re.search(NO_ROOM, str(error)):
            raise
        raise ServiceError(TEMPORARY_FULL) from error


class Storage(ABC):
    """The few operations on files that the lake needs; every argument is a URL below one of the lake's roots.

    Whatever changes in a lake passes here, with a crash point before and after it. `guard` is called before each
    change, and raises LockedError in a process that may not write any more.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots
        self.guard: Callable[[], None] = lambda: None

    def _change(self, url: str) -> AbstractContextManager[None]:
        self.guard()
        root = next((root for root in self._roots if url.startswith(f"{root}/")), "")
        return crash.around(*crash.change_of(url.removeprefix(f"{root}/")))

    @abstractmethod
    def read(self, url: str) -> bytes | None:
        """Return a file's content, or None where there is no such file."""

    @abstractmethod
    def age(self, url: str) -> float | None:
        """Return how many seconds ago a file was written, or None where there is no such file."""

    @abstractmethod
    def size(self, url: str) -> int | None:
        """Return a file's bytes, or None where there is no such file."""

    @abstractmethod
    def upload(self, local: Path, url: str) -> None:
        """Put a local file there, replacing what is there; one that nobody reads before it is committed."""

    @abstractmethod
    def create(self, url: str, content: bytes) -> bool:
        """Make a small file; return False, changing nothing, where one is there already."""

    @abstractmethod
    def replace(self, url: str, content: bytes) -> None:
        """Make a small file, or put other content into it; whoever reads meanwhile may find nothing."""

    @abstractmethod
    def delete(self, url: str) -> None:
        """Delete a file if it is there."""

    @abstractmethod
    def list(self, url: str) -> list[str]:
        """Return the paths below a folder of all files in it and in its folders; none where it is not there."""

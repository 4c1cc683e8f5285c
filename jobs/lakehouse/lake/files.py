"""Files of the lake as files: data on its way into a table, commits, the writer's lock; wherever the lake is."""

import errno
import os
import re
import time
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

    @contextmanager
    def _change(self, url: str) -> Iterator[str]:
        """Give what `_at` does, for a change of the file."""
        self.guard()
        root = next((root for root in self._roots if url.startswith(f"{root}/")), "")
        with crash.around(*crash.change_of(url.removeprefix(f"{root}/"))), self._at(url) as path:
            yield path

    @abstractmethod
    def _at(self, url: str) -> AbstractContextManager[str]:
        """Give a file's path in the store; raise ServiceError, with the way on, in place of what its client raises."""

    @abstractmethod
    def read(self, url: str) -> bytes | None:
        """Return a file's content, or None where there is no such file."""

    @abstractmethod
    def status(self, url: str) -> tuple[int, float] | None:
        """Return a file's bytes and when it was written, in seconds since 1970, or None where there is no such file."""

    def size(self, url: str) -> int | None:
        """Return a file's bytes, or None where there is no such file."""
        status = self.status(url)
        return status and status[0]

    def age(self, url: str) -> float | None:
        """Return how many seconds ago a file was written, or None where there is no such file."""
        status = self.status(url)
        return status and time.time() - status[1]

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


def storage(roots: Sequence[str], webhdfs: str) -> Storage:
    """Return the storage of a lake with these roots; `webhdfs` is the address of the NameNode of one on HDFS."""
    # Loaded where they are needed alone: S3's client takes some MB of each process.
    match roots[0].partition(":")[0]:
        case "file":
            from lakehouse.lake.files_local import LocalStorage

            return LocalStorage(roots)
        case "s3a":
            from lakehouse.lake.files_s3 import S3Storage

            return S3Storage(roots)
        case _:
            from lakehouse.lake.files_hdfs import HdfsStorage

            return HdfsStorage(roots, webhdfs)

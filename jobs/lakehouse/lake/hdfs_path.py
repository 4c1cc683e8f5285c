"""A path on HDFS with the part of pathlib that an inbox needs: listing folders, looking at files and reading them."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from hdfs import HdfsError, InsecureClient
from urllib3.exceptions import HTTPError

from lakehouse.errors import ServiceError
from lakehouse.lake.files_hdfs import client, translated

_KINDS = {"FILE": stat.S_IFREG, "DIRECTORY": stat.S_IFDIR, "SYMLINK": stat.S_IFLNK}
# How HDFS calls what the system knows by a number.
_ERRORS = {"FileNotFoundException": errno.ENOENT, "AccessControlException": errno.EACCES}
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Status:
    """What HDFS knows of a file or folder, under the names of `os.stat_result`."""

    st_mode: int
    st_size: int
    st_mtime_ns: int

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Status":
        """Return a status as WebHDFS tells it, whose times are in milliseconds."""
        return cls(_KINDS[told["type"]], int(told["length"]), int(told["modificationTime"]) * 1_000_000)


@dataclass(frozen=True, order=True)
class HdfsPath:
    """A path at `url`, hdfs://host:port/path, asked of the NameNode at the HTTP address `webhdfs`.

    What cannot be read raises OSError as a local file does, a service that is away ServiceError. `listed` is what the
    listing said that it came from.
    """

    url: str
    webhdfs: str
    listed: Status | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.url.rpartition("/")[2]

    @cached_property
    def _client(self) -> InsecureClient:
        return client(self.webhdfs)

    def __getstate__(self) -> dict[str, Any]:
        """Return what goes to another process: no connection does."""
        return {"url": self.url, "webhdfs": self.webhdfs, "listed": self.listed}

    def __truediv__(self, name: str) -> "HdfsPath":
        """Return a path below this one."""
        return HdfsPath(f"{self.url.rstrip('/')}/{name}", self.webhdfs)

    def __str__(self) -> str:
        """Return the URL."""
        return self.url

    @contextmanager
    def _translated(self) -> Iterator[str]:
        with translated(self.webhdfs):
            try:
                yield urlsplit(self.url).path
            except HdfsError as error:
                if number := _ERRORS.get(str(error.exception)):
                    raise OSError(number, os.strerror(number), self.url) from error
                raise

    def lstat(self) -> Status:
        """Return the status of now."""
        with self._translated() as path:
            return Status.of(self._client.status(path))

    def exists(self) -> bool:
        """Return whether there is a file or folder."""
        try:
            self.lstat()
        except FileNotFoundError:
            return False
        return True

    def _is(self, kind: int) -> bool:
        try:
            return stat.S_IFMT((self.listed or self.lstat()).st_mode) == kind
        except FileNotFoundError:
            return False

    def is_dir(self) -> bool:
        """Return whether it is a folder."""
        return self._is(stat.S_IFDIR)

    def is_symlink(self) -> bool:
        """Return whether it is a link."""
        return self._is(stat.S_IFLNK)

    def iterdir(self) -> Iterator["HdfsPath"]:
        """Yield what lies in the folder, with its status."""
        with self._translated() as path:
            found = self._client.list(path, status=True)
        for name, told in found:
            yield HdfsPath(f"{self.url.rstrip('/')}/{name}", self.webhdfs, Status.of(told))

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """Open the file for reading its bytes."""
        if mode != "rb":
            raise ValueError(f"a file of an inbox is read, not opened as {mode!r}")
        return io.BufferedReader(_Reader(self, self.lstat().st_size), _BUFFER)


class _Reader(io.RawIOBase):
    """The bytes of a file on HDFS, from its beginning on."""

    def __init__(self, path: HdfsPath, size: int) -> None:
        super().__init__()
        self._path, self._size, self._at = path, size, 0
        self._stream: Any = None
        self._open = ExitStack()

    def readable(self) -> bool:
        """See io.IOBase."""
        return True

    def tell(self) -> int:
        """See io.IOBase."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """See io.RawIOBase; raises ServiceError where HDFS ends the stream early."""
        view = memoryview(buffer).cast("B")
        if self._at >= self._size:
            return 0
        with self._path._translated() as path:
            try:
                if self._stream is None:
                    self._stream = self._open.enter_context(self._path._client.read(path))
                data = self._stream.read(min(len(view), self._size - self._at))
            except HTTPError as error:
                raise ServiceError(f"HDFS stopped sending {self._path}: {error}. Run `make status`.") from error
        if not data:
            raise ServiceError(f"HDFS ended {self._path} after {self._at:,} of {self._size:,} bytes. Run it again.")
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """See io.IOBase."""
        self._open.close()
        super().close()

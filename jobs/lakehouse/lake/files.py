"""Files of the lake as files: data on its way into a table, commits, the writer's lock; on HDFS or the local disk."""

import errno
import getpass
import os
import re
import shutil
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hdfs import HdfsError, InsecureClient
from requests.exceptions import RequestException

from lakehouse import crash
from lakehouse.errors import ServiceError

# What is said where a disk, a quota or the limit of a file's size leaves no room, or not even for an empty file.
NO_ROOM = "|".join((*map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)), "No usable temporary directory"))
TEMPORARY_FULL = (
    f"The folder for temporary files, {os.environ.get('TMPDIR', '/tmp')}, is full. Free some space there, or set "
    f"TMPDIR to another folder, then run it again."
)
# What HDFS says beyond a quota, and where no DataNode takes a block: because none serves, or because all are full.
HDFS_FULL = r"QuotaExceeded|quota of .* is exceeded"
NO_DATANODE = r"Failed to find datanode|could only be written to 0 of|Resources are low on NN"


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
    """The few operations on files that the lake needs; every argument is a URL below the lake's root.

    Whatever changes in a lake passes here, with a crash point before and after it.
    """

    def __init__(self, root: str) -> None:
        self._root = root

    def _change(self, url: str) -> AbstractContextManager[None]:
        return crash.around(*crash.change_of(url.removeprefix(f"{self._root}/")))

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


class LocalStorage(Storage):
    """Storage on the local disk, for lakes at file:// URLs; raises ServiceError naming the file that fails."""

    @contextmanager
    def _translated(self, url: str) -> Iterator[Path]:
        path = Path(url2pathname(urlsplit(url).path))
        try:
            yield path
        except OSError as error:
            raise ServiceError(f"{path} cannot be read or written: {error.strerror or error}.") from error

    def read(self, url: str) -> bytes | None:
        """See Storage."""
        with self._translated(url) as path, suppress(FileNotFoundError):
            return path.read_bytes()
        return None

    def age(self, url: str) -> float | None:
        """See Storage."""
        with self._translated(url) as path, suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime
        return None

    def size(self, url: str) -> int | None:
        """See Storage."""
        with self._translated(url) as path, suppress(FileNotFoundError):
            return path.stat().st_size
        return None

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._change(url), self._translated(url) as path:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(local, path)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        with self._change(url), self._translated(url) as path:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
                file.write(content)
                file.flush()
                try:
                    # A link, so that nobody ever sees the file without its content.
                    path.hardlink_to(file.name)
                except FileExistsError:
                    return False
                return True

    def replace(self, url: str, content: bytes) -> None:
        """See Storage."""
        with self._change(url), self._translated(url) as path:
            path.write_bytes(content)

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._change(url), self._translated(url) as path:
            path.unlink(missing_ok=True)

    def list(self, url: str) -> list[str]:
        """See Storage."""
        with self._translated(url) as path:
            return [str(found.relative_to(path)) for found in path.rglob("*") if found.is_file()]


class HdfsStorage(Storage):
    """Storage on HDFS through WebHDFS, with time limits on every call."""

    def __init__(self, root: str, address: str) -> None:
        super().__init__(root)
        self._address = address
        self._client = InsecureClient(address, user=os.environ.get("HADOOP_USER_NAME") or getpass.getuser(), timeout=10)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (HdfsError, RequestException) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:300]
            verb = "refuses" if isinstance(error, HdfsError) else "does not answer"
            advice = "Run `make status`."
            if re.search(HDFS_FULL, str(error)):
                verb, advice = "is full", "Free some space there or raise its quota, then run it again."
            elif re.search(NO_DATANODE, str(error)):
                advice = "No DataNode serves, or all are full: `make status` tells. Then run it again."
            raise ServiceError(f"HDFS at {self._address} {verb}: {reason}. {advice}") from error

    def read(self, url: str) -> bytes | None:
        """See Storage."""
        with self._translated():
            try:
                with self._client.read(urlsplit(url).path) as reader:
                    return bytes(reader.read())
            except HdfsError as error:
                if error.exception == "FileNotFoundException":
                    return None
                raise

    def age(self, url: str) -> float | None:
        """See Storage."""
        with self._translated():
            status = self._client.status(urlsplit(url).path, strict=False)
            return None if status is None else time.time() - status["modificationTime"] / 1000

    def size(self, url: str) -> int | None:
        """See Storage."""
        with self._translated():
            status = self._client.status(urlsplit(url).path, strict=False)
            return None if status is None else int(status["length"])

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._change(url), self._translated(), local.open("rb") as file:
            self._client.write(urlsplit(url).path, file, overwrite=True)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        folder, _, name = urlsplit(url).path.rpartition("/")
        temporary = f"{folder}/.{name}.{uuid.uuid4().hex}.tmp"
        with self._change(url), self._translated():
            self._client.write(temporary, content, overwrite=True)
            try:
                # Renamed, so that nobody ever sees the file without its content; HDFS renames onto no file.
                self._client.rename(temporary, f"{folder}/{name}")
            except HdfsError:
                self._client.delete(temporary)
                if self._client.status(f"{folder}/{name}", strict=False) is None:
                    raise
                return False
        return True

    def replace(self, url: str, content: bytes) -> None:
        """See Storage."""
        with self._change(url), self._translated():
            self._client.write(urlsplit(url).path, content, overwrite=True)

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._change(url), self._translated():
            self._client.delete(urlsplit(url).path)

    def list(self, url: str) -> list[str]:
        """See Storage."""
        top = urlsplit(url).path
        with self._translated():
            if self._client.status(top, strict=False) is None:
                return []
            return [f"{at}/{name}"[len(top) + 1 :] for at, _, names in self._client.walk(top) for name in names]


def storage(url: str, webhdfs: str) -> Storage:
    """Return the storage of the lake `url`; `webhdfs` is the address of the NameNode of one on HDFS."""
    return LocalStorage(url) if url.startswith("file:") else HdfsStorage(url, webhdfs)

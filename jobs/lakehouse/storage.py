"""Plain files beside the tables: landed Parquet, checkpoints and the writer's lock, on HDFS or on the local disk."""

import getpass
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hdfs import HdfsError, InsecureClient
from requests.exceptions import RequestException

from lakehouse.errors import ServiceError
from lakehouse.settings import Settings


class Storage(Protocol):
    """The few operations on files that the lake needs; every argument is a URL below the lake's root."""

    def read(self, url: str) -> bytes | None:
        """Return a file's content, or None where there is no such file."""

    def names(self, url: str) -> list[str]:
        """Return the names in a folder, sorted; none where there is no such folder."""

    def upload(self, local: Path, url: str) -> None:
        """Put a local file there under a temporary name and rename it, replacing what is there."""

    def create(self, url: str, content: bytes) -> bool:
        """Make a small file; return False, changing nothing, where one is there already."""

    def delete(self, url: str) -> None:
        """Delete a file if it is there."""


class LocalStorage:
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

    def names(self, url: str) -> list[str]:
        """See Storage."""
        with self._translated(url) as path:
            return sorted(p.name for p in path.iterdir()) if path.is_dir() else []

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._translated(url) as path:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.tmp")
            shutil.copyfile(local, temporary)
            temporary.replace(path)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        with self._translated(url) as path:
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

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._translated(url) as path:
            path.unlink(missing_ok=True)


class HdfsStorage:
    """Storage on HDFS through WebHDFS, with time limits on every call."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = InsecureClient(address, user=os.environ.get("HADOOP_USER_NAME") or getpass.getuser(), timeout=20)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (HdfsError, RequestException) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:300]
            verb = "refuses" if isinstance(error, HdfsError) else "does not answer"
            raise ServiceError(f"HDFS at {self._address} {verb}: {reason}. Run `make status`.") from error

    def read(self, url: str) -> bytes | None:
        """See Storage."""
        with self._translated():
            path = urlsplit(url).path
            if self._client.status(path, strict=False) is None:
                return None
            with self._client.read(path) as reader:
                return bytes(reader.read())

    def names(self, url: str) -> list[str]:
        """See Storage."""
        with self._translated():
            path = urlsplit(url).path
            return sorted(self._client.list(path)) if self._client.status(path, strict=False) else []

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._translated():
            path = urlsplit(url).path
            folder, _, name = path.rpartition("/")
            temporary = f"{folder}/.{name}.tmp"
            with local.open("rb") as file:
                self._client.write(temporary, file, overwrite=True)
            self._client.delete(path)
            self._client.rename(temporary, path)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        try:
            with self._translated():
                self._client.write(urlsplit(url).path, content, overwrite=False)
        except ServiceError as error:
            # The second is said while another process is in the middle of making it.
            if any(known in str(error) for known in ("already exists", "lease is currently owned")):
                return False
            raise
        return True

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._translated():
            self._client.delete(urlsplit(url).path)


def storage(settings: Settings) -> Storage:
    """Return the storage that holds the lake of these settings."""
    return LocalStorage() if settings.lake.startswith("file:") else HdfsStorage(settings.webhdfs)

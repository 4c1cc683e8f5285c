"""Files of a lake on HDFS."""

import getpass
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from hdfs import HdfsError, InsecureClient
from requests.exceptions import RequestException

from lakehouse.errors import ServiceError
from lakehouse.lake.files import Storage

# What HDFS says beyond a quota, and where no DataNode takes a block: because none serves, or because all are full.
HDFS_FULL = r"QuotaExceeded|quota of .* is exceeded"
NO_DATANODE = r"Failed to find datanode|could only be written to 0 of|Resources are low on NN"


def client(address: str) -> InsecureClient:
    """Return a client of the NameNode at an HTTP address, with a time limit for each call."""
    return InsecureClient(address, user=os.environ.get("HADOOP_USER_NAME") or getpass.getuser(), timeout=10)


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Raise ServiceError, with the way on, in place of what a client of the NameNode at `address` raises."""
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
        raise ServiceError(f"HDFS at {address} {verb}: {reason}. {advice}") from error


class HdfsStorage(Storage):
    """Storage on HDFS through WebHDFS, with time limits on every call."""

    def __init__(self, roots: Sequence[str], address: str) -> None:
        super().__init__(roots)
        self._address = address
        self._client = client(address)

    @contextmanager
    def _at(self, url: str) -> Iterator[str]:
        with translated(self._address):
            yield urlsplit(url).path

    def read(self, url: str) -> bytes | None:
        """See Storage."""
        with self._at(url) as path:
            try:
                with self._client.read(path) as reader:
                    return bytes(reader.read())
            except HdfsError as error:
                if error.exception == "FileNotFoundException":
                    return None
                raise

    def status(self, url: str) -> tuple[int, float] | None:
        """See Storage."""
        with self._at(url) as path:
            told = self._client.status(path, strict=False)
            return told and (int(told["length"]), told["modificationTime"] / 1000)

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._change(url) as path, local.open("rb") as file:
            self._client.write(path, file, overwrite=True)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        with self._change(url) as path:
            folder, _, name = path.rpartition("/")
            temporary = f"{folder}/.{name}.{uuid.uuid4().hex}.tmp"
            self._client.write(temporary, content, overwrite=True)
            try:
                # Renamed, so that nobody ever sees the file without its content; HDFS renames onto no file.
                self._client.rename(temporary, path)
            except HdfsError:
                self._client.delete(temporary)
                if self._client.status(path, strict=False) is None:
                    raise
                return False
        return True

    def replace(self, url: str, content: bytes) -> None:
        """See Storage."""
        with self._change(url) as path:
            self._client.write(path, content, overwrite=True)

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._change(url) as path:
            self._client.delete(path)

    def list(self, url: str) -> list[str]:
        """See Storage."""
        with self._at(url) as top:
            if self._client.status(top, strict=False) is None:
                return []
            return [f"{at}/{name}"[len(top) + 1 :] for at, _, names in self._client.walk(top) for name in names]

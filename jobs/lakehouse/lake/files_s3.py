"""Files of a lake on S3, on Amazon's or on a server that speaks as it does.

Whoever makes a file does so by a PUT that the server refuses where there is one (`If-None-Match: *`), so of several
writers one wins. Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
"""

import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from lakehouse.errors import ServiceError
from lakehouse.lake.files import Storage

# Seconds for one request: for a small file, and for a part of a large one over a slow line.
_SMALL, _PART = 10, 30
# A server that was killed is back within this time; a request that it has not answered is asked again.
_BACK = timedelta(seconds=20)
_PARTS_AT_ONCE = 4
# What of a file tells who made it.
_MADE_BY = "lakehouse-made-by"


class S3Storage(Storage):
    """Storage on S3, with time limits on every request; roots are `s3a://bucket/path`.

    Address, region and keys of the server come from the environment (see lakehouse.clients).
    """

    def __init__(self, roots: Sequence[str]) -> None:
        super().__init__(roots)
        self._stores: dict[tuple[str, int], S3Store] = {}

    def _bucket(self, url: str, seconds: int = _SMALL) -> S3Store:
        """Return the bucket of a file, whose requests may last so many seconds."""
        key = urlsplit(url).netloc, seconds
        if key not in self._stores:
            self._stores[key] = S3Store(
                urlsplit(url).netloc,
                client_options={
                    "timeout": timedelta(seconds=seconds),
                    "connect_timeout": timedelta(seconds=5),
                    "allow_http": os.environ.get("AWS_ALLOW_HTTP") == "true",
                },
                retry_config={"retry_timeout": _BACK, "backoff": {"max_backoff": timedelta(seconds=2)}},
            )
        return self._stores[key]

    @contextmanager
    def _at(self, url: str) -> Iterator[str]:
        try:
            yield urlsplit(url).path.lstrip("/")
        except (BaseError, OSError) as error:
            bucket, told = urlsplit(url).netloc, str(error).partition("Debug source")[0]
            said = re.search(r"<Message>(.*?)</Message>", told)
            reason = said[1] if said else " ".join(told.split())[:300].strip(" .")
            if "NoSuchBucket" in told:
                raise ServiceError(f"S3 has no bucket {bucket}. Make it, then run it again.") from error
            if isinstance(error, PermissionDeniedError | UnauthenticatedError):
                raise ServiceError(
                    f"S3 refuses the keys for the bucket {bucket}: {reason}. Set AWS_ACCESS_KEY_ID and "
                    f"AWS_SECRET_ACCESS_KEY to those of a writer."
                ) from error
            raise ServiceError(f"S3 does not answer for the bucket {bucket}: {reason}. Run `make status`.") from error

    def read(self, url: str) -> bytes | None:
        """See Storage."""
        with self._at(url) as path, suppress(FileNotFoundError):
            return bytes(obstore.get(self._bucket(url), path).bytes())
        return None

    def status(self, url: str) -> tuple[int, float] | None:
        """See Storage."""
        with self._at(url) as path, suppress(FileNotFoundError):
            told = obstore.head(self._bucket(url), path)
            return told["size"], told["last_modified"].timestamp()
        return None

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._change(url) as path:
            obstore.put(self._bucket(url, _PART), path, local, max_concurrency=_PARTS_AT_ONCE)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        with self._change(url) as path:
            bucket, me = self._bucket(url), uuid.uuid4().hex
            try:
                obstore.put(bucket, path, content, mode="create", attributes={_MADE_BY: me})
            except AlreadyExistsError:
                # A request whose answer is lost is sent again, and is then refused for what it made itself.
                with suppress(FileNotFoundError):
                    return obstore.get(bucket, path).attributes.get(_MADE_BY) == me
                return False
        return True

    def replace(self, url: str, content: bytes) -> None:
        """See Storage."""
        with self._change(url) as path:
            obstore.put(self._bucket(url), path, content)

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._change(url) as path, suppress(FileNotFoundError):
            obstore.delete(self._bucket(url), path)

    def list(self, url: str) -> list[str]:
        """See Storage."""
        with self._at(url) as top, suppress(FileNotFoundError):
            found = (entry["path"] for chunk in obstore.list(self._bucket(url), f"{top}/") for entry in chunk)
            return [path.removeprefix(f"{top}/") for path in found]
        return []

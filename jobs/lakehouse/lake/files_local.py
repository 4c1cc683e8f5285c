"""Files of a lake on the local disk."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lakehouse.errors import ServiceError
from lakehouse.lake.files import Storage


class LocalStorage(Storage):
    """Storage on the local disk, for lakes at file:// URLs; raises ServiceError naming the file that fails."""

    @contextmanager
    def _at(self, url: str) -> Iterator[str]:
        path = url2pathname(urlsplit(url).path)
        try:
            yield path
        except OSError as error:
            raise ServiceError(f"{path} cannot be read or written: {error.strerror or error}.") from error

    def read(self, url: str) -> bytes | None:
        """See Storage."""
        with self._at(url) as path, suppress(FileNotFoundError):
            return Path(path).read_bytes()
        return None

    def status(self, url: str) -> tuple[int, float] | None:
        """See Storage."""
        with self._at(url) as path, suppress(FileNotFoundError):
            told = Path(path).stat()
            return told.st_size, told.st_mtime
        return None

    def upload(self, local: Path, url: str) -> None:
        """See Storage."""
        with self._change(url) as path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(local, path)

    def create(self, url: str, content: bytes) -> bool:
        """See Storage."""
        with self._change(url) as text:
            path = Path(text)
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
        with self._change(url) as path:
            Path(path).write_bytes(content)

    def delete(self, url: str) -> None:
        """See Storage."""
        with self._change(url) as path:
            Path(path).unlink(missing_ok=True)

    def list(self, url: str) -> list[str]:
        """See Storage."""
        with self._at(url) as path:
            return [str(found.relative_to(path)) for found in Path(path).rglob("*") if found.is_file()]

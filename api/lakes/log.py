"""Looking at a table's transaction log without opening the table."""

from dataclasses import dataclass

from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileInfo, FileType

from lakehouse.lake import Lake


@dataclass(frozen=True)
class Mark:
    """What shows that a table is still the one, and at the version, that was read: its newest commit's file."""

    version: int
    mtime: int
    size: int


class Log:
    """The log of one table, asked for single files: two look-ups in one call instead of opening the table."""

    def __init__(self, lake: str, name: str) -> None:
        self._files = DeltaStorageHandler(Lake(lake).address(name))

    def mark(self, version: int) -> Mark | None:
        """Return the mark of a version, or None where its file is not there; raises OSError."""
        return self._mark(version, self._files.get_file_info([_commit(version)])[0])

    def look(self, seen: Mark) -> tuple[bool, bool]:
        """Return whether the table is still the one that was seen, and whether it has a newer version; raises OSError.

        A table that was removed and made again may be at a lower version or at the very same one: its file tells.
        """
        now, following = self._files.get_file_info([_commit(seen.version), _commit(seen.version + 1)])
        return self._mark(seen.version, now) == seen, following.type == FileType.File

    @staticmethod
    def _mark(version: int, info: FileInfo) -> Mark | None:
        return Mark(version, info.mtime_ns, info.size) if info.type == FileType.File else None


def _commit(version: int) -> str:
    return f"_delta_log/{version:020}.json"

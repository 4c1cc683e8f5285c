"""Looking at a table's transaction log without opening the table."""

from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileInfo, FileType

from lakehouse.lake import Lake

# A version with time and size of its commit's file: what shows that a table is still the one that was read.
Mark = tuple[int, int, int]


class Log:
    """The log of one table, asked for single files: two look-ups in one call instead of opening the table."""

    def __init__(self, lake: Lake, name: str) -> None:
        self._files = DeltaStorageHandler(lake.address(name))

    def mark(self, version: int) -> Mark:
        """Return the mark of a version; raises OSError."""
        return _mark(version, self._files.get_file_info([_commit(version)])[0])

    def look(self, seen: Mark) -> tuple[bool, bool]:
        """Return whether the table is still the one that was seen, and whether it has a newer version; raises OSError.

        A table that was removed and made again may be at a lower version or at the very same one: its file tells.
        """
        version = seen[0]
        now, following = self._files.get_file_info([_commit(version), _commit(version + 1)])
        return now.type == FileType.File and _mark(version, now) == seen, following.type == FileType.File


def _mark(version: int, info: FileInfo) -> Mark:
    return version, info.mtime_ns, info.size


def _commit(version: int) -> str:
    return f"_delta_log/{version:020}.json"

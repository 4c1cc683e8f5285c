"""Keeping tables small in files: many small files become few, and what no kept version needs any more goes.

Neither changes a row: readers of any version within the kept range read the same before and after. The commits carry
on what the table stands at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from deltalake import CommitProperties, DeltaTable

from lakehouse.lake import data_files, native
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.schemas import tables
from lakehouse.lake.store import Lake, Standing

# A table is compacted where it has more files of under SMALL bytes than MOST_SMALL. Larger ones are not written again
# by the way, so that a row is rewritten a few times in its life, however many batches come.
SMALL, MOST_SMALL = 16 << 20, 40
# By hand, files of up to this size are put together.
LARGE = 128 << 20


def small_files(standing: Standing, size: int = SMALL) -> int:
    """Return how many files of a table have under `size` bytes."""
    return sum(file.size < size for file in standing.files)


def compact(lake: Lake, name: str, standing: Standing, size: int = SMALL) -> Standing:
    """Put files of under `size` bytes together in one commit; return how the table stands.

    Raises ServiceError where the lake does not answer, IntegrityError where somebody else writes to the table.
    """
    table, address = tables()[name], lake.address(name)
    removed: list[DataFile] = []
    added: list[DataFile] = []
    for files in _together(standing.files, size):
        removed += files

        def work(files: list[DataFile] = files) -> list[DataFile]:
            rows = data_files.read(address, files, table)
            return list(data_files.write(lake.files, address, table, "compact", rows))

        added += lake.call(name, work, native.QUERY_SECONDS)
    if not removed:
        return standing
    return lake.commit(name, standing, added, replace(standing.state, files=()), removed=removed, is_change=False)


def _together(files: Iterable[DataFile], size: int) -> Iterator[list[DataFile]]:
    """Yield the small files that become one file each: of one side, and of `size` bytes in all at the most."""
    for side in (None, False, True):
        group: list[DataFile] = []
        for file in (file for file in files if file.side == side and file.size < size):
            if group and sum(f.size for f in group) + file.size > size:
                if len(group) > 1:
                    yield group
                group = []
            group.append(file)
        if len(group) > 1:
            yield group


def vacuum(lake: Lake, name: str, standing: Standing, *, dry_run: bool) -> list[str]:
    """Delete the files that no version within the kept range needs (7 days), and the log before it; return their names.

    Those that a killed run wrote and never committed are among them, once they are as old.
    With `dry_run` nothing is deleted. Raises ServiceError where the lake does not answer.
    """

    def work() -> list[str]:
        table = DeltaTable(lake.address(name))
        state = replace(standing.state, files=())
        carrying = CommitProperties(custom_metadata={"userMetadata": state.as_json()})
        gone = table.vacuum(dry_run=dry_run, full=True, commit_properties=carrying)
        if not dry_run:
            table.cleanup_metadata()
        return gone

    return lake.call(name, work, native.QUERY_SECONDS)

"""Keeping tables small in files: many small files become few, and what no kept version needs any more goes.

Neither changes a row: readers of any version within the kept range read the same before and after. The commits carry
on what the table stands at, the files of its last batch too, which a killed run may not have written to the ledger.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import nullcontext

from deltalake import CommitProperties, DeltaTable

from lakehouse import crash
from lakehouse.lake import data_files, losses, native
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.state import Standing
from lakehouse.lake.store import Lake

# Files of like size, within a factor of 8, are put together once there are more than ALIKE of them: the next step reads
# few files, and a row is rewritten a few times in its life, however many batches come. Those of SMALL bytes and more
# stay.
SMALL, ALIKE = 16 << 20, 8
# By hand, files of up to this size are put together.
LARGE = 128 << 20

Group = list[DataFile]


def crowds(standing: Standing) -> list[Group]:
    """Return the small files of like size, of one side each, of which a table has got too many."""
    alike: dict[object, Group] = defaultdict(list)
    for file in standing.files:
        if file.size < SMALL:
            alike[file.side, file.size.bit_length() // 3].append(file)
    return [files for files in alike.values() if len(files) > ALIKE]


def together(files: Iterable[DataFile], size: int = LARGE) -> Iterator[Group]:
    """Yield the files of under `size` bytes that become one file each: of one side, and of `size` bytes at the most."""
    for side in (None, False, True):
        group: Group = []
        for file in (file for file in files if file.side == side and file.size < size):
            if group and sum(f.size for f in group) + file.size > size:
                if len(group) > 1:
                    yield group
                group = []
            group.append(file)
        if len(group) > 1:
            yield group


def compact(lake: Lake, name: str, standing: Standing, groups: Iterable[Group]) -> Standing:
    """Make one file of each group of a table's files, in one commit; return how the table stands.

    Raises ServiceError where the lake does not answer, IntegrityError where somebody else writes to the table,
    LossError where a file is not what was written.
    """
    table, address = lake.table(name), lake.address(name)
    removed: Group = []
    added: Group = []
    for files in groups:
        losses.check_files(lake, name, files)
        removed += files

        def work(files: Group = files) -> Group:
            rows = data_files.read(address, files, table)
            return list(data_files.write(lake.files, address, table, "compact", rows))

        added += lake.call(name, work, native.QUERY_SECONDS)
    if not removed:
        return standing
    return lake.commit(name, standing, added, standing.state, removed=removed, is_change=False)


def vacuum(lake: Lake, name: str, standing: Standing, *, dry_run: bool) -> list[str]:
    """Delete the files that no version within the kept range needs (7 days), and the log before it; return their names.

    Those that a killed run wrote and never committed are among them, once they are as old.
    With `dry_run` nothing is deleted. Raises ServiceError where the lake does not answer.
    """

    def work() -> list[str]:
        table = DeltaTable(lake.address(name))
        carrying = CommitProperties(custom_metadata={"userMetadata": standing.state.as_json()})
        gone = table.vacuum(dry_run=dry_run, full=True, commit_properties=carrying)
        if not dry_run:
            table.cleanup_metadata()
        return gone

    if not dry_run:
        lake.files.guard()
    with nullcontext() if dry_run else crash.around(name, "vacuum"):
        return lake.call(name, work, native.QUERY_SECONDS)

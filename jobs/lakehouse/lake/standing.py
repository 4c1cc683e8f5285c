"""How a table stands at a moment."""

from dataclasses import dataclass

from lakehouse.lake.data_files import DataFile, Side
from lakehouse.lake.state import Source, State


@dataclass(frozen=True)
class Standing:
    """A table at a moment: its id, its version, what it stands at, and its files.

    `foreign` is the first version, after the commit that says what it stands at, in which others changed rows; or None.
    """

    id: str
    version: int
    state: State
    files: tuple[DataFile, ...] = ()
    foreign: int | None = None

    @property
    def rows(self) -> int:
        """The number of its rows."""
        return sum(file.rows for file in self.files)

    def as_source(self) -> Source:
        """Return what a table that has read this one up to here keeps of it."""
        return Source(self.id, self.version, self.state.batch, self.state.epoch)

    def files_after(self, batch: int, side: Side = None) -> list[DataFile]:
        """Return the files that may hold rows of later batches, by their statistics; of one side where that is told."""
        return [file for file in self.files if file.may_follow(batch) and (side is None or file.side == side)]

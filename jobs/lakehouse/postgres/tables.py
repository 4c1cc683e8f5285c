"""The tables of a database that are sources of records, each with a connection of its own."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from lakehouse.datasets import DATASETS
from lakehouse.errors import SettingError
from lakehouse.lake.state import Reading, State
from lakehouse.model import Dataset
from lakehouse.postgres.rows import Change
from lakehouse.settings import Settings


@dataclass(frozen=True)
class Look:
    """How a table stands: its `id`, whether it has news, and in a sentence what is gone since it was read (`loss`).

    `end` is where a reading ends that is told before it begins: an LSN.
    """

    id: str
    has_news: bool
    loss: str = ""
    end: str = ""


class Reader(Protocol):
    """A way of reading a table: by a cursor column, or by a replication slot."""

    def look(self, reading: Reading | None) -> Look:
        """Return how the table stands, for a bronze that has read it so far; None where it never has."""

    def changes(self, reading: Reading | None, look: Look) -> Iterator[Change]:
        """Yield what is new, `end` as the last; all rows as they are where there is no reading yet."""

    def done(self, reading: Reading) -> None:
        """Let go of what bronze has committed."""


class Tables(ExitStack):
    """The tables of the settings and what reads them, by dataset; a context manager.

    Raises ServiceError where the database does not answer, SettingError for a dataset that cannot have a table.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.tables = settings.database_tables
        datasets = {name: _fitting(name) for name in self.tables}
        with ExitStack() as opened:
            self.readers = {name: self._reader(settings, dataset, opened) for name, dataset in datasets.items()}
            self.enter_context(opened.pop_all())

    def _reader(self, settings: Settings, dataset: Dataset, opened: ExitStack) -> Reader:
        # The driver takes 80 ms to import, which a run without tables does without.
        from lakehouse.postgres.by_cursor import CursorReader
        from lakehouse.postgres.by_slot import SlotReader
        from lakehouse.postgres.connection import Connection

        connection, table = Connection(settings.postgres), self.tables[dataset.name]
        opened.callback(connection.raw.close)
        if table.cursor:
            return CursorReader(connection, table)
        key = next(field.names for field in dataset.fields if field.column.name == dataset.key)
        return SlotReader(connection, table, key)

    def look(self, states: Mapping[str, State]) -> dict[str, Look]:
        """Return how the tables stand, for bronze tables that stand so; both by dataset."""
        return {
            name: reader.look(states[name].readings.get(self.tables[name].name))
            for name, reader in self.readers.items()
        }


def _fitting(name: str) -> Dataset:
    """Return the dataset whose records are rows of a table."""
    if name not in DATASETS:
        raise SettingError("POSTGRES_TABLES", name, f"a dataset is needed, one of {', '.join(DATASETS)}")
    if DATASETS[name].key is None:
        raise SettingError("POSTGRES_TABLES", name, "a dataset with a business key is needed, which tells rows apart")
    return DATASETS[name]

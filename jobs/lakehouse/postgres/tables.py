"""The tables of a database that are sources of records, each with a connection of its own."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from lakehouse.datasets import DATASETS
from lakehouse.errors import SettingError
from lakehouse.lake.state import State
from lakehouse.model import Dataset
from lakehouse.postgres.reader import Look, Reader
from lakehouse.settings import Settings


class Tables:
    """The tables of the settings and what reads them, by dataset; a context manager.

    Raises ServiceError where the database does not answer, SettingError for a dataset that cannot have a table.
    """

    def __init__(self, settings: Settings) -> None:
        self.tables, self._open = settings.database_tables, ExitStack()
        datasets = {name: _fitting(name) for name in self.tables}
        with ExitStack() as opened:
            self.readers = {name: self._reader(settings, dataset, opened) for name, dataset in datasets.items()}
            self._open = opened.pop_all()

    def __enter__(self) -> Self:
        """Return the open connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self._open.close()

    def _reader(self, settings: Settings, dataset: Dataset, opened: ExitStack) -> Reader:
        # The driver takes 80 ms to import, which a run without tables does without.
        from lakehouse.postgres.by_cursor import CursorReader
        from lakehouse.postgres.by_slot import SlotReader
        from lakehouse.postgres.connection import Connection

        connection, table = Connection(settings.postgres), self.tables[dataset.name]
        opened.callback(connection.close)
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

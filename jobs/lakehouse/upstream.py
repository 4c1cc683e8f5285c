"""What the jobs read beside files: topics, and tables of a database; asked together how they stand."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from lakehouse.datasets import DATASETS
from lakehouse.lake.state import State
from lakehouse.postgres.tables import Look, Tables
from lakehouse.settings import Settings
from lakehouse.topics import Topic, Topics

TOPICS = [dataset.topic for dataset in DATASETS.values()]


@dataclass(frozen=True)
class Stand:
    """How topics stand, by their names, and tables of a database, by their datasets."""

    topics: Mapping[str, Topic]
    tables: Mapping[str, Look]


class Upstream(ExitStack):
    """The connections to Kafka and, where tables are named, to PostgreSQL; a context manager.

    Raises ServiceError where one of them does not answer, SettingError for a dataset that cannot have a table.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        with ExitStack() as opened:
            self._topics = opened.enter_context(Topics(settings.kafka))
            self._topics.make_missing(TOPICS)
            self.tables = opened.enter_context(Tables(settings))
            self.enter_context(opened.pop_all())

    def look(self, states: Mapping[str, State]) -> Stand:
        """Return how all of them stand, for bronze tables that stand so, by dataset."""
        return Stand(self._topics.look(TOPICS), self.tables.look(states))

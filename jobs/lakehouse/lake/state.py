"""What a table stands at: kept in the metadata of its own commits, so that a table is its own checkpoint."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import msgspec

from lakehouse.lake.data_files import DataFile, Side

# By the `source_id` of a topic's records the first offset that was read, and the next one to read.
Offsets = Mapping[str, tuple[int, int]]


def source_id(partition: int | str, generation: int) -> str:
    """Return the `source_id` of a partition's records: `3`, or `3@2` where the topic's offsets began a second time.

    A topic that is made again, or loses its end, gives offsets to other records: they begin a generation.
    """
    return f"{partition}" if generation == 1 else f"{partition}@{generation}"


def _generation(source_id: str) -> int:
    return int(source_id.partition("@")[2] or 1)


@dataclass(frozen=True)
class Source:
    """Where a table has read its source table to: the id of that table, its version, its batch and its epoch."""

    id: str
    version: int
    batch: int
    epoch: int


@dataclass(frozen=True)
class Reading:
    """Where bronze has read a table of a database to.

    `id` tells the table, its database and the way of reading from others of the same name. `cursor` is what the next
    reading begins at: a transaction's id, or an LSN. `ranges` numbers what was read, as offsets do of a topic; a table
    that is read anew begins a generation.
    """

    id: str = ""
    cursor: str = ""
    ranges: Offsets = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """The generation of the table that is read now."""
        return max(map(_generation, self.ranges), default=1)

    @property
    def source_id(self) -> str:
        """The `source_id` of the records of the generation that is read now."""
        return source_id(0, self.generation)

    @property
    def records(self) -> int:
        """How many records were read, of all generations."""
        return sum(end - first for first, end in self.ranges.values())

    def after(self, rows: int, cursor: str) -> "Reading":
        """Return the reading after so many more rows of the generation that is read now."""
        first, end = self.ranges.get(self.source_id, (0, 0))
        return replace(self, cursor=cursor, ranges={**self.ranges, self.source_id: (first, end + rows)})

    def anew(self) -> "Reading":
        """Return the reading where the table begins again, with the next generation."""
        number = self.generation + 1 if self.ranges else 1
        return replace(self, ranges={**self.ranges, source_id(0, number): (0, 0)})


@dataclass(frozen=True)
class State:
    """What a table stands at after a commit.

    `batch` is the number of its newest batch, and never used twice; `epoch` counts how often rows went away or changed.
    Bronze keeps the id of its topic with its `offsets`, how many of them are `lost` (dropped by Kafka unread, or gone
    with a data file), its `readings` of tables of a database by their names, how many rows of these went with a data
    file (`lost_rows`), and the rows of ledger.files (`files`) for the files of the batch. Silver and gold keep the
    `source` they have read, silver how many of its rows each version of the `rules` judged and the kinds of the fields
    that it has `seen`, and gold the hash of its metric's `code`. `run_id` names the run that made the batch.
    """

    batch: int = 0
    epoch: int = 0
    topic_id: str = ""
    offsets: Offsets = field(default_factory=dict)
    lost: int = 0
    readings: Mapping[str, Reading] = field(default_factory=dict)
    lost_rows: int = 0
    files: tuple[Mapping[str, Any], ...] = ()
    source: Source | None = None
    rules: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: str = ""
    run_id: str = ""

    def next(self, run_id: str, **changes: Any) -> "State":
        """Return the state after one more batch; the files of the last batch are not kept on."""
        return replace(self, batch=self.batch + 1, run_id=run_id, **({"files": ()} | changes))

    @property
    def generation(self) -> int:
        """The generation of the topic's offsets that is read now."""
        return max(map(_generation, self.offsets), default=1)

    @property
    def read_to(self) -> dict[int, int]:
        """The next offset to read of each partition, of the generation that is read now."""
        own = (source_id for source_id in self.offsets if _generation(source_id) == self.generation)
        return {int(source_id.partition("@")[0]): self.offsets[source_id][1] for source_id in own}

    @property
    def source_batch(self) -> int:
        """The batch of its source that the table has read to, 0 where it has read none."""
        return self.source.batch if self.source else 0

    def read(self, topic: str) -> list[tuple[str, str, int, int]]:
        """Return what was read, of the topic and of tables: source, source_id, first position and the next one."""
        ranges = [(topic, self.offsets), *((name, reading.ranges) for name, reading in self.readings.items())]
        return [(source, part, *ends) for source, parts in ranges for part, ends in parts.items()]

    def as_json(self) -> str:
        """Return the state as a commit's metadata, without what is empty."""
        return json.dumps({name: value for name, value in asdict(self).items() if value or name in ("batch", "epoch")})

    @staticmethod
    def of(metadata: Any) -> "State | None":
        """Return the state that a commit's metadata holds, None where it holds none."""
        if not isinstance(metadata, dict) or "batch" not in metadata:
            return None
        try:
            return msgspec.convert(metadata, State)
        except msgspec.ValidationError:
            return None


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

"""What a table stands at: kept in the metadata of its own commits, so that a table is its own checkpoint."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

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
class State:
    """What a table stands at after a commit.

    `batch` is the number of its newest batch, and never used twice; `epoch` counts how often rows went away or changed.
    Bronze keeps the id of its topic with its `offsets`, how many of them are `lost` (dropped by Kafka unread, or gone
    with a data file), and the rows of ledger.files (`files`) for the files of the batch. Silver and gold keep the
    `source` they have read, silver how many of its rows each version of the `rules` judged and the kinds of the fields
    that it has `seen`, and gold the hash of its metric's `code`. `run_id` names the run that made the batch.
    """

    batch: int = 0
    epoch: int = 0
    topic_id: str = ""
    offsets: Offsets = field(default_factory=dict)
    lost: int = 0
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

    def as_json(self) -> str:
        """Return the state as a commit's metadata, without what is empty."""
        return json.dumps({name: value for name, value in asdict(self).items() if value or name in ("batch", "epoch")})

    @staticmethod
    def of(metadata: Any) -> "State | None":
        """Return the state that a commit's metadata holds, None where it holds none."""
        if not isinstance(metadata, dict) or not isinstance(metadata.get("batch"), int):
            return None
        source = metadata.get("source")
        return State(
            batch=metadata["batch"],
            epoch=metadata.get("epoch", 0),
            topic_id=metadata.get("topic_id", ""),
            offsets={partition: (first, end) for partition, (first, end) in metadata.get("offsets", {}).items()},
            lost=metadata.get("lost", 0),
            files=tuple(metadata.get("files", ())),
            source=Source(**source) if source else None,
            rules=metadata.get("rules", {}),
            seen={name: tuple(kinds) for name, kinds in metadata.get("seen", {}).items()},
            code=metadata.get("code", ""),
            run_id=metadata.get("run_id", ""),
        )

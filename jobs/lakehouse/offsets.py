"""What of a topic is new to bronze, and what of it is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lakehouse.lake.state import Offsets, State, source_id
from lakehouse.topics import Topic


@dataclass(frozen=True)
class Plan:
    """What a batch takes of a topic: per partition the first offset (`starts`) and the one after the last (`ends`).

    `loss` says in a sentence what is gone since bronze read the topic, empty where nothing is; `lost` is how many
    offsets that are, as far as they can be counted. `generation` is that of the offsets, the next one where they name
    other records than those that were read; `offsets` is what bronze has read after the batch, of all generations.
    """

    starts: Mapping[int, int]
    ends: Mapping[int, int]
    loss: str
    lost: int
    generation: int
    offsets: Offsets

    @property
    def asked(self) -> int:
        """The number of offsets that are taken."""
        return sum(end - self.starts[n] for n, end in self.ends.items())


def plan(state: State, name: str, topic: Topic) -> Plan:
    """Return the plan for all that is new in the topic `name`, for a bronze table that stands at `state`.

    A topic that was made again is read from its start, one that has lost its end from where that is now.
    """
    is_another = state.topic_id not in ("", topic.id)
    read_to = {} if is_another else state.read_to
    shorter = [n for n, end in read_to.items() if topic.ends.get(n, end) < end]
    starts = {n: max(min(read_to.get(n, 0), end), topic.starts[n]) for n, end in topic.ends.items()}
    dropped = {n: starts[n] - end for n, end in read_to.items() if starts.get(n, end) > end}
    generation = state.generation + (1 if is_another or shorter else 0)
    names = {n: source_id(n, generation) for n in topic.ends}
    firsts = {n: state.offsets.get(names[n], (starts[n],))[0] for n in names}
    offsets = {**state.offsets, **{names[n]: (firsts[n], topic.ends[n]) for n in names}}
    loss = f"The topic {name} was deleted and made again." if is_another else " ".join(_told(state, name, topic))
    return Plan(starts, topic.ends, loss, sum(dropped.values()), generation, offsets)


def _told(state: State, name: str, topic: Topic) -> Iterator[str]:
    """Yield a sentence for each partition of a topic that has lost offsets."""
    for n, end in state.read_to.items():
        first = topic.starts.get(n, end)
        if topic.ends.get(n, end) < end:
            yield f"Partition {n} of {name} was read to offset {end} and ends at {topic.ends[n]} now."
        elif first > end:
            yield f"Kafka no longer has offsets of {name} that were not read: partition {n} from {end} to {first - 1}."

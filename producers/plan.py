"""Which records of a sequence go to a topic, and as which messages."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import chain

from lakehouse.datasets import DATASETS as MODELS
from producers.encode import encoder
from producers.generators import DATASETS
from producers.generators.sequence import Item


@dataclass(frozen=True)
class Message:
    """A message: the number of its record, its key, and its value (None: a message without one)."""

    index: int
    key: bytes
    value: bytes | None


@dataclass(frozen=True)
class Plan:
    """The part of a dataset's sequence that is sent: `rows` messages, or without end where `rows` is None.

    The first `skip` records are taken to be in a file that was written with the same seed and the same share of
    `errors`; `repeats` messages say the last good ones of them once more, the others are the records that follow.
    `prefix` stands before the name of the dataset's topic.
    """

    dataset: str
    seed: int
    rows: int | None
    errors: float = 0.0
    skip: int = 0
    repeats: int = 0
    prefix: str = ""

    @property
    def topic(self) -> str:
        """The name of the topic that the messages go to."""
        return self.prefix + MODELS[self.dataset].topic

    def items(self) -> Iterator[Item]:
        """Yield the records of the plan, first the repeats, then those after the file."""
        generator = DATASETS[self.dataset]
        wanted = self.repeats if self.rows is None else min(self.repeats, self.rows)
        numbers = generator.last_good(self.seed, self.skip, wanted, self.errors)
        again = (Item(n, next(generator.records(self.seed, n, 1)), {}) for n in numbers)
        count = None if self.rows is None else self.rows - len(numbers)
        return chain(again, generator.items(self.seed, self.skip, count, self.errors, "topic"))

    def messages(self, without: Container[int] = ()) -> Iterator[Message]:
        """Yield the plan's messages but for the records of the given numbers; keys are those of the good records."""
        generator = DATASETS[self.dataset]
        encode = encoder("topic", generator.columns("full"))
        for item in self.items():
            if item.index not in without:
                source = item.before if item.breakage and item.breakage.repeats else item.record
                yield Message(item.index, str(source[generator.partition_by]).encode(), encode(item))

"""The endless sequence of a dataset's records for a seed: record i of a seed is always the same one.

The sequence is drawn in blocks, each from its own random numbers, so that any part of it is had without what comes
before. File and topic can so overlap on purpose, and an interrupted send goes on where it stopped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import count as count_from
from itertools import islice
from random import Random

from lakehouse.model import Dataset
from producers.generators.breakage import Breakage
from producers.generators.drawing import Draw, Record, identifier

BLOCK = 100
LAYOUTS = ("full", "simple")


@dataclass(frozen=True, slots=True)
class Item:
    """Record number `index` of a sequence: as it should be, and, where it is to be written broken, how.

    `before` is the record before it, `variant` a running number that breakages vary by.
    """

    index: int
    record: Record
    before: Record
    breakage: Breakage | None = None
    variant: int = 0


@cache
def _phase(seed: int, name: str) -> int:
    return int(Random(f"{seed}:{name}:errors").random() * 10_000)


@cache
def _ratio(share: float) -> tuple[int, int]:
    # Of the decimal text: exactly 2 of 100, where the float is a little more.
    return Fraction(str(share)).as_integer_ratio()


@dataclass(frozen=True)
class Generator:
    """How a dataset's records are simulated.

    `prepare` builds the pools of a seed and returns the function that draws one record. `partition_by` names the field
    whose value is the message's key. `simple` are the fields of the older layout, `file_formats` what a file of each
    layout is ("csv", "log", "array" or "lines"), `rows` how many records are written unless told otherwise.
    """

    dataset: Dataset
    prepare: Callable[[int], Draw]
    breakages: tuple[Breakage, ...]
    partition_by: str
    simple: tuple[str, ...]
    file_formats: dict[str, str]
    rows: int = 1000

    def columns(self, layout: str) -> tuple[str, ...]:
        """Return the names of the fields in a layout, in order."""
        return self.simple if layout == "simple" else tuple(f.source for f in self.dataset.fields)

    def records(self, seed: int, start: int = 0, count: int | None = None) -> Iterator[Record]:
        """Return the good records from number `start` on, `count` of them or without end.

        Keys are the dataset's source names; money is a Decimal; a field that is not there is None.
        """
        draw, name, skipped = self.prepare(seed), self.dataset.name, start % BLOCK

        def drawn() -> Iterator[Record]:
            for index in count_from(start - skipped):
                if index % BLOCK == 0:
                    rng = Random(f"{seed}:{name}:{index // BLOCK}").random
                yield draw(rng, identifier(seed, name, index))

        return islice(drawn(), skipped, None if count is None else skipped + count)

    def is_broken(self, seed: int, index: int, errors: float) -> bool:
        """Tell whether a record is among the share `errors` that is written broken; they are spread evenly."""
        return self.broken(seed, index, index + 1, errors) == 1

    def broken(self, seed: int, start: int, stop: int, errors: float) -> int:
        """Return how many of the records from `start` to before `stop` are written broken."""
        return self._broken_before(seed, stop, errors) - self._broken_before(seed, start, errors)

    def items(
        self, seed: int, start: int, count: int | None, errors: float, target: str, layout: str = "full"
    ) -> Iterator[Item]:
        """Yield the records from number `start` on, the share `errors` of them marked with a breakage that fits.

        Each breakage gets its turn. The first record never repeats the one before it, which is not among these.
        """
        before: Record = {}
        breakages = [b for b in self.breakages if b.fits(target, self.columns(layout))]
        single = [b for b in breakages if not b.repeats]
        previous_good = False
        for index, record in enumerate(self.records(seed, start, count), start):
            if not (errors and self.is_broken(seed, index, errors)):
                yield Item(index, record, before)
                previous_good = True
            else:
                turn = self._broken_before(seed, index, errors)
                breakage = breakages[turn % len(breakages)]
                if breakage.repeats and not previous_good:
                    breakage = single[turn % len(single)]
                yield Item(index, record, before, breakage, turn // len(breakages))
                previous_good = False
            before = record

    def last_good(self, seed: int, stop: int, count: int, errors: float) -> list[int]:
        """Return the numbers of the last `count` records before `stop` that are not broken, in order."""
        good = (index for index in range(stop - 1, -1, -1) if not self.is_broken(seed, index, errors))
        return sorted(islice(good, count))

    def _broken_before(self, seed: int, index: int, errors: float) -> int:
        numerator, denominator = _ratio(errors)
        return (index + _phase(seed, self.dataset.name)) * numerator // denominator

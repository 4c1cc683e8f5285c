"""The bars of continuous mode, and whether they hold."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.stream import watch
from bench.stream.probes import median, percentile
from bench.stream.watch import Sample


def shown(value: float | None, unit: str) -> str:
    """Return a value as text: whole where it has no unit, for it is a count then."""
    if value is None or math.isnan(value):
        return "-"
    return "never" if value == math.inf else f"{value:,.2f}" if unit else f"{value:,.0f}"


@dataclass(frozen=True)
class Bar:
    """A line of the table: what was measured, its value, and the most it may be; None for no value or no bar."""

    what: str
    value: float | None
    unit: str
    most: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether there is a bar that does not hold; a value that is not a number holds none."""
        return self.most is not None and self.value is not None and not self.value <= self.most

    def __str__(self) -> str:
        """Return the line as text."""
        value, bar = shown(self.value, self.unit), "" if self.most is None else f"<= {shown(self.most, self.unit)}"
        verdict = "" if self.most is None else "not judged" if self.value is None else "ok"
        return (
            f"{self.what:<58}{value:>10} {self.unit:<3} {bar:>10}  {'MISSED' if self.is_missed else verdict}".rstrip()
        )


@dataclass(frozen=True)
class Outcome:
    """What one stream gave: seconds unless said otherwise; infinite for what never came."""

    first_result: float
    waits: list[float]
    samples: Sequence[Sample]
    lag: float
    ending: float
    lost: list[str]
    is_closed: bool
    lines: int


def bars(outcome: Outcome) -> Iterator[Bar]:
    """Yield a line for each bar, and for what has none but belongs beside it."""
    waits = outcome.waits
    yield Bar("first result after the start", outcome.first_result, "s", 30)
    yield Bar(f"acknowledgement to metric, {len(waits)} probes, p50", median(waits), "s", 2.5)
    yield Bar("acknowledgement to metric, p95", percentile(waits, 0.95), "s", 5)
    yield Bar("acknowledgement to metric, longest", waits[-1] if waits else None, "s")
    files, name = max((sample.most_files() for sample in outcome.samples), default=(None, "-"))
    yield Bar(f"most live files of a table ({name})", files, "", 100)
    ratio = watch.growth(outcome.samples)
    yield Bar(f"memory at the end beside that after minute {watch.WARM}", ratio, "x", 1.1)
    yield Bar("last event to metrics that equal what was sent", outcome.lag, "s")
    yield Bar("metrics that differ from what was sent", len(outcome.lost), "", 0)
    yield Bar("balance sheets that do not close", int(not outcome.is_closed), "", 0)
    yield Bar("Ctrl-C to the end of the job", outcome.ending, "s", 15)
    yield Bar("lines that the job printed", outcome.lines, "")

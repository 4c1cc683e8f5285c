"""How far continuous mode is: told on a terminal, and kept in the lake for whoever asks there."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TextIO

from lakehouse.lake.store import Lake

# Seconds between two words to the lake, and after which they say nothing of now any more.
_INTERVAL, _VALID = 5.0, 30.0


@dataclass(frozen=True)
class Progress:
    """What the last step of continuous mode found and did.

    `lag_records` were waiting when it looked, and are in gold `lag_seconds` later; `records_per_second` came through.
    `at` is when the step ended, in seconds since 1970.
    """

    run_id: str
    at: float
    lag_records: int
    lag_seconds: float
    records_per_second: float

    @property
    def is_recent(self) -> bool:
        """Whether it still says something of now."""
        return time.time() - self.at < _VALID


class Reporter:
    """Tells the progress of one run of continuous mode: a line that a terminal shows and a pipe does not."""

    def __init__(self, lake: Lake, run_id: str, out: TextIO = sys.stdout) -> None:
        self._lake, self._run_id, self._out = lake, run_id, out
        self._told = 0.0

    def step(self, records: int, seconds: float) -> None:
        """Tell that a step brought `records` into gold, `seconds` after it had looked for them."""
        progress = Progress(self._run_id, time.time(), records, round(seconds, 2), round(records / max(seconds, 0.001)))
        if self._out.isatty():
            rate = f"{progress.records_per_second:,.0f} records/s" if records else "nothing new"
            self._out.write(f"\r\x1b[Klag {records:,} records, {seconds:.1f} s  {rate}  {time.strftime('%H:%M:%S')}")
            self._out.flush()
        if time.monotonic() - self._told > _INTERVAL:
            self._told = time.monotonic()
            self._lake.files.replace(_url(self._lake), json.dumps(asdict(progress)).encode())

    def end(self) -> None:
        """Leave the terminal's line, and take back what the lake was told."""
        if self._out.isatty():
            self._out.write("\n")
        self._lake.files.delete(_url(self._lake))


def read(lake: Lake) -> Progress | None:
    """Return how far continuous mode is, None where none has reported lately; raises ServiceError as Storage does."""
    try:
        progress = Progress(**json.loads(lake.files.read(_url(lake)) or b"{}"))
    except (ValueError, TypeError):
        return None
    return progress if progress.is_recent else None


def _url(lake: Lake) -> str:
    return f"{lake.url}/_progress.json"

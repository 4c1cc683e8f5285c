"""What all ways read: simulated files without errors, made once, and the same events as messages and as a file."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from stack import RunningStack

from bench.place import BENCH, BenchError
from docker.native.console import progress
from producers import files
from producers.generators import DATASETS

FILE_DATASETS = ("transactions", "logs", "social_data")
EVENT_DATASET, EVENTS, SEED = "ad_campaigns", 16_000, 42


@dataclass(frozen=True)
class Sources:
    """The sources of a lake: an inbox with `rows` records a dataset, and the file of the events on the topic."""

    rows: int
    inbox: Path
    events: Path

    def lines(self) -> dict[str, int]:
        """Return how many lines and messages a scan must find: CSV has a header, a JSON array two brackets."""
        extra = {"transactions": 1, "social_data": 2}
        return {name: self.rows + extra.get(name, 0) for name in FILE_DATASETS} | {EVENT_DATASET: EVENTS}


def file(folder: Path, dataset: str, rows: int, seed: int = SEED) -> Path:
    """Return a simulated file, written unless it is there; its name tells what is in it."""
    path = folder / dataset / files.file_name(dataset, rows, seed, 0.0, "full")
    return path if path.exists() else files.write(folder, dataset, rows, seed).path


def make(rows: int) -> Sources:
    """Return the sources with `rows` records a file, kept in build/bench/data from one bench to the next."""
    inbox = BENCH / "data" / f"rows-{rows}"
    with progress(f"{rows:,} records of each file") as show:
        for dataset in FILE_DATASETS:
            show(dataset)
            file(inbox, dataset, rows)
    return Sources(rows, inbox, file(BENCH / "data" / "events", EVENT_DATASET, EVENTS))


def copy(sources: Sources, folder: Path) -> Path:
    """Return an inbox of its own with the files of `sources`, to which others may be added."""
    for path in sources.inbox.glob("*/*"):
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def send_events(stack: RunningStack) -> None:
    """Send the events to their topic; raises BenchError where they do not arrive."""
    options = (f"--datasets={EVENT_DATASET}", f"--rows={EVENTS}", f"--seed={SEED}", "--errors=0")
    done = stack.run(sys.executable, "-m", "producers.produce", *options)
    if done.returncode:
        raise BenchError(f"The events were not sent:\n{done.stderr}")


def topic() -> str:
    """Return the name of the events' topic."""
    return DATASETS[EVENT_DATASET].dataset.topic

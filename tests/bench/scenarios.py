"""What is measured: all ways on the same sources, a run with nothing new, and a little more on much that is stored."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stack import RunningStack

from bench import sources, store
from bench.answers import Answers
from bench.counts import spark_jobs
from bench.measurement import Usage, measure
from bench.place import BENCH, BenchError
from bench.sources import FILE_DATASETS, Sources
from bench.ways import DUCKDB, OURS, WAYS, Trial, Way, duckdb_answers
from docker.native.console import progress
from lakehouse.logs import say

MORE, LAYERS = 1000, ("bronze", "silver", "gold")


@dataclass(frozen=True)
class Run:
    """A counted run: what it took, bytes written to HDFS, Spark jobs, and commits to bronze, silver and gold."""

    usage: Usage
    written: int
    jobs: int
    commits: int


@dataclass
class Series:
    """The runs of one way in one scenario on so many rows a file."""

    scenario: str
    rows: int
    way: str
    title: str
    runs: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Add a run and say so."""
        self.runs.append(run)
        usage = run.usage
        spent = f"{usage.wall:7.1f} s  CPU {usage.cpu:6.1f} s (others {usage.others:.1f})"
        say(
            f"  {self.scenario:<7}{self.rows:>11,} rows  {self.way:<8} run {len(self.runs)}{spent}"
            f"  {usage.memory / 2**20:7,.0f} MiB  {run.jobs:>4} jobs  {run.commits:>3} commits"
        )


@contextmanager
def trial(stack: RunningStack, made: Sources, name: str, inbox: Path | None = None) -> Iterator[Trial]:
    """Give a trial with an empty lake and folder, which are removed at the end."""
    folder, lake = BENCH / "run" / name, f"{stack.settings.lake}-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield Trial(stack, made, inbox or made.inbox, lake, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    store.remove(stack.settings, lake)


def counted(way: Way, of: Trial, wanted: Answers, what: str) -> Run:
    """Run a way once, compare its results, and only then return what it took."""
    settings = of.stack.settings
    for folder in (of.events, of.folder / "empty"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    written, commits = store.bytes_written(settings), store.commits(settings, of.lake)
    with progress(what) as show:
        usage = measure(of.stack, way.command(of), of.environ(), of.folder / f"{way.name}.log", show)
        show("comparing the results")
        written = store.bytes_written(settings) - written
        new = store.commits(settings, of.lake) - commits
        way.check(of, wanted)
    by_layer = sum(count for name, count in new.items() if name.partition(".")[0] in LAYERS)
    return Run(usage, written, spark_jobs(of.events), by_layer)


def reference(stack: RunningStack, made: Sources, inbox: Path | None = None) -> Answers:
    """Return the metrics by DuckDB, with which all ways are compared."""
    with trial(stack, made, "reference", inbox) as of:
        of.folder.mkdir(parents=True)
        measure(stack, DUCKDB.command(of), of.environ(), of.folder / "duckdb.log", lambda _: None)
        return duckdb_answers(of)


def chain(stack: RunningStack, rows: int, runs: int) -> list[Series]:
    """Run the four ways in turn, each into a lake of its own."""
    made = sources.make(rows)
    wanted = reference(stack, made)
    series = [Series("chain", rows, way.name, way.title) for way in WAYS]
    for number in range(1, runs + 1):
        for way, found in zip(WAYS, series, strict=True):
            with trial(stack, made, f"{way.name}-{rows}-{number}") as of:
                found.add(counted(way, of, wanted, f"chain, {rows:,} rows: {way.name}, run {number} of {runs}"))
    return series


def idle(stack: RunningStack, rows: int, runs: int) -> list[Series]:
    """Run the chain again and again with nothing new; raises BenchError where that makes a commit."""
    made = sources.make(rows)
    wanted = reference(stack, made)
    found = Series("idle", rows, OURS.name, "nothing new")
    with trial(stack, made, "idle") as of:
        counted(OURS, of, wanted, f"idle, {rows:,} rows: filling the lake")
        for number in range(1, runs + 1):
            found.add(counted(OURS, of, wanted, f"idle, {rows:,} rows: run {number} of {runs}"))
    if commits := sum(run.commits for run in found.runs):
        raise BenchError(f"{runs} runs with nothing new made {commits} commits to bronze, silver and gold.")
    return [found]


def stored(stack: RunningStack, rows: int, runs: int) -> list[Series]:
    """Add 1,000 records a file to a lake that holds `rows`, in turn with a lake that held none by file.

    Both lakes have their tables and the events of the topic beforehand, so that only what is stored differs.
    """
    made = sources.make(rows)
    full = Series("stored", rows, OURS.name, f"{MORE:,} more on {rows:,}")
    empty = Series("stored", 0, OURS.name, f"{MORE:,} more on none")
    inbox = BENCH / "run" / "inbox"
    shutil.rmtree(inbox, ignore_errors=True)
    try:
        with trial(stack, made, "stored", sources.copy(made, inbox / "stored")) as of:
            counted(OURS, of, reference(stack, made), f"stored: filling a lake with {rows:,} rows")
            for number in range(1, runs + 1):
                first, what = inbox / f"empty-{number}", f"run {number} of {runs}"
                full.add(_more(of, sources.SEED + number, f"stored: 1,000 on {rows:,}, {what}"))
                for dataset in FILE_DATASETS:
                    (first / dataset).mkdir(parents=True)
                with trial(stack, made, "empty", first) as fresh:
                    _fill_by_topic(fresh)
                    empty.add(_more(fresh, sources.SEED + number, f"stored: 1,000 on none, {what}"))
    finally:
        shutil.rmtree(inbox, ignore_errors=True)
    return [full, empty]


def _fill_by_topic(of: Trial) -> None:
    """Run the chain on an empty inbox: the tables are made and the events come in."""
    anything = Way(OURS.name, OURS.title, OURS.command, lambda *_: None)
    counted(anything, of, {}, "stored: filling a lake by the topic alone")


def _more(of: Trial, seed: int, what: str) -> Run:
    for dataset in FILE_DATASETS:
        sources.file(of.inbox, dataset, MORE, seed)
    return counted(OURS, of, reference(of.stack, of.sources, of.inbox), what)


SCENARIOS = {"chain": chain, "idle": idle, "stored": stored}

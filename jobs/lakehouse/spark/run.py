"""One run of a job: how the tables stand, what it writes, and what goes on side by side."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
from pyspark import Accumulator
from pyspark.sql import DataFrame, SparkSession

from lakehouse import clients
from lakehouse.errors import LakehouseError, LossError, ServiceError
from lakehouse.judging.drift import Change, Seen
from lakehouse.lake import evolution, forgotten, maintenance, native
from lakehouse.lake.data_files import DataFile, Side
from lakehouse.lake.forgotten import Words
from lakehouse.lake.keys import KeyHashes
from lakehouse.lake.printing import safe
from lakehouse.lake.runs import new_run_id
from lakehouse.lake.state import Standing, State
from lakehouse.lake.store import Lake
from lakehouse.model import Dataset
from lakehouse.settings import Settings
from lakehouse.spark import session, tables
from lakehouse.spark.faults import translated
from lakehouse.spark.judging import Sum

LOG = logging.getLogger("lakehouse")

# Seconds that running steps have to end after Ctrl-C; what is cut off then is done again by the next run.
FINISHING = 8.0
# Seconds without any progress after which a run gives up: a task of a large batch run may take minutes by itself.
STALLED = {True: 60.0, False: 900.0}
# Changes of a dataset's fields that a run's row in the ledger tells.
MOST_CHANGES = 100


@dataclass
class Run:
    """A run of a job: its settings and lake, its id and start, how the tables stand, and what it counted so far.

    `standings` maps tables to how they stand after this run's last commit: with one writer a lake nothing is asked
    again. `counts` maps a table's name to what was added there, how long it took, and what changed in its records'
    fields. `ignored` is what the last look at the inbox left alone; in continuous mode that and the tables' lines are
    told once.
    """

    job: str
    settings: Settings
    lake: Lake
    standings: dict[str, Standing] = field(default_factory=dict)
    run_id: str = field(default_factory=new_run_id)
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_continuous: bool = False
    accepts_loss: bool = False
    ignored: set[str] = field(default_factory=set)
    _observers: dict[Dataset, Accumulator[Seen]] = field(default_factory=dict)
    _session: "Future[SparkSession] | None" = None
    _came: int = 0
    _put_off: dict[str, int] = field(default_factory=dict)

    @cached_property
    def keys(self) -> KeyHashes:
        """The business keys in silver, as far as they were read."""
        return KeyHashes(self.lake)

    @cached_property
    def forgotten(self) -> dict[str, Words]:
        """What was forgotten, by dataset."""
        return forgotten.load(self.lake, self.standings)

    def warm_up(self) -> None:
        """Start the Spark session beside what goes on, for a run that will need it."""
        if self._session is None:
            self._session = native.begin(self._start)

    def _start(self) -> SparkSession:
        started = time.monotonic()
        spark = session.start(self.job, clients.spark_options(self.settings))
        LOG.info("%-7s %-26s %.1f s", "spark", "session", time.monotonic() - started)
        return spark

    @property
    def spark(self) -> SparkSession:
        """The Spark session, started when it is first needed: a run without news does without."""
        self.warm_up()
        assert self._session is not None
        return self._session.result()

    def grown(self, dataset: Dataset, fields: Iterable[str] = ()) -> Dataset:
        """Return a dataset with all columns of its silver table; of one that evolves also those that it needs.

        They are for what the fields that were seen so far hold, and for `fields`. The stored table gets them with the
        next commit; until then they are null in what is read.
        """
        known = replace(dataset, found=self.lake.dataset(dataset.name).found)
        grown = evolution.grown(known, [*self.state(f"silver.{dataset.name}").seen, *fields])
        for column in grown.found[len(known.found) :]:
            LOG.info("silver  %-26s new column %s, of the field %s", dataset.name, column.name, safe(column.field))
            self.lake.adopt(grown)
        return grown

    def observer(self, dataset: Dataset) -> Accumulator[Seen]:
        """Return what gathers what the tasks of one step see of a dataset's fields; Spark keeps each until it ends."""
        if dataset not in self._observers:
            self._observers[dataset] = self.spark.sparkContext.accumulator({}, Sum(dataset))
        self._observers[dataset].value = {}
        return self._observers[dataset]

    def state(self, name: str) -> State:
        """Return what a table stands at."""
        return self.standings[name].state

    def rows_after(self, name: str, batch: int = 0, side: Side = None, spark: SparkSession | None = None) -> DataFrame:
        """Return the rows of later batches of a table; of one side of silver where that is told."""
        files = self.standings[name].files_after(batch, side)
        return tables.read(spark or self.spark, self.lake, name, files, batch)

    def write(self, rows: DataFrame, name: str, state: State, *, removed: Sequence[DataFile] = ()) -> dict[Side, int]:
        """Write a batch to a table in one commit, in place of the `removed` files; return as `commit`."""
        return self.commit(name, tables.write(rows, self.lake, name, state.batch), state, removed=removed)

    def commit(
        self, name: str, added: Sequence[DataFile], state: State, *, removed: Sequence[DataFile] = ()
    ) -> dict[Side, int]:
        """Commit files as a batch of a table, in place of the `removed` ones.

        Return the rows of the added ones by their value of `quarantined`, under None where that is no column.
        """
        self.standings[name] = self.lake.commit(name, self.standings[name], added, state, removed=removed)
        counts: dict[Side, int] = {}
        for file in added:
            counts[file.side] = counts.get(file.side, 0) + file.rows
        return counts

    def tidy(self, name: str) -> None:
        """Compact a table that has got many small files; say so where that cannot be done now."""
        before, started = self.standings[name], time.monotonic()
        crowds = maintenance.crowds(before)
        if not crowds or len(before.files) < self._put_off.get(name, 0):
            return
        try:
            self.standings[name] = maintenance.compact(self.lake, name, before, crowds)
        except LossError:
            raise
        except LakehouseError as error:
            LOG.warning("compact %-26s left for later: %s", name, error)
            self._put_off[name] = len(before.files) + maintenance.ALIKE
            return
        counts = len(self.standings[name].files), len(before.files)
        self._log("compact %-26s %d files instead of %d  %.1f s", name, *counts, time.monotonic() - started)

    def side_by_side(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do tasks in threads of their own, and wait for all of them; raise the first error that one of them ends with.

        Raises ServiceError where nothing at all gets on for STALLED seconds. On Ctrl-C, and where one ends because a
        service is away, the others have FINISHING seconds to end what they are at. No thread keeps the process longer.
        """
        futures = [native.begin(partial(self._do, task)) for task in tasks]
        try:
            self._wait(futures)
        except KeyboardInterrupt:
            LOG.info("ending after the running step")
            wait(futures, timeout=FINISHING)
            raise
        errors = [error for future in futures if future.done() and (error := future.exception())]
        if errors:
            raise errors[0]

    def _do(self, task: Callable[[], None]) -> None:
        with translated(self.settings, self.job):
            task()

    def _wait(self, futures: Sequence["Future[None]"]) -> None:
        seen, since, pending = self._progress(), time.monotonic(), set(futures)
        while pending:
            done, pending = wait(pending, timeout=5.0, return_when=FIRST_EXCEPTION)
            if any(isinstance(future.exception(), ServiceError) for future in done):
                wait(pending, timeout=FINISHING)
                return
            now = self._progress()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > STALLED[self.is_continuous]:
                raise ServiceError(
                    f"There is news, but nothing has got on for {STALLED[self.is_continuous]:g} s: the store, Kafka or "
                    f"Spark hangs. Run `make status`; the next run goes on from the last commit."
                )

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what comes from outside Spark; the run gets on while something does."""
        for batch in batches:
            self._came += batch.num_rows
            yield batch

    def _progress(self) -> tuple[int, ...]:
        """Return what changes while the run gets on: tables' versions, rows that came, and the tasks that Spark did."""
        versions = sum(standing.version for standing in self.standings.values()) + self._came
        if self._session is None or not self._session.done() or self._session.exception():
            return (versions,)
        tracker = self.spark.sparkContext.statusTracker()
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        return (versions, *(number for stage in stages if stage for number in (stage.stageId, stage.numCompletedTasks)))

    def report(self, name: str, seconds: float, **counts: int) -> None:
        """Log one line for a table and keep its counts for the ledger."""
        layer, _, rest = name.partition(".")
        shown = "  ".join(f"{count:,} {label}" for label, count in counts.items())
        self._log("%-7s %-26s %s  %.1f s", layer, rest, shown, seconds, table=name, seconds=round(seconds, 3), **counts)
        kept = self.counts.setdefault(name, {})
        for label, count in {**counts, "seconds": round(seconds, 3)}.items():
            kept[label] = count if label == "rows" and layer == "gold" else kept.get(label, 0) + count

    def report_drift(self, name: str, changes: Sequence[Change]) -> None:
        """Log a line for each change of a table's fields, and keep the first ones for the ledger."""
        for change in changes:
            LOG.info("drift   %-26s %s", name.partition(".")[2], safe(str(change)))
        if changes:
            kept = self.counts.setdefault(name, {}).setdefault("drift", [])
            kept += [asdict(change) for change in changes[: MOST_CHANGES - len(kept)]]

    def _log(self, text: str, *values: object, **fields: object) -> None:
        """Log a line of a step, which continuous mode would say again each second; as JSON it has `fields` too."""
        LOG.log(logging.DEBUG if self.is_continuous else logging.INFO, text, *values, extra={"fields": fields})

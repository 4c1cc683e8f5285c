"""Bronze into silver: every record parsed, typed and judged, good ones and quarantined ones in one commit.

Run it with `make silver`, or `source conf/env.sh && spark-submit jobs/silver.py`.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError
from lakehouse.judging import drift
from lakehouse.judging.drift import Seen
from lakehouse.judging.version import rules_version
from lakehouse.lake import scan
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.state import State
from lakehouse.model import Dataset
from lakehouse.spark import changes, session, tables
from lakehouse.spark.changes import Changes
from lakehouse.spark.judging import judged, silver_rows
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run

# Stands for the longest record of a file whose statistics do not tell it.
UNKNOWN = 1 << 30

# Up to so many stored rows, and bytes of new ones, one task that reads them all is faster than three jobs that do not.
MOST_STORED, MOST_BYTES = 500_000, 128 << 20


def run(job: Run) -> None:
    """Judge everything that is new in bronze."""
    tell_older_rules(job)
    fresh = [dataset for dataset in DATASETS.values() if has_news(job, dataset)]
    job.side_by_side([partial(judge, job, dataset) for dataset in fresh])


def tell_older_rules(job: Run) -> None:
    """Say how many rows of each dataset other rules than those of now have judged, where there are any."""
    for dataset in DATASETS.values():
        version = rules_version(dataset)
        older = sum(rows for name, rows in job.state(f"silver.{dataset.name}").rules.items() if name != version)
        if older:
            LOG.info(
                "silver  %-26s %s rows were judged by other rules than those of now; `make what-if DATASET=%s` shows "
                "what these would change",
                *(dataset.name, f"{older:,}", dataset.name),
            )


def has_news(job: Run, dataset: Dataset) -> bool:
    """Return whether bronze has batches that silver has not judged."""
    return job.state(f"bronze.{dataset.name}").batch > job.state(f"silver.{dataset.name}").source_batch


def judge(job: Run, dataset: Dataset) -> None:
    """Judge what is new in bronze and append it to silver in one batch; raise LossError where a row is missing.

    Where that are changes of a database, files that hold what they end are written again in the same commit. Where a
    table was read anew, all of silver is.
    """
    started, name = time.monotonic(), f"silver.{dataset.name}"
    bronze, before = job.standings[f"bronze.{dataset.name}"], job.standings[name]
    state, read_to = before.state, before.state.source_batch
    altered = changes.of_batches(job.lake, dataset, bronze, before, read_to)
    is_anew = altered is not None and altered.is_anew
    if is_anew:
        read_to, state = 0, replace(state, rules={})
    news = News(job, dataset.name, read_to, _count_after(job, f"bronze.{dataset.name}", read_to), altered)
    version = rules_version(dataset)
    rules = {**state.rules, version: state.rules.get(version, 0) + news.records}
    following = state.next(job.run_id, source=bronze.as_source(), rules=rules)
    known, drifts = state.seen, list[drift.Change]()
    dataset = job.grown(dataset)
    while True:
        seen = job.observer(dataset)
        added = news.judged(dataset, following, seen.add)
        told, known = drift.compare(dataset, known, seen.value, news.records)
        drifts += told
        grown = job.grown(dataset, seen.value)
        if grown == dataset:
            break
        # Fields that nobody knew of have columns now, and the records are judged again with them.
        news.discard(added)
        dataset = grown
    again = 0 if is_anew else sum(file.rows for file in news.rewritten)
    if (written := sum(file.rows for file in added) - again) != news.records:
        raise LossError(
            f"{name}: batches {read_to + 1} to {bronze.state.batch} of bronze.{dataset.name} have {news.records:,} "
            f"records, but {written:,} were judged.",
            "Run it again; where that says the same, `make balance` tells whether bronze is whole.",
        )
    following = replace(following, seen=known, epoch=state.epoch + (1 if news.rewritten else 0))
    good = job.commit(name, added, following, removed=news.rewritten).get(False, 0) - again
    job.report(name, time.monotonic() - started, rows=good, quarantined=news.records - good)
    job.report_drift(name, drifts)


@dataclass
class News:
    """The `records` of a dataset's bronze after the batch `read_to`, on their way into silver.

    `altered` says that changes of a database are among them, and `rewritten` are the files of silver whose rows are
    written again with those, as far as it was found.
    """

    job: Run
    dataset: str
    read_to: int
    records: int
    altered: Changes | None = None
    rewritten: Sequence[DataFile] = ()

    @property
    def name(self) -> str:
        """The table that they go to."""
        return f"silver.{self.dataset}"

    @cached_property
    def longest(self) -> int:
        """The bytes of the longest record, where the statistics of its file tell it."""
        files = self.job.standings[f"bronze.{self.dataset}"].files_after(self.read_to)
        return max((int(file.greatest.get("size", UNKNOWN)) for file in files), default=0)

    @property
    def is_small(self) -> bool:
        """Whether one task does best with them."""
        return self.records <= tables.ONE_TASK and self.records * self.longest <= MOST_BYTES

    def judged(self, dataset: Dataset, following: State, observe: Callable[[Seen], object]) -> list[DataFile]:
        """Judge them and return the files they were written to; `observe` is told what is seen of their fields."""
        silver, is_anew = self.job.standings[self.name], self.altered is not None and self.altered.is_anew
        stored = silver.files_after(0, side=False) if dataset.key is not None and not is_anew else []
        looked_at = [] if self.is_small else stored
        added = self._write(dataset, following, observe, looked_at)
        if self.is_small and stored:
            # Seldom is a key there already; then the rows are written again with a look at the files that may hold it.
            keyed = [file for file in added if file.side is False or self.altered]
            if looked_at := self.job.keys.files_with(self.name, keyed, stored):
                self.discard(added)
                added = self._write(dataset, following, observe, looked_at)
        self.rewritten = silver.files if is_anew else looked_at if self.altered else ()
        return added

    def _write(
        self, dataset: Dataset, following: State, observe: Callable[[Seen], object], stored: Sequence[DataFile]
    ) -> list[DataFile]:
        lake, spark = self.job.lake, session.for_records(self.job.spark, self.longest)
        new = self.job.rows_after(f"bronze.{self.dataset}", self.read_to, spark=spark)
        others = tables.read(spark, lake, self.name, stored) if stored else None
        in_one_task = self.is_small and sum(file.rows for file in stored) <= MOST_STORED
        with judged(new, dataset, others, self.records, observe, self.altered, in_one_task=in_one_task) as rows:
            made = silver_rows(rows, dataset, following)
            if self.altered and others:
                made = made.unionByName(changes.moved(others, rows, dataset, following))
            return tables.write(made, lake, self.name, following.batch)

    def discard(self, added: Iterable[DataFile]) -> None:
        """Delete files that were written and are not committed."""
        for file in added:
            self.job.lake.files.delete(f"{self.job.lake.address(self.name)}/{file.path}")


def _count_after(job: Run, name: str, batch: int) -> int:
    """Return the number of rows of later batches, by the log where no file holds earlier ones too."""
    standing = job.standings[name]
    files = standing.files_after(batch)
    if all(file.follows(batch) for file in files):
        return sum(file.rows for file in files)
    return scan.count_after(job.lake.open(name, standing.version), batch)


if __name__ == "__main__":
    sys.exit(main("silver", run))

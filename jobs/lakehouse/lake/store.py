"""The one object for the store: where tables are, opening, making and appending to them, and what they stand at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self, TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError, NotBuiltError, ServiceError
from lakehouse.lake import data_files, evolution, log, native, scan
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.files import Storage, storage
from lakehouse.lake.schemas import arrow_schema, differences, schema, silver, tables
from lakehouse.lake.state import Standing, State
from lakehouse.model import Dataset, Table
from lakehouse.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Lake:
    """The tables below one root, `hdfs://host:port/path`, `s3a://bucket/path` or `file:///path`.

    `webhdfs` is the NameNode's HTTP address, needed to write to a lake on HDFS and to ask what its tables stand at.
    `dataset_url` is the root of a dataset's bronze and silver where they have one of their own; `{dataset}` stands in
    it for the dataset's name with hyphens.
    """

    url: str
    webhdfs: str = ""
    dataset_url: str = ""
    _datasets: dict[str, Dataset] = field(default_factory=dict, init=False, repr=False, compare=False)
    _wider: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the lake of the settings."""
        return cls(settings.lake, settings.webhdfs, settings.dataset_url)

    @property
    def roots(self) -> list[str]:
        """The URLs below which its tables are."""
        return list(dict.fromkeys([self.url, *map(self._root_of, DATASETS)]))

    @cached_property
    def files(self) -> Storage:
        """The plain files below the lake's roots."""
        return storage(self.roots, self.webhdfs)

    def address(self, name: str) -> str:
        """Return the URL of the table `name`, such as `silver.transactions` or `ledger.files`."""
        layer, _, table = name.partition(".")
        root = self._root_of(table) if layer in ("bronze", "silver") else self.url
        return f"{root}/{name.replace('.', '/', 1)}"

    def _root_of(self, dataset: str) -> str:
        return self.dataset_url.replace("{dataset}", dataset.replace("_", "-")) or self.url

    def dataset(self, name: str, opened: DeltaTable | None = None) -> Dataset:
        """Return a dataset with the columns that its silver table got without a declaration; raises as `open`.

        `opened` is that table; without it each is looked up once.
        """
        if opened is not None or name not in self._datasets:
            table = self.open(f"silver.{name}") if opened is None else opened
            self._datasets[name] = evolution.of_schema(DATASETS[name], table.schema())
        return self._datasets[name]

    def table(self, name: str, opened: DeltaTable | None = None) -> Table:
        """Return the table `name` with all columns that it got in this lake; `opened` and errors as `dataset`."""
        layer, _, dataset = name.partition(".")
        return silver(self.dataset(dataset, opened)) if layer == "silver" else tables()[name]

    def adopt(self, dataset: Dataset) -> None:
        """Give a dataset's silver table the columns that it was found to need: for what is read and written from now.

        The stored table gets them before its next commit.
        """
        self._datasets[dataset.name] = dataset
        self._wider.add(f"silver.{dataset.name}")

    def open(self, name: str, version: int | None = None) -> DeltaTable:
        """Open the table `name` at its newest or the given version.

        Raises NotBuiltError where it does not exist and ServiceError where the lake does not answer.
        """
        return self.call(name, lambda: DeltaTable(self.address(name), version=version))

    def call(self, name: str, work: Callable[[], T], seconds: float | None = None) -> T:
        """Return what native work on a table gives; `seconds` as `native.call`, errors as `open`."""
        try:
            return native.call(f"the table {name} in {self.url}", work, seconds)
        except (OSError, DeltaError) as error:
            if native.is_missing(error):
                what = f"The table {name} does not exist yet in {self.url}. Run `make pipeline`."
                raise NotBuiltError(what) from error
            service = {"hdfs": "HDFS", "s3a": "S3"}.get(self.url.partition(":")[0])
            where = f"{service} does not answer: the" if service else "The"
            raise ServiceError(
                f"{where} table {name} in {self.url} cannot be reached ({native.cause(error)}). Run `make status`."
            ) from error

    def make_tables(self) -> dict[str, Standing]:
        """Make every table that is not there yet, empty and with its explicit schema; return how all of them stand.

        Columns that were declared since are added, and null in the rows that are there. Raises IntegrityError where one
        has another schema otherwise: a column went or has another type, or another form of these jobs made the lake.
        """
        return {name: self._made(name) for name in tables()}

    def _made(self, name: str) -> Standing:
        try:
            opened = self.open(name)
        except NotBuiltError:
            self.files.create(log.file_of(self.address(name), 0), log.beginning(tables()[name]))
            opened = self.open(name)
        table = self.table(name, opened)
        stored, declared = ({f.name: f.type for f in s.fields} for s in (opened.schema(), schema(table.columns)))
        if stored == declared:
            return self.standing(table.name, opened)
        if not stored.items() <= declared.items() or not declared.keys() - stored.keys() <= set(table.added):
            raise IntegrityError(
                f"The table {table.name} in {self.url} has other columns than these jobs write: "
                f"{differences(stored, declared)}. Nothing was changed. A stored column neither goes nor gets another "
                f"type: declare it as it was, and what is new as a column of another name. Where another version of "
                f"the jobs made the lake, set LAKEHOUSE_URL to a new folder or run `make clean`, and bring the sources "
                f"in again."
            )
        state, foreign = self._state(table.name, opened)
        if foreign is not None:
            # What others changed is told before anything is written; a state would hide it.
            return self.standing(table.name, opened)
        # One that somebody else has widened meanwhile is looked at again.
        log.widen(self.files, self.address(table.name), opened, table, state.as_json())
        return self._made(name)

    def standings(self) -> dict[str, Standing]:
        """Return how all tables stand; raises as `open`.

        Each is asked before the one that it is made from: what a writer adds meanwhile is news to it, and not missing.
        """
        return {name: self.standing(name) for name in reversed(tables())}

    def standing(self, name: str, opened: DeltaTable | None = None) -> Standing:
        """Return how a table stands; raises as `open`."""
        table = self.open(name) if opened is None else opened
        state, foreign = self._state(name, table)
        return Standing(str(table.metadata().id), table.version(), state, data_files.of_table(table), foreign)

    def _state(self, name: str, table: DeltaTable) -> tuple[State, int | None]:
        """Return the state that the newest commit with one carries, and the first later version with other rows.

        Without any such commit, what the rows tell.
        """
        # The ledger's commits carry none, and there are as many as runs.
        if table.version() == 0 or name.startswith("ledger."):
            return State(), None
        foreign: int | None = None
        for version, actions in self.commits(name, table.version()):
            if state := State.of(log.metadata_of(actions)):
                return state, foreign
            if log.changes_rows(actions):
                foreign = version
        derived = scan.state_of_rows(table)
        # Gold's rows tell no batch, and rows may have gone: Delta passes over a number that it has seen, in silence.
        used = self.call(name, lambda: table.transaction_version(name))
        return replace(derived, batch=max(derived.batch, used or 0)), None

    def commit_of(self, name: str, version: int) -> list[log.Action] | None:
        """Return the actions of a version of a table, None where there is no such version."""
        return log.read(self.files, self.address(name), version)

    def commits(self, name: str, newest: int) -> Iterator[tuple[int, list[log.Action]]]:
        """Yield the versions of a table with their actions from `newest` down to 1, as far as its log reaches back."""
        for version in range(newest, 0, -1):
            if (actions := self.commit_of(name, version)) is None:
                return
            yield version, actions

    def commit(
        self,
        name: str,
        after: Standing,
        added: Sequence[DataFile],
        state: State,
        *,
        removed: Sequence[DataFile] = (),
        is_change: bool = True,
    ) -> Standing:
        """Commit files that lie in a table's folder, in one commit after the one at which the table stands.

        They take the place of the `removed` ones; `is_change` says whether other rows are there then. Raises
        IntegrityError where somebody else has committed meanwhile.
        """
        if name in self._wider:
            after = self._widened(name, after)
        version, metadata = after.version + 1, state.as_json()
        app = (name, state.batch) if is_change else None
        while not log.append(self.files, self.address(name), version, added, metadata, app=app, removed=removed):
            there = State.of(log.metadata_of(self.commit_of(name, version) or ()))
            if there == state and is_change:
                break  # our own, whose answer was lost
            if removed or there is None or (there.batch, there.epoch) != (after.state.batch, after.state.epoch):
                raise IntegrityError(
                    f"Version {version} of {name} in {self.url} was written by somebody else while this job ran. Its "
                    f"own records are not in it: find out who writes to this lake, then run the job again."
                )
            version += 1  # maintenance, which changes no row
        self._checkpoint(name, version)
        if version > after.version + 1:
            return self.standing(name)
        gone = {file.path for file in removed}
        return Standing(after.id, version, state, (*(f for f in after.files if f.path not in gone), *added))

    def _widened(self, name: str, after: Standing) -> Standing:
        """Add the columns that a table was found to need; what others have committed meanwhile, the commit tells."""
        opened = self.open(name)
        if opened.version() != after.version:
            return after
        self._wider.discard(name)
        is_done = log.widen(self.files, self.address(name), opened, self.table(name), after.state.as_json())
        return replace(after, version=after.version + 1) if is_done else after

    def append(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows, given as dictionaries by column name, in one commit; for the small tables of the ledger.

        Raises ServiceError where the lake does not answer.
        """
        batch = pa.RecordBatch.from_pylist(list(rows), schema=arrow_schema(table.columns))
        address = self.address(table.name)
        added = list(data_files.write(self.files, address, table, "rows", [batch]))
        version = self.open(table.name).version() + 1
        while not log.append(self.files, address, version, added, ""):
            version += 1
        self._checkpoint(table.name, version)

    def _checkpoint(self, name: str, version: int) -> None:
        """Sum the log up now and then, so that opening stays fast."""
        if version % log.CHECKPOINT_INTERVAL == 0:
            log.sum_up(self.files, self.address(name), version)

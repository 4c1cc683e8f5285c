"""Tables as they were: one commit that lets a table hold what it held, after which the next run goes on from there.

Tables go back in the order gold, silver, bronze: what is cut off in between leaves a layer behind the one before it,
as any killed run does, never ahead of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lakehouse.errors import IntegrityError
from lakehouse.lake import data_files, log, scan
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.schemas import FILES, tables
from lakehouse.lake.state import State
from lakehouse.lake.store import Lake, Standing

Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A table that goes back to a version, which has these files; at 0 it was empty."""

    name: str
    version: int
    files: tuple[DataFile, ...] = field(compare=False)


def to_version(lake: Lake, name: str, version: int) -> list[Step]:
    """Return the steps that take a table to a version, and with bronze the silver table that was made from more of it.

    Raises IntegrityError, naming the versions there are, where the table has no such version or does not keep it, and
    for a version of silver that was made from what bronze does not hold any more or whose own files are gone.
    """
    state = _state(lake, name, version)
    steps = [_step(lake, name, version)]
    layer, _, dataset = name.partition(".")
    if layer == "bronze":
        silver, batches = f"silver.{dataset}", _batches(lake, name, version)
        before = (v for v, there in _states(lake, silver) if _is_made_of(lake, silver, v, there, batches))
        steps.insert(0, _step(lake, silver, next(before, 0)))
    elif layer == "silver" and version:
        bronze = f"bronze.{dataset}"
        if not _is_made_of(lake, name, version, state, _batches(lake, bronze)):
            raise IntegrityError(
                f"Version {version} of {name} was made from batches that {bronze} does not hold any more. Nothing was "
                f"changed. Restore {bronze} to a version that has them first."
            )
    return [step for step in steps if step.version < lake.open(step.name).version()]


def _is_made_of(lake: Lake, silver: str, version: int, state: State, bronze: set[int]) -> bool:
    """Return whether a version of silver holds just the batches of bronze up to the one that it has read."""
    read = state.source.batch if state.source else 0
    return _batches(lake, silver, version) == {batch for batch in bronze if batch <= read}


def _batches(lake: Lake, name: str, version: int | None = None) -> set[int]:
    """Return the batches of bronze of which a version of bronze or silver holds rows, the newest where none is told."""
    column = "batch" if name.startswith("bronze.") else "bronze_batch"
    found = scan.query(f"SELECT DISTINCT {column} AS batch FROM t", t=lake.open(name, version))
    return set(found["batch"].to_pylist())


def to_before(lake: Lake, moment: datetime) -> list[Step]:
    """Return the steps that take all tables but the ledger's to what they were at a moment.

    Raises IntegrityError where a table does not keep that version, or not all of its files.
    """
    layers = ("gold", "silver", "bronze")
    names = [name for layer in layers for name in tables() if name.startswith(f"{layer}.")]
    versions = {name: _newest_before(lake, name, moment) for name in names}
    return [_step(lake, name, version) for name, version in versions.items() if version < lake.open(name).version()]


def restore(lake: Lake, steps: Sequence[Step], standings: dict[str, Standing], run_id: str) -> None:
    """Take the steps, a commit each; files that bronze does not hold any more are news for the next run."""
    for step in steps:
        layer, _, dataset = step.name.partition(".")
        state = _state(lake, step.name, step.version)
        rows = _decisions(lake, dataset, step, state, run_id) if layer == "bronze" else []
        texts = tuple(row | {name: row[name].isoformat() for name in ("mtime", "seen_at")} for row in rows)
        state = replace(state, run_id=run_id, files=texts)
        standings[step.name] = _commit(lake, step.name, step.files, standings[step.name], state)
        if rows:
            lake.append(FILES, rows)


def _commit(lake: Lake, name: str, files: Sequence[DataFile], now: Standing, state: State) -> Standing:
    there, then = {file.path for file in now.files}, {file.path for file in files}
    # A batch's number is used once, and the next epoch tells those who read the table that rows went.
    following = replace(state, batch=now.state.batch + 1, epoch=now.state.epoch + 1)
    added = [file for file in files if file.path not in there]
    removed = [file for file in now.files if file.path not in then]
    return lake.commit(name, now, added, following, removed=removed)


def _step(lake: Lake, name: str, version: int) -> Step:
    """Return the step to a version whose files are all there, with all statistics that the table keeps.

    Raises IntegrityError where one of them is not there any more.
    """
    files = data_files.of_table(lake.open(name, version), _statistics(name))
    for file in files:
        if lake.files.age(f"{lake.address(name)}/{file.path}") is None:
            raise IntegrityError(
                f"Version {version} of {name} cannot be restored: its file {file.path} was deleted by "
                f"`make maintain`, which keeps 7 days. Nothing was changed. `make sql` or the catalogue's history show "
                f"which versions are younger."
            )
    return Step(name, version, files)


def _statistics(name: str) -> Sequence[str]:
    table = tables()[name]
    return table.statistics or [column.name for column in table.columns if column.name not in table.partition_by]


def _decisions(lake: Lake, dataset: str, step: Step, state: State, run_id: str) -> list[Row]:
    """Return the rows that ledger.files lacks on what bronze holds then: of files that go, and of some that come back.

    A file has a row for each name that its content came by. One without records is in no table, and stays decided.
    """
    held = scan.query(
        "SELECT DISTINCT source_id FROM t WHERE kafka_timestamp IS NULL", t=lake.open(step.name, step.version)
    )
    hashes, decided = set(held["source_id"].to_pylist()), ("landed", "duplicate", "undone")
    newest: dict[tuple[str, str], Row] = {}
    before: dict[tuple[str, str], str] = {}
    rows = scan.read(lake.open(FILES.name), where=f"dataset = '{dataset}' AND status IN {decided}").to_pylist()
    for row in sorted(rows, key=lambda row: row["seen_at"]):
        newest[row["name"], row["sha256"]] = row
        if row["status"] != "undone":
            before[row["name"], row["sha256"]] = row["status"]
    found = []
    for key, row in newest.items():
        is_held = row["sha256"] in hashes
        if row["records"] and is_held == (row["status"] == "undone"):
            status = before[key] if is_held else "undone"
            found.append(row | {"status": status, "reason": f"bronze went back to version {step.version}"})
    # What a run that was killed did not write to the ledger any more stands in the commit alone.
    killed = [row for row in state.files if (row["name"], row["sha256"]) not in newest and row["sha256"] in hashes]
    found += [{**row, "mtime": datetime.fromisoformat(row["mtime"])} for row in killed]
    return [row | {"run_id": run_id, "seen_at": datetime.now(UTC)} for row in found]


def _state(lake: Lake, name: str, version: int) -> State:
    """Return what a table stood at at a version; raises IntegrityError where it has no such version."""
    newest = lake.open(name).version()
    if not 0 <= version <= newest:
        raise IntegrityError(f"{name} has no version {version}: there are 0 to {newest}. Nothing was changed.")
    return lake.standing(name, lake.open(name, version)).state


def _states(lake: Lake, name: str) -> Iterator[tuple[int, State]]:
    """Yield the versions of a table with what it stood at, newest first, as far as the log reaches back."""
    for version in range(lake.open(name).version(), -1, -1):
        actions = lake.commit_of(name, version)
        if actions is None:
            return
        if state := State.of(log.metadata_of(actions)) or (State() if version == 0 else None):
            yield version, state


def _newest_before(lake: Lake, name: str, moment: datetime) -> int:
    """Return the newest version of a table from before a moment, by the commits' own words."""
    for version in range(lake.open(name).version(), 0, -1):
        actions = lake.commit_of(name, version)
        if actions is None:
            raise IntegrityError(f"{name} does not keep its versions of before {moment:%Y-%m-%d %H:%M:%S}.")
        stamps = [action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action]
        if stamps and datetime.fromtimestamp(stamps[0] / 1000, UTC) < moment:
            return version
    return 0

"""Tables as they were: one commit that lets a table hold what it held, after which the next run goes on from there.

Tables go back in the order gold, silver, bronze: what is cut off in between leaves a layer behind the one before it,
as any killed run does, never ahead of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lakehouse.errors import IntegrityError
from lakehouse.lake import data_files, log, losses, native, scan
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.schemas import FILES, GONE, tables
from lakehouse.lake.state import Standing, State
from lakehouse.lake.store import Lake

Row = dict[str, Any]

# Why a version is gone with its log.
_ENDED = "`make forget`, which leaves none that could hold what is forgotten, or `make maintain` ended it"


@dataclass(frozen=True)
class Step:
    """A table that goes back to a version, at which it had these files and stood at this; at 0 it was empty.

    `gone` are files of that version that are given up, for they are missing or changed.
    """

    name: str
    version: int
    files: tuple[DataFile, ...] = field(compare=False)
    state: State = field(compare=False)
    gone: tuple[DataFile, ...] = field(default=(), compare=False)


def to_version(lake: Lake, name: str, version: int) -> list[Step]:
    """Return the steps that take a table to a version, and with bronze the silver table that was made from more of it.

    Raises IntegrityError, naming the versions there are, where the table has no such version or does not keep it, and
    for a version of silver that was made from what bronze does not hold any more or whose own files are gone.
    """
    newest = lake.open(name).version()
    if not 0 <= version <= newest:
        raise IntegrityError(f"{name} has no version {version}: there are 0 to {newest}. Nothing was changed.")
    step = _step(lake, name, version)
    steps = [step]
    layer, _, dataset = name.partition(".")
    if layer == "bronze":
        silver, batches = f"silver.{dataset}", _batches(lake, name, version)
        states = ((v, State.of(log.metadata_of(a))) for v, a in lake.commits(silver, lake.open(silver).version()))
        read = ((v, state) for v, state in states if state and state.source_batch <= step.state.batch)
        before = (v for v, state in read if _is_made_of(lake, silver, v, state, batches))
        steps.insert(0, _step(lake, silver, next(before, 0)))
    elif layer == "silver" and version:
        bronze = f"bronze.{dataset}"
        if not _is_made_of(lake, name, version, step.state, _batches(lake, bronze)):
            raise IntegrityError(
                f"Version {version} of {name} was made from batches that {bronze} does not hold any more. Nothing was "
                f"changed. Restore {bronze} to a version that has them first."
            )
    back = [step for step in steps if step.version < lake.open(step.name).version()]
    # A bronze that is there as it was before, put back by other means, lacks what silver and the ledger know of.
    if layer == "bronze" and step not in back and (back or _decisions(lake, dataset, step, "")):
        back.append(step)
    return back


def _is_made_of(lake: Lake, silver: str, version: int, state: State, bronze: set[int]) -> bool:
    """Return whether a version of silver holds just the batches of bronze up to the one that it has read."""
    return _batches(lake, silver, version) == {batch for batch in bronze if batch <= state.source_batch}


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


def without_damaged(lake: Lake, dataset: str) -> list[Step]:
    """Return the steps that let bronze be without its files that are missing or changed; none where all are whole.

    Silver that holds records of them becomes empty, so that it is judged anew: others may be the first with their key.
    """
    name, silver = f"bronze.{dataset}", f"silver.{dataset}"
    whole = lake.open(name)
    files = data_files.of_table(whole, _statistics(lake, name))
    gone = tuple(file for file, _ in losses.damaged(lake, name, files))
    if not gone:
        return []
    kept = tuple(file for file in files if file not in gone)
    step = Step(name, whole.version(), kept, lake.standing(name, whole).state, gone)
    is_judged = not all(file.follows(lake.standing(silver).state.source_batch) for file in gone)
    return [*([_step(lake, silver, 0)] if is_judged else []), step]


def restore(lake: Lake, steps: Sequence[Step], standings: dict[str, Standing], run_id: str) -> None:
    """Take the steps, a commit each; files that bronze does not hold any more are news for the next run."""
    for step in steps:
        layer, _, dataset = step.name.partition(".")
        now = standings[step.name]
        rows = _decisions(lake, dataset, step, run_id) if layer == "bronze" else []
        texts = tuple(row | {name: row[name].isoformat() for name in ("mtime", "seen_at")} for row in rows)
        # Records of a topic or a table do not come in again: they were read.
        lost = step.state.lost + sum(file.rows - file.nulls.get("kafka_timestamp", 0) for file in step.gone)
        lost_rows = step.state.lost_rows + sum(file.rows - file.nulls.get("operation", file.rows) for file in step.gone)
        state = replace(step.state, run_id=run_id, files=texts, lost=lost, lost_rows=lost_rows)
        # A batch's number is used once, and the next epoch tells those who read the table that rows went.
        state = replace(state, batch=now.state.batch + 1, epoch=now.state.epoch + 1)
        there, then = {file.path for file in now.files}, {file.path for file in step.files}
        added = [file for file in step.files if file.path not in there]
        removed = [file for file in now.files if file.path not in then]
        standings[step.name] = lake.commit(step.name, now, added, state, removed=removed)
        if rows:
            lake.append(FILES, rows)


def _step(lake: Lake, name: str, version: int) -> Step:
    """Return the step to a version whose files are all there, with all statistics that the table keeps.

    Raises IntegrityError where one of them is not there any more, and where others have written that version.
    """
    if version == 0:
        return Step(name, 0, (), State())
    if lake.commit_of(name, version) is None:
        raise IntegrityError(f"{name} does not keep version {version} any more: {_ENDED}. Nothing was changed.")
    opened = lake.open(name, version)
    if (standing := lake.standing(name, opened)).foreign is not None:
        raise IntegrityError(
            f"Version {version} of {name} was written by other means than these jobs: what it stands at is not known. "
            f"Nothing was changed. Take one of before version {standing.foreign}."
        )
    files = data_files.of_table(opened, _statistics(lake, name))
    for file, _ in losses.damaged(lake, name, files):
        raise IntegrityError(
            f"Version {version} of {name} cannot be restored: its file {file.path} was deleted by `make maintain`, "
            f"which keeps 7 days, or changed by other means. Nothing was changed. The catalogue's history shows which "
            f"versions are younger."
        )
    return Step(name, version, files, standing.state)


def _statistics(lake: Lake, name: str) -> Sequence[str]:
    table = lake.table(name)
    return table.statistics or [column.name for column in table.columns if column.name not in table.partition_by]


def _decisions(lake: Lake, dataset: str, step: Step, run_id: str) -> list[Row]:
    """Return the rows that ledger.files lacks on what bronze holds then: of files that go, and of some that come back.

    A file has a row for each name that its content came by. One without records is in no table, and stays decided.
    """
    went = f"bronze went back to version {step.version}"
    address, table = lake.address(step.name), lake.table(step.name)
    hashes = lake.call(
        step.name, lambda: data_files.distinct(address, step.files, table, "source_id"), native.QUERY_SECONDS
    )
    gone = ("lost", "its data file in bronze was lost") if step.gone else ("undone", went)
    newest: dict[tuple[str, str], Row] = {}
    before: dict[tuple[str, str], str] = {}
    decided = f"dataset = '{dataset}' AND status IN {('landed', 'duplicate', *GONE)}"
    rows = scan.read(lake.open(FILES.name), where=decided).to_pylist()
    for row in sorted(rows, key=lambda row: row["seen_at"]):
        newest[row["name"], row["sha256"]] = row
        if row["status"] not in GONE:
            before[row["name"], row["sha256"]] = row["status"]
    found = []
    for key, row in newest.items():
        is_held = row["sha256"] in hashes
        if row["records"] and is_held == (row["status"] in GONE):
            status, reason = (before[key], went) if is_held else gone
            found.append(row | {"status": status, "reason": reason})
    # What a run that was killed did not write to the ledger any more stands in the commit alone.
    killed = [row for row in step.state.files if (row["name"], row["sha256"]) not in newest and row["sha256"] in hashes]
    found += [{**row, "mtime": datetime.fromisoformat(row["mtime"])} for row in killed]
    return [row | {"run_id": run_id, "seen_at": datetime.now(UTC)} for row in found]


def _newest_before(lake: Lake, name: str, moment: datetime) -> int:
    """Return the newest version of a table from before a moment, by the commits' own words."""
    newest = lake.open(name).version()
    oldest = newest + 1
    for oldest, actions in lake.commits(name, newest):
        stamps = [action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action]
        if stamps and datetime.fromtimestamp(stamps[0] / 1000, UTC) < moment:
            return oldest
    if oldest > 1:
        before = f"{moment:%Y-%m-%d %H:%M:%S}"
        raise IntegrityError(f"{name} does not keep its versions of before {before}: {_ENDED}. Nothing was changed.")
    return 0

"""Which older versions of a table can still be read, and which one was the newest at a given time."""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType

from lakehouse.errors import NoSuchRecordError
from lakehouse.lake import Lake
from lakehouse.lake.runs import ended_at
from lakehouse.lake.state import Source
from lakehouse.query.errors import QueryError
from lakehouse.query.questions import moment

# A version, or the newest one at a time, or at the end of the run with an id.
Wanted = int | datetime | str

_NAME = re.compile(r"_delta_log/(\d{20})\.(json|checkpoint(?:\..*)?parquet)")


@dataclass(frozen=True)
class Kept:
    """The versions of a table from `first` to `last`, whose commits are still in its log."""

    table: str
    files: DeltaStorageHandler
    first: int
    last: int

    def committed(self, version: int) -> datetime:
        """Return when a version was committed, in the commit's own words (file times change when a lake is copied)."""
        with self.files.open_input_file(f"_delta_log/{version:020}.json") as file:
            lines = bytes(file.readall()).splitlines()
        infos = (json.loads(line).get("commitInfo") for line in lines if b'"commitInfo"' in line)
        stamps = (info["timestamp"] for info in infos if info)
        return datetime.fromtimestamp(next(stamps, 0) / 1000, UTC)

    def at(self, wanted: int | datetime) -> int:
        """Return the version `wanted`, or the newest at that time; raises NoSuchRecordError, naming the range."""
        if isinstance(wanted, datetime):
            versions = range(self.first, self.last + 1)
            version = self.first - 1 + bisect_right(versions, wanted, key=self.committed)
            if wanted > datetime.now(UTC) or version < self.first:
                raise self.outside(self.first)
            return version
        if not self.first <= wanted <= self.last:
            raise self.outside(self.first)
        return wanted

    def outside(self, first: int) -> NoSuchRecordError:
        """Return the error for what is not kept, where `first` is the oldest version that can be read."""
        if first > self.last:
            return NoSuchRecordError(f"No version of {self.table} can be read.")
        return NoSuchRecordError(
            f"{self.table} is kept from version {first} ({iso(self.committed(first))}) "
            f"to version {self.last} ({iso(self.committed(self.last))})."
        )

    def oldest_readable(self, url: str) -> int:
        """Return the oldest version whose data files are all there; older ones were vacuumed."""
        return self.first + bisect_right(
            range(self.first, self.last + 1), 0, key=lambda version: int(self._complete(url, version))
        )

    def _complete(self, url: str, version: int) -> bool:
        actions = pa.table(DeltaTable(url, version=version).get_add_actions(flatten=True))
        infos = self.files.get_file_info([unquote(name) for name in actions["path"].to_pylist()])
        return all(info.type == FileType.File for info in infos)


def kept(lake: Lake, name: str) -> Kept:
    """Return what is kept of the table `name`; raises NotBuiltError, ServiceError and OSError.

    Opening the table comes first because a frozen NameNode or DataNode keeps it waiting without Python's global lock;
    listing a folder, opening a file, `history` and QueryBuilder hold the lock meanwhile, and with it the whole worker.
    """
    lake.open(name)
    files = DeltaStorageHandler(lake.address(name))
    found = [_NAME.search(info.path) for info in files.get_file_info_selector(FileSelector("_delta_log"))]
    commits = {int(match[1]) for match in found if match and match[2] == "json"}
    checkpoints = {int(match[1]) for match in found if match and match[2] != "json"}
    last = start = max(commits, default=-1)
    while start - 1 in commits:
        start -= 1
    if start > 0:
        # Without the commits before it, a version can only be rebuilt from a checkpoint.
        start = min((v for v in checkpoints if v >= start), default=last + 1)
    return Kept(name, files, start, last)


def as_of(lake: Lake, name: str, wanted: Wanted) -> DeltaTable:
    """Open a table as it was; raises NotBuiltError, and NoSuchRecordError naming the range that is kept."""
    moment = ended(lake, wanted) if isinstance(wanted, str) else wanted
    return lake.open(name, kept(lake, name).at(moment))


def source_of(lake: Lake, name: str, source: Source) -> DeltaTable:
    """Open the version of the table `name` that another one was computed from.

    Raises NoSuchRecordError where it is not kept.
    """
    # One that was made anew has other rows under the same version.
    is_same = source.id in ("", str(lake.open(name).metadata().id))
    try:
        if is_same:
            return DeltaTable(lake.address(name), version=source.version)
    except DeltaError as error:
        raise NoSuchRecordError(f"Version {source.version} of {name} is not kept any more.") from error
    raise NoSuchRecordError(f"{name} was made anew since: its version {source.version} is not kept any more.")


def ended(lake: Lake, run_id: str) -> datetime:
    """Return when a run ended; raises NoSuchRecordError where ledger.runs has no such run, or not its end."""
    if (at := ended_at(lake, run_id)) is None:
        raise NoSuchRecordError(f"There is no run {run_id[:40]!r} that has ended; /api/runs/ lists the newest.")
    return at


def why_gone(lake: Lake, name: str, version: int, error: Exception) -> Exception:
    """Return why a version could not be read: NoSuchRecordError where its files were vacuumed, else the error."""
    there = kept(lake, name)
    first = there.oldest_readable(lake.address(name))
    return error if first <= version else there.outside(first)


def committed_at(table: DeltaTable) -> datetime:
    """Return when the open version of a table was committed, in the commit's own words."""
    return datetime.fromtimestamp(table.history(1)[0]["timestamp"] / 1000, UTC)


def asked(given: Mapping[str, str]) -> Wanted | None:
    """Return what the parameters `as_of` and `run` ask for; raises QueryError where both are there."""
    if "as_of" in given and "run" in given:
        raise QueryError("run already names a moment; leave as_of out.")
    return parse(given["as_of"]) if "as_of" in given else given.get("run")


def parse(text: str) -> int | datetime:
    """Return a version number, or an ISO 8601 time (UTC where it names no zone); raises QueryError."""
    if text.isascii() and text.isdecimal() and len(text) <= 15:
        return int(text)
    return moment("as_of", text, "a version such as 3")


def iso(time: datetime) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Landing: the files of the inbox become counted records in Parquet, before Spark and without a JVM.

A file is read once, cut into records and written as `landing/<dataset>/<sha256>.parquet`, a row per record with
`position` (from 0), `raw` (its bytes) and `is_cut` (only the first 64 KiB were kept). Then one row of `ledger.files`
says what was decided. A file whose name, size and mtime the ledger knows is passed over without being read.
"""

import hashlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse import paths
from lakehouse.arrays import json_elements
from lakehouse.catalogue import FILES
from lakehouse.datasets import DATASETS
from lakehouse.errors import ServiceError
from lakehouse.formats import RejectedError, Shape, find_shape
from lakehouse.frames import read
from lakehouse.inbox import Known, chunks, new_files, stamp
from lakehouse.lake import append, open_table
from lakehouse.model import Dataset
from lakehouse.records import Cut, Record, Tally, csv_records, lines
from lakehouse.settings import Settings
from lakehouse.storage import storage

ROW_GROUP, ROW_GROUP_BYTES = 100_000, 64 << 20
# Below this size another process would take longer to start than the work does.
PARALLEL_BYTES = 32 << 20

LANDED = pa.schema([("position", pa.int64()), ("raw", pa.binary()), ("is_cut", pa.bool_())])

# What may be mended without a new mtime, such as a file's permissions, is tried again at each run.
_TRIED_AGAIN = "unreadable"


@dataclass
class Decision:
    """A row of ledger.files: what was decided about one file."""

    dataset: str
    name: str
    size: int
    mtime: datetime
    sha256: str | None = None
    records: int = 0
    blank: int = 0
    format: str | None = None
    header: str | None = None
    status: str = "rejected"
    reason: str | None = None


@dataclass
class Landed:
    """What one look at the inbox led to: decisions, and the names left alone with the reason."""

    decisions: list[Decision] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def land(settings: Settings, run_id: str, progress: Callable[[str], None] = lambda _: None) -> Landed:
    """Land every new file of the inbox and write the ledger, in one commit.

    Raises ServiceError where the lake does not answer or the disk for temporary files is full. A file that is refused
    is a row of the ledger, not an error.
    """
    known, unreadable, hashes = _ledger(settings.lake)
    landed = Landed()
    todo = list(new_files(settings.inbox, known, landed.ignored))
    with tempfile.TemporaryDirectory(prefix="landing-") as folder:
        for decision, parquet in _cut_all(todo, Path(folder)):
            if decision is None:
                landed.ignored.append(f"{parquet}: still being written, left for the next run")
            elif (decision.dataset, decision.name, decision.size, decision.mtime, decision.reason) not in unreadable:
                _publish(settings, decision, Path(parquet), hashes)
                landed.decisions.append(decision)
                progress(f"landed {decision.dataset}/{decision.name}")
            else:
                landed.ignored.append(f"{decision.dataset}/{decision.name}: still {decision.reason}")
    if landed.decisions:
        seen = {"run_id": run_id, "seen_at": datetime.now(UTC)}
        append(settings.lake, FILES, [asdict(d) | seen for d in landed.decisions])
    return landed


def _ledger(lake: str) -> tuple[set[Known], set[tuple[str, str, int, datetime, str]], set[tuple[str, str]]]:
    """Return the files that need not be read again, those that could not be, and the hashes that are landed."""
    columns = ["dataset", "name", "size", "mtime", "reason", "sha256", "status"]
    rows = read(open_table(lake, FILES.name), columns).to_pylist()
    unreadable = {tuple(r[c] for c in columns[:5]) for r in rows if str(r["reason"]).startswith(_TRIED_AGAIN)}
    known = {tuple(r[c] for c in columns[:4]) for r in rows if not str(r["reason"]).startswith(_TRIED_AGAIN)}
    return known, unreadable, {(r["dataset"], r["sha256"]) for r in rows if r["status"] == "landed"}


def _cut_all(todo: list[tuple[str, Path]], folder: Path) -> Iterator[tuple[Decision | None, str]]:
    """Cut files into Parquet files in a folder; a None stands for one that changed while it was read."""
    jobs = [(dataset, path, folder / f"{n}.parquet") for n, (dataset, path) in enumerate(todo)]
    try:
        if len(jobs) < 2 or sum(path.lstat().st_size for _, path, _ in jobs if path.exists()) < PARALLEL_BYTES:
            yield from itertools.starmap(cut_file, jobs)
            return
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            yield from pool.map(cut_file, *zip(*jobs, strict=True))
    except BrokenProcessPool as error:
        raise ServiceError(
            "A process that cuts files into records was ended from outside, perhaps because memory ran out. "
            "Nothing was landed; free some memory and run it again."
        ) from error


def cut_file(dataset_name: str, path: Path, parquet: Path) -> tuple[Decision | None, str]:
    """Cut one file of the inbox into a Parquet file; return the decision, and the Parquet file's path.

    Where the file changed or went away meanwhile the decision is None and the text names the file. Raises ServiceError
    where the Parquet file cannot be written.
    """
    decision = None
    try:
        before = stamp(path)
        decision = _decide(Decision(dataset_name, path.name, *before), path, parquet)
        is_unchanged = stamp(path) == before
    except FileNotFoundError:
        is_unchanged = False
    return (decision, str(parquet)) if is_unchanged else (None, f"{dataset_name}/{path.name}")


def _decide(decision: Decision, path: Path, parquet: Path) -> Decision:
    try:
        _write_records(DATASETS[decision.dataset], path, parquet, decision)
        decision.status = "landed"
    except RejectedError as error:
        decision.reason = str(error)
    except OSError as error:
        raise ServiceError(
            f"Temporary files cannot be written to {parquet.parent} ({error.strerror or error}). "
            f"Free some space there, or set TMPDIR to another folder."
        ) from error
    return decision


def _write_records(dataset: Dataset, path: Path, parquet: Path, decision: Decision) -> None:
    digest, tally = hashlib.sha256(), Tally()
    source = _hashed(chunks(path), digest)
    head = next(source, b"")
    shape = find_shape(dataset, head)
    body = itertools.chain([head[shape.skip :]], source)
    decision.records = _write_parquet(_cutter(shape, body, tally), parquet)
    decision.sha256, decision.blank = digest.hexdigest(), tally.blank + shape.blank
    decision.format, decision.header = shape.format, shape.header


def _cutter(shape: Shape, body: Iterable[bytes], tally: Tally) -> Iterator[Record]:
    if shape.is_array:
        return json_elements(body)
    return csv_records(body, tally) if shape.format == "csv" else lines(body, tally)


def _hashed(source: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in source:
        digest.update(chunk)
        yield chunk


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Yield lists of at most ROW_GROUP records and about ROW_GROUP_BYTES."""
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.kept if isinstance(record, Cut) else record)
        if len(batch) == ROW_GROUP or size > ROW_GROUP_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write_parquet(records: Iterator[Record], path: Path) -> int:
    """Write records with their positions, in row groups that Spark can read in parallel; return their number."""
    position = 0
    with pq.ParquetWriter(path, LANDED, compression="zstd", use_dictionary=False, write_statistics=False) as writer:
        for batch in _batches(records):
            is_cut = [isinstance(record, Cut) for record in batch]
            raw = [record.kept if isinstance(record, Cut) else record for record in batch] if any(is_cut) else batch
            columns = [range(position, position + len(batch)), raw, is_cut]
            arrays = [pa.array(column, kind) for column, kind in zip(columns, LANDED.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=LANDED))
            position += len(batch)
    return position


def _publish(settings: Settings, decision: Decision, parquet: Path, hashes: set[tuple[str, str]]) -> None:
    """Put a cut file into the lake unless its content is there already."""
    if decision.status != "landed" or decision.sha256 is None:
        return
    if (decision.dataset, decision.sha256) in hashes:
        decision.status, decision.reason = "duplicate", "its content is landed already"
        return
    storage(settings).upload(parquet, f"{paths.landing(settings.lake, decision.dataset)}/{decision.sha256}.parquet")
    hashes.add((decision.dataset, decision.sha256))
    parquet.unlink()

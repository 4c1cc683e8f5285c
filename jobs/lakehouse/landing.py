"""Landing: the files of the inbox become counted records in Parquet, before Spark and without a JVM.

A file is read once, cut into records and written as `landing/<dataset>/<sha256>.parquet`, a row per record with
`position` (from 0), `raw` (its bytes) and `is_cut` (only the first 64 KiB were kept). Then one row of `ledger.files`
says what was decided. A file whose name, size and mtime the ledger knows is passed over without being read.
"""

import gzip
import hashlib
import itertools
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
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
from lakehouse.formats import NAMES, RejectedError, Shape, find_shape
from lakehouse.frames import read
from lakehouse.lake import append, open_table
from lakehouse.model import Dataset
from lakehouse.records import Cut, Record, Tally, csv_records, lines
from lakehouse.settings import Settings
from lakehouse.storage import storage

CHUNK = 1 << 20
ROW_GROUP, ROW_GROUP_BYTES = 100_000, 64 << 20
MAX_RATIO, MAX_INFLATED = 100, 1 << 30
# Below this size another process would take longer to start than the work does.
PARALLEL_BYTES = 32 << 20

LANDED = pa.schema([("position", pa.int64()), ("raw", pa.binary()), ("is_cut", pa.bool_())])

Known = tuple[str, str, int, datetime]


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

    Raises ServiceError where the lake does not answer. A file that is refused is a row of the ledger, not an error.
    """
    known, hashes = _ledger(settings.lake)
    landed = Landed()
    todo = [item for dataset in DATASETS.values() for item in _new_files(settings, dataset, known, landed.ignored)]
    with tempfile.TemporaryDirectory(prefix="landing-") as folder:
        for decision, parquet in _cut_all(todo, Path(folder)):
            if decision is None:
                landed.ignored.append(f"{parquet}: still being written, left for the next run")
                continue
            _publish(settings, decision, Path(parquet), hashes)
            landed.decisions.append(decision)
            progress(f"landed {decision.dataset}/{decision.name}")
    if landed.decisions:
        seen = {"run_id": run_id, "seen_at": datetime.now(UTC)}
        append(settings.lake, FILES, [asdict(d) | seen for d in landed.decisions])
    return landed


def _ledger(lake: str) -> tuple[set[Known], set[tuple[str, str]]]:
    """Return the files that the ledger knows, and the hashes that are landed, each with its dataset."""
    rows = read(open_table(lake, FILES.name), ["dataset", "name", "size", "mtime", "sha256", "status"]).to_pylist()
    known = {(r["dataset"], r["name"], r["size"], r["mtime"]) for r in rows}
    return known, {(r["dataset"], r["sha256"]) for r in rows if r["status"] == "landed"}


def _new_files(
    settings: Settings, dataset: Dataset, known: set[Known], ignored: list[str]
) -> Iterator[tuple[str, Path]]:
    folder = settings.inbox / dataset.name
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() or not NAMES.fullmatch(path.name):
            ignored.append(
                f"{dataset.name}/{path.name}: {'a folder' if path.is_dir() else 'not a name of a data file'}"
            )
        elif (dataset.name, path.name, *_stamp(path)) not in known:
            yield dataset.name, path


def _stamp(path: Path) -> tuple[int, datetime]:
    """Return a file's size in bytes and its mtime, to the microsecond that the ledger keeps."""
    stat = path.lstat()
    return stat.st_size, datetime.fromtimestamp(stat.st_mtime_ns // 1000 / 1_000_000, UTC)


def _cut_all(todo: list[tuple[str, Path]], folder: Path) -> Iterator[tuple[Decision | None, str]]:
    """Cut files into Parquet files in a folder; a None stands for one that changed while it was read."""
    jobs = [(dataset, path, folder / f"{n}.parquet") for n, (dataset, path) in enumerate(todo)]
    if len(jobs) < 2 or sum(path.lstat().st_size for _, path, _ in jobs) < PARALLEL_BYTES:
        yield from itertools.starmap(cut_file, jobs)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from pool.map(cut_file, *zip(*jobs, strict=True))


def cut_file(dataset_name: str, path: Path, parquet: Path) -> tuple[Decision | None, str]:
    """Cut one file of the inbox into a Parquet file; return the decision, and the Parquet file's path.

    Where the file changed meanwhile the decision is None and the text names the file.
    """
    before = _stamp(path)
    decision = Decision(dataset_name, path.name, *before)
    try:
        _write_records(DATASETS[dataset_name], path, parquet, decision)
        decision.status = "landed"
    except RejectedError as error:
        decision.reason = str(error)
    except OSError as error:
        decision.reason = f"unreadable: {error.strerror or error}"
    if _stamp(path) != before:
        return None, f"{dataset_name}/{path.name}"
    return decision, str(parquet)


def _write_records(dataset: Dataset, path: Path, parquet: Path, decision: Decision) -> None:
    if path.is_symlink():
        raise RejectedError("link", "a link may lead out of the inbox; put the file itself there")
    digest, tally = hashlib.sha256(), Tally()
    chunks = _hashed(_chunks(path), digest)
    head = next(chunks, b"")
    shape = find_shape(dataset, head)
    body = itertools.chain([head[shape.skip :]], chunks)
    decision.records = _write_parquet(_cutter(shape, body, tally), parquet)
    decision.sha256, decision.blank = digest.hexdigest(), tally.blank
    decision.format, decision.header = shape.format, shape.header


def _cutter(shape: Shape, body: Iterable[bytes], tally: Tally) -> Iterator[Record]:
    if shape.is_array:
        return json_elements(body)
    return csv_records(body, tally) if shape.format == "csv" else lines(body, tally)


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, uncompressed where its name ends in .gz; raise RejectedError where they are not."""
    is_named_gzip = path.name.lower().endswith(".gz")
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if is_named_gzip and not is_gzip and path.stat().st_size:
            raise RejectedError("not_gzip", "the name ends in .gz, the content is not gzip")
        if is_gzip and not is_named_gzip:
            raise RejectedError("gzip_name", "the content is gzip, the name does not end in .gz")
        if not is_gzip:
            yield from iter(lambda: file.read(CHUNK), b"")
            return
        size = inflated = 0
        with gzip.GzipFile(fileobj=file) as stream:
            try:
                while chunk := stream.read(CHUNK):
                    size, inflated = file.tell(), inflated + len(chunk)
                    if inflated > MAX_INFLATED and inflated > MAX_RATIO * size:
                        raise RejectedError("ratio", f"it grows more than {MAX_RATIO}-fold and over 1 GiB")
                    yield chunk
            except EOFError:
                raise RejectedError("truncated", "the gzip data ends early") from None
            except (gzip.BadGzipFile, zlib.error) as error:
                raise RejectedError("truncated", f"the gzip data is damaged ({error})") from None


def _hashed(chunks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
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

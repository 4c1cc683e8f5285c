"""The work on single files of the inbox, which goes on in this process, in others beside it, or in tasks of Spark."""

import tempfile
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lakehouse.errors import ServiceError
from lakehouse.lake import data_files
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.files import room
from lakehouse.lake.store import Lake
from lakehouse.landing import cut_file
from lakehouse.landing.cut_file import Decision, Task, hash_file
from lakehouse.landing.inbox import File, stamp
from lakehouse.landing.sniff import RejectedError

# Below this size another process would take longer to start than the work does.
PARALLEL_BYTES = 32 << 20

# How work is spread over several items: called with both, it returns the results in order.
Spread = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]


@dataclass(frozen=True)
class Cut:
    """A file that was cut: its task, what was decided, and the Parquet file with its records in bronze's folder.

    There is no Parquet file where there are no records. One that is not committed is seen by nobody.
    """

    task: Task
    decision: Decision
    file: DataFile | None


def look(item: tuple[str, File]) -> tuple[Decision, File] | None:
    """Return what is known of a dataset's file before it is cut: size, mtime and hash, or why it is refused.

    None where it has gone.
    """
    dataset, path = item
    try:
        decision = Decision(dataset, path.name, *stamp(path))
        decision.sha256 = hash_file(path)
    except RejectedError as error:
        decision.reason = str(error)
    except FileNotFoundError:
        return None
    return decision, path


def bring(item: tuple[Task, Decision, Lake]) -> Cut:
    """Cut a file and put its records as a Parquet file into the folder of its bronze table.

    The Parquet file has a name of its own: what was stopped in the middle, and goes on after the same file was cut
    again, writes over nothing. Raises ServiceError where the lake does not answer or the disk is full.
    """
    task, decision, lake = item
    with room(), tempfile.TemporaryDirectory(prefix="lakehouse-landing-") as folder:
        parquet = Path(folder, "rows.parquet")
        decision = cut_file.cut_file(task, decision, parquet)
        if not decision.records:
            return Cut(task, decision, None)
        name = f"{data_files.prefix(task.batch)}-{task.sha256}-{uuid.uuid4().hex[:8]}.parquet"
        table, footer = lake.table(f"bronze.{task.dataset}"), pq.read_metadata(parquet)
        lake.files.upload(parquet, f"{lake.address(table.name)}/{name}")
        return Cut(task, decision, DataFile.of_footer(name, parquet.stat().st_size, footer, table))


def look_here(items: Sequence[tuple[str, File]]) -> list[tuple[Decision, File] | None]:
    """Look at files in this process."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(look, items))


def bring_here(items: Sequence[tuple[Task, Decision, Lake]]) -> list[Cut]:
    """Cut files on this machine, side by side where that is worth other processes."""
    if len(items) < 2 or sum(decision.size for _, decision, _ in items) < PARALLEL_BYTES:
        return list(map(bring, items))
    try:
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            return list(pool.map(bring, items))
    except BrokenProcessPool as error:
        raise ServiceError(
            "A process that cuts files into records was ended from outside, perhaps because memory ran out. "
            "Nothing was landed; free some memory and run it again."
        ) from error

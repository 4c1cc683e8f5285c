"""A dataset's simulated records as one file of the inbox."""

import filecmp
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from lakehouse.errors import LakehouseError
from lakehouse.lake.files_hdfs import HdfsStorage
from producers.encode import encoder
from producers.generators import DATASETS

SUFFIXES = {"csv": ".csv", "log": ".log", "array": ".json", "lines": ".jsonl"}


class OutputError(LakehouseError):
    """Raised when a simulated file cannot be written."""


@dataclass(frozen=True)
class Written:
    """A file of the inbox with the number of its records, good and broken; not `is_new` where it was there before.

    `path` is where it was written on this machine, `where` its place in the inbox.
    """

    path: Path
    rows: int
    broken: int
    is_new: bool
    where: str


def file_name(dataset: str, rows: int, seed: int, errors: float, layout: str) -> str:
    """Return a name that tells all that the content depends on, so that no two contents share one."""
    share = f"-errors{errors:g}" if errors else ""
    return f"{dataset}-{layout}-seed{seed}-rows{rows}{share}{SUFFIXES[DATASETS[dataset].file_formats[layout]]}"


def write(out: Path, dataset: str, rows: int, seed: int, errors: float = 0.0, layout: str = "full") -> Written:
    """Write a dataset's first `rows` records to `<out>/<dataset>/` and return what was written.

    The file appears under its name only when it is complete; one that is there already with the same bytes is left
    as it is, so that landing knows it. Raises OutputError where the folder cannot be written to.
    """
    path = out / dataset / file_name(dataset, rows, seed, errors, layout)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = _replace(path, _chunks(dataset, rows, seed, errors, layout))
    except OSError as e:
        raise OutputError(f"{path} cannot be written: {e.strerror}. Choose another folder with --out.") from e
    return Written(path, rows, DATASETS[dataset].broken(seed, 0, rows, errors), is_new, str(path))


def send(url: str, webhdfs: str, dataset: str, rows: int, seed: int, errors: float, layout: str) -> Written:
    """Write as `write` does, but to an inbox on HDFS at `url`; raises ServiceError where HDFS does not take it."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-simulate-") as folder:
        written = write(Path(folder), dataset, rows, seed, errors, layout)
        target = f"{url}/{dataset}/{written.path.name}"
        # The name tells the content: one that is there already has it.
        is_new = HdfsStorage([url], webhdfs).create(target, written.path.read_bytes())
    return replace(written, where=target, is_new=is_new)


def _replace(path: Path, chunks: Iterable[bytes]) -> bool:
    """Give a file this content in one step, and return False where it has it already."""
    part = path.with_name(f".{path.name}")
    try:
        with part.open("wb") as file:
            file.writelines(chunks)
        is_new = not (path.is_file() and filecmp.cmp(part, path, shallow=False))
        if is_new:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return is_new


def _chunks(dataset: str, rows: int, seed: int, errors: float, layout: str) -> Iterator[bytes]:
    generator = DATASETS[dataset]
    target, columns = generator.file_formats[layout], generator.columns(layout)
    encode = encoder(target, columns)
    items = generator.items(seed, 0, rows, errors, target, layout)
    shown = tqdm(items, total=rows, desc=dataset, unit=" records", leave=False, disable=None)
    encoded = (encode(item) or b"" for item in shown)
    if target == "array":
        yield from _array(encoded)
        return
    if target == "csv":
        yield ",".join(columns).encode() + b"\n"
    for raw in encoded:
        yield raw + b"\n"


def _array(elements: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, raw in enumerate(elements):
        yield (b",\n" if number else b"\n") + raw
    yield b"\n]\n"

"""The files of the inbox: which of them are new, and their bytes, uncompressed."""

import gzip
import stat
import zlib
from collections.abc import Container, Iterator
from datetime import UTC, datetime, timedelta
from os import stat_result
from pathlib import Path

from lakehouse.datasets import DATASETS
from lakehouse.errors import ServiceError
from lakehouse.lake.hdfs_path import HdfsPath, Status
from lakehouse.landing.sniff import NAMES, RejectedError, printable
from lakehouse.settings import Settings

# A file or folder of the inbox, which lies on this machine or on HDFS.
File = Path | HdfsPath

CHUNK = 1 << 20
MAX_RATIO, MAX_INFLATED = 100, 1 << 30

# Dataset, name, size in bytes and mtime: what tells that a file was seen before without reading it.
Known = tuple[str, str, int, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A file system may keep times that Python's datetime has no year for.
_EARLIEST, _LATEST = -(10**16), 2 * 10**17


def inbox_of(settings: Settings) -> File:
    """Return the folder of the settings' inbox."""
    folder = settings.inbox
    return HdfsPath(folder, settings.webhdfs) if isinstance(folder, str) else folder


def stamp(path: File) -> tuple[int, datetime]:
    """Return a file's size in bytes and its mtime, to the microsecond that the ledger keeps; a link's own."""
    return _stamp(path.lstat())


def _stamp(found: stat_result | Status) -> tuple[int, datetime]:
    micros = min(max(found.st_mtime_ns // 1000, _EARLIEST), _LATEST)
    return found.st_size, _EPOCH + timedelta(microseconds=micros)


def new_files(inbox: File, known: Container[Known], ignored: list[str]) -> Iterator[tuple[str, File]]:
    """Yield dataset and path of the inbox's data files that are not `known`; say in `ignored` what is left alone.

    Raises ServiceError for a folder that cannot be looked into.
    """
    if not inbox.is_dir():
        ignored.append(f"the inbox: {inbox} is no folder (LAKEHOUSE_INBOX)")
        return
    for folder in _in_order(inbox):
        if folder.name in DATASETS and folder.is_dir():
            yield from _in_folder(folder, known, ignored)
        elif not folder.name.startswith("."):
            ignored.append(f"{printable(folder.name)}: not a folder of one of the datasets {', '.join(DATASETS)}")


def _in_order(folder: File) -> list[File]:
    try:
        return sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise ServiceError(
            f"The folder {folder} of the inbox cannot be looked into ({error.strerror}). Let this user read it, or set "
            "LAKEHOUSE_INBOX to another folder."
        ) from error


def _in_folder(folder: File, known: Container[Known], ignored: list[str]) -> Iterator[tuple[str, File]]:
    for path in _in_order(folder):
        try:
            # A listing of HDFS says how each file stands; to ask for each would take a call a file.
            found = path.lstat() if isinstance(path, Path) else path.listed or path.lstat()
            why, seen = _why_ignored(path, found.st_mode), (folder.name, path.name, *_stamp(found))
        except OSError as error:
            why = f"cannot be looked at ({error.strerror}), left for the next run"
        if why:
            ignored.append(f"{folder.name}/{printable(path.name)}: {why}")
        elif seen not in known:
            yield folder.name, path


def _why_ignored(path: File, mode: int) -> str:
    if path.is_dir():
        return "a folder"
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        return "not a file"
    return "" if NAMES.fullmatch(path.name) and path.name.isprintable() else "not a name of a data file"


def chunks(path: File) -> Iterator[bytes]:
    """Yield a file's bytes, uncompressed where its name ends in .gz.

    Raises RejectedError with one of the reasons link, unreadable, not_gzip, gzip_name, truncated, ratio.
    """
    if path.is_symlink():
        raise RejectedError("link", "a link may lead out of the inbox; put the file itself there")
    try:
        yield from _read(path)
    except EOFError:
        raise RejectedError("truncated", "the gzip data ends early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise RejectedError("truncated", f"the gzip data is damaged ({error})") from None
    except OSError as error:
        raise RejectedError("unreadable", error.strerror or str(error)) from None


def _read(path: File) -> Iterator[bytes]:
    is_named_gzip = path.name.lower().endswith(".gz")
    with path.open("rb") as file:
        beginning = file.peek(2)
        is_gzip = beginning.startswith(b"\x1f\x8b")
        if is_named_gzip and not is_gzip and beginning:
            raise RejectedError("not_gzip", "the name ends in .gz, the content is not gzip")
        if is_gzip and not is_named_gzip:
            raise RejectedError("gzip_name", "the content is gzip, the name does not end in .gz")
        if not is_gzip:
            yield from iter(lambda: file.read(CHUNK), b"")
            return
        inflated = 0
        with gzip.GzipFile(fileobj=file) as stream:
            while chunk := stream.read(CHUNK):
                inflated += len(chunk)
                if inflated > MAX_INFLATED and inflated > MAX_RATIO * file.tell():
                    raise RejectedError("ratio", f"it grows more than {MAX_RATIO}-fold and over {MAX_INFLATED:,} bytes")
                yield chunk

"""One writer per lake: a lock that names who holds it and that a killed holder does not keep."""

import fcntl
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from lakehouse.errors import LockedError, ServiceError
from lakehouse.lake.files import Storage, room
from lakehouse.lake.store import Lake

# Seconds that a writer has to fill its lock file: an older one that says nothing was left by a service that died.
_WRITING = 60


@contextmanager
def writer_lock(lake: Lake, job: str) -> Iterator[None]:
    """Hold the lake's writer lock, a file `_writer.json` in its root; raise LockedError naming the one who has it.

    The file holds host, process id and the process's start time, so that a later job on the same host sees that its
    holder is gone. On another host nobody can see that: the message says which file to delete then.
    """
    files, url = lake.files, f"{lake.url}/_writer.json"
    process = psutil.Process()
    me = {"job": job, "host": platform.node(), "pid": process.pid, "started": process.create_time()}
    with _local_lock(lake.url):
        _take(files, url, me)
    try:
        yield
    except BaseException:
        # What ended the job matters more than a lock that cannot be given back: the next job sees that it is stale.
        with suppress(ServiceError):
            _give_back(files, url, me)
        raise
    _give_back(files, url, me)


@contextmanager
def _local_lock(lake: str) -> Iterator[None]:
    """Let one process of this user and host at a time look at the lock file and take it over."""
    name = f"lakehouse-{os.getuid()}-{hashlib.sha256(lake.encode()).hexdigest()[:16]}.lock"
    with room(), (Path(tempfile.gettempdir()) / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _give_back(files: Storage, url: str, me: dict[str, object]) -> None:
    """Delete the lock file unless it is another job's, made after ours was deleted by hand."""
    if _holder(files, url) == me:
        files.delete(url)


def _holder(files: Storage, url: str) -> dict[str, object]:
    """Return what the lock file says; nothing where it is gone, cannot be read, or says nothing."""
    try:
        found = json.loads(files.read(url) or b"{}")
    except (ValueError, ServiceError):
        return {}
    return found if isinstance(found, dict) else {}


def _take(files: Storage, url: str, me: dict[str, object]) -> None:
    content = json.dumps(me).encode()
    if files.create(url, content):
        return
    holder = _holder(files, url)
    is_ended = holder.get("host") == me["host"] and not _is_running(holder)
    is_damaged = "host" not in holder and (files.age(url) or 0) > _WRITING
    if is_ended or is_damaged:
        files.delete(url)
        if files.create(url, content):
            return
    raise LockedError(
        f"Another job is writing to this lake: {holder.get('job', 'one that has just started')} "
        f"(process {holder.get('pid', '?')} on {holder.get('host', '?')}). Wait for its end, or stop it; "
        f"if that machine is gone for good, delete {url}."
    )


def _is_running(holder: dict[str, object]) -> bool:
    try:
        process = psutil.Process(int(str(holder["pid"])))
        is_same = abs(process.create_time() - float(str(holder["started"]))) < 1
        # A zombie has ended, only nobody has asked for its exit code yet.
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, KeyError, ValueError):
        return False

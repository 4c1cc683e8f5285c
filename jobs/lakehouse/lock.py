"""One writer per lake: a lock that names who holds it and that a killed holder does not keep."""

import fcntl
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from lakehouse.errors import LockedError
from lakehouse.settings import Settings
from lakehouse.storage import Storage, storage


@contextmanager
def writer_lock(settings: Settings, job: str) -> Iterator[None]:
    """Hold the lake's writer lock, a file `_writer.json` in its root; raise LockedError naming the one who has it.

    The file holds host, process id and the process's start time, so that a later job on the same host sees that its
    holder is gone. On another host nobody can see that: the message says which file to delete then.
    """
    files, url = storage(settings), f"{settings.lake}/_writer.json"
    process = psutil.Process()
    me = {"job": job, "host": platform.node(), "pid": process.pid, "started": process.create_time()}
    with _local_lock(settings.lake):
        _take(files, url, me)
    try:
        yield
    finally:
        files.delete(url)


@contextmanager
def _local_lock(lake: str) -> Iterator[None]:
    """Let one process of this user and host at a time look at the lock file and take it over."""
    name = f"lakehouse-{os.getuid()}-{hashlib.sha256(lake.encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _take(files: Storage, url: str, me: dict[str, object]) -> None:
    content = json.dumps(me).encode()
    if files.create(url, content):
        return
    holder = json.loads(files.read(url) or b"{}")
    if holder.get("host") == me["host"] and not _is_running(holder):
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
        return abs(process.create_time() - float(str(holder["started"]))) < 1
    except (psutil.NoSuchProcess, KeyError, ValueError):
        return False

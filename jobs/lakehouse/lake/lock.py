"""One writer per lake: a lock that names who holds it, and a lease that a holder which is gone does not renew.

The lock is a chain of files in `_writer/`, numbered from 1. The one with the highest number says who writes to the
lake, or that nobody does. Whoever takes the lock, and whoever gives it back, makes the next file, which only one can: a
file is made once. Each is deleted by who made a later one, and the highest never is, so that a number that was used is
found used. Beside its file a holder writes another one, the beat, every RENEW seconds.

A holder that was stopped, and goes on after it was taken over, changes nothing any more: before each change of the
lake it asks, where it has not renewed its lease in time, whether there is a file after its own. What it was in the
middle of is harmless: a data file has a name of its own and is in no commit, and a commit is a file that is made once
too, either the next version of what the holder had read, or refused.
"""

import fcntl
import hashlib
import json
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lakehouse.errors import LockedError, ServiceError
from lakehouse.lake.files import Storage, room
from lakehouse.lake.store import Lake

# Seconds after which a lease that was not renewed has ended, and between two renewals.
LEASE, RENEW = 60.0, 10.0

Holder = dict[str, object]


@contextmanager
def writer_lock(lake: Lake, job: str) -> Iterator[None]:
    """Hold the lake's writer lock; raise LockedError naming the one who has it.

    One whose process is gone from this host is taken over at once. So is one on another host, or in a container, when
    its lease has ended and it has not been renewed for another two renewals: clocks of two hosts differ, and a lake
    that was away for a while lets nobody renew.
    """
    lease = Lease(lake.files, f"{lake.url}/_writer", _me(job))
    with _local_lock(lake.url):
        lease.take()
    lease.begin()
    try:
        yield
    finally:
        lease.end()


def holder(lake: Lake) -> Holder | None:
    """Return who has the lake's lock, whether or not it is still there; None where nobody has."""
    lease = Lease(lake.files, f"{lake.url}/_writer", _me(""))
    found = lease.holder(max(lease.numbers(), default=0))
    return None if not found or found.get("free") else found


def is_gone(holder: Holder) -> bool:
    """Tell whether a holder's process was on this host and has ended."""
    me = _me("")
    return all(holder.get(name) == me[name] for name in ("host", "processes")) and not _is_running(holder)


def named(holder: Holder, unknown: str = "?", more: str = "") -> str:
    """Return a holder in words: its job, or what `unknown` says instead, and its process and host."""
    return f"{holder.get('job', unknown)} (process {holder.get('pid', '?')} on {holder.get('host', '?')}{more})"


def _me(job: str) -> Holder:
    process = psutil.Process()
    return {
        "job": job, "host": platform.node(), "processes": _processes(), "pid": process.pid,
        "started": process.create_time(),
    }  # fmt: skip


def _processes() -> str:
    """Return what tells the processes that can be seen here from those of a container with the same host name."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


@contextmanager
def _local_lock(lake: str) -> Iterator[None]:
    """Let one process of this user and host at a time look at the lock and take it over."""
    name = f"lakehouse-{os.getuid()}-{hashlib.sha256(lake.encode()).hexdigest()[:16]}.lock"
    with room(), (Path(tempfile.gettempdir()) / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _clock() -> float:
    """Return seconds that go on while the machine sleeps, where it can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()


@dataclass
class Lease:
    """The lock of a lake as one process takes, renews and gives it back; `number` is that of its file in `folder`."""

    files: Storage
    folder: str
    me: Holder
    number: int = 0
    _renewed: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def _file(self, number: int) -> str:
        return f"{self.folder}/{number:010}.json"

    def _beat(self, number: int) -> str:
        return f"{self.folder}/{number:010}.beat"

    def numbers(self) -> list[int]:
        """Return the numbers of the lock's files, in their order."""
        names = self.files.list(self.folder)
        return sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdigit())

    def take(self) -> None:
        """Take the lock; raise LockedError naming the one who has it."""
        highest = max(self.numbers(), default=0)
        if highest and not self._is_free(highest):
            raise self._held(highest)
        self.number, self._renewed = highest + 1, _clock()
        made = self.files.create(self._file(self.number), json.dumps(self.me).encode())
        numbers = self.numbers()
        # Who looked long ago may have made a file that was used and deleted meanwhile; the highest one is the lock.
        if not made or max(numbers, default=0) != self.number:
            if made:
                self.files.delete(self._file(self.number))
            raise self._held(max(numbers, default=self.number))
        self._tidy(numbers)

    def _tidy(self, numbers: list[int]) -> None:
        for number in numbers:
            if number < self.number:
                self.files.delete(self._file(number))
                self.files.delete(self._beat(number))

    def holder(self, number: int) -> Holder:
        """Return what a file says; nothing where it is gone, cannot be read, or says nothing."""
        try:
            found = json.loads(self.files.read(self._file(number)) or b"{}")
        except (ValueError, ServiceError):
            return {}
        return found if isinstance(found, dict) else {}

    def _is_free(self, number: int) -> bool:
        holder = self.holder(number)
        return bool(holder.get("free")) or is_gone(holder) or self._is_over(number)

    def _is_over(self, number: int) -> bool:
        """Return whether a lease has ended, and is not renewed while one looks on."""
        age = self._age(number)
        if age is None or age < LEASE:
            return False
        before = self._renewal(number)
        time.sleep(2 * RENEW)
        return self._renewal(number) == before

    def _age(self, number: int) -> float | None:
        age = self.files.age(self._beat(number))
        return self.files.age(self._file(number)) if age is None else age

    def _renewal(self, number: int) -> bytes | None:
        with suppress(ServiceError):
            return self.files.read(self._beat(number))
        return None

    def _held(self, number: int) -> LockedError:
        holder, age = self.holder(number), self._age(number)
        told = "" if age is None else f", heard of {max(age, 0):.0f} s ago"
        return LockedError(
            f"Another job is writing to this lake: {named(holder, 'one that has just started', told)}. Wait for its "
            f"end, or stop it; if that machine is gone, the lock is free {LEASE:g} s after it was heard of last."
        )

    def begin(self) -> None:
        """Renew the lease until its end, and let every change of the lake ask first whether it is still held."""
        self.files.guard = self.check
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def _renew(self) -> None:
        count = 0
        while not self._ended.wait(RENEW):
            count += 1
            with suppress(ServiceError, LockedError):
                began = _clock()
                self._require()
                self.files.replace(self._beat(self.number), str(count).encode())
                self._renewed = began

    def check(self) -> None:
        """Raise LockedError where another one has taken the lock over; asked of the lake only after a late renewal."""
        if _clock() - self._renewed > LEASE / 2:
            self._require()

    def _require(self) -> None:
        numbers = self.numbers()
        if (highest := max(numbers, default=0)) == self.number:
            return
        other = named(self.holder(highest), "another one")
        raise LockedError(
            f"This job did not renew its lock on the lake for {LEASE:g} s, and {other} took it over. Nothing more is "
            f"written; run this job again when that one has ended."
        )

    def end(self) -> None:
        """Give the lock back, unless it is another job's by now.

        What ended the job matters more than a lock that cannot be given back: the next job sees that it is stale.
        """
        self._ended.set()
        self.files.guard = lambda: None
        with suppress(ServiceError):
            if self.files.create(self._file(self.number + 1), b'{"free": true}'):
                self.files.delete(self._file(self.number))
                self.files.delete(self._beat(self.number))


def _is_running(holder: Holder) -> bool:
    try:
        process = psutil.Process(int(str(holder["pid"])))
        is_same = abs(process.create_time() - float(str(holder["started"]))) < 1
        # A zombie has ended, only nobody has asked for its exit code yet.
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, KeyError, ValueError):
        return False

"""What keeps the demo from running on this machine, each with its remedy: `make doctor`.

By the standard library alone, so that it runs before `make setup`; what it cannot look at yet, it says. It changes
nothing.
"""

from __future__ import annotations  # an old Python is to be told, not to fail here

import contextlib
import importlib.util
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse.settings import Settings

# How a finding is told; the last one ends the command with 1.
OK, NOTE, LATER, STOP = "ok", "note", "later", "STOP"
PYTHON = (3, 11)
GIB = 1024**3
# Bytes of memory under which the demo does not run, and of free memory under which it is slow or killed.
MEMORY, FREE_MEMORY = int(3.5 * GIB), int(2.5 * GIB)
# Bytes of disk for the state of the services, for packages and jars before they are there, and for temporary files.
DISK, PACKAGES, TEMPORARY = 2 * GIB, 3 * GIB, GIB // 2
# Seconds by which a file may be younger than now.
SKEW = 120.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, its name, and what it is with the remedy."""

    state: str
    name: str
    says: str


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Tell whether Python is new enough and can make .venv."""
    text = ".".join(map(str, version))
    if version < PYTHON:
        remedy = "Install 3.11 or newer and run `make setup PYTHON=python3.12`."
        return Finding(STOP, "Python", f"{text} is too old. {remedy}")
    if not (ROOT / ".venv").exists() and not importlib.util.find_spec("ensurepip"):
        return Finding(STOP, "Python", f"{text} has no venv. Install it (Debian: apt-get install python3-venv).")
    return Finding(OK, "Python", text)


def java() -> Finding:
    """Tell which Java will be taken; where there is none, `make setup` unpacks one."""
    from docker.native.java import java_home, version
    from lakehouse.errors import ServiceError

    try:
        home = java_home(os.environ)
    except ServiceError as error:
        return Finding(STOP, "Java", str(error))
    if home is None:
        return Finding(LATER, "Java", "none of the machine is new enough; `make setup` unpacks one into build/java.")
    return Finding(OK, "Java", f"{version(home / 'bin' / 'java')} at {home}")


def memory(proc: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup/memory.max")) -> Finding:
    """Tell whether there is memory enough, by the machine's and by the limit of the control group."""
    if not proc.exists():
        return Finding(LATER, "memory", "this system does not tell how much it has; 4 GB are needed.")
    numbers = {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+): +(\d+) kB", proc.read_text(), re.MULTILINE)}
    total, free = numbers["MemTotal"], numbers["MemAvailable"]
    if group.exists() and (limit := group.read_text().strip()).isdigit():
        total, free = min(total, int(limit)), min(free, int(limit))
    text = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if total < MEMORY:
        remedy = "Take a larger machine, or raise its limit."
        return Finding(STOP, "memory", f"{text}, {MEMORY / GIB:.1f} are needed. {remedy}")
    if free < FREE_MEMORY:
        remedy = "End other programs first."
        return Finding(NOTE, "memory", f"{text}; under {FREE_MEMORY / GIB:.1f} it may be slow. {remedy}")
    return Finding(OK, "memory", text)


def disk(name: str, folder: Path, needed: int, setting: str) -> Finding:
    """Tell whether the disk of a folder, which need not be there yet, has `needed` bytes free."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f"{free / GIB:.1f} GiB are free on the disk of {folder}"
    if free < needed:
        remedy = f"Free some, or set {setting} to a folder on another disk."
        return Finding(STOP, name, f"{text}, {needed / GIB:.1f} GiB are needed. {remedy}")
    return Finding(OK, name, text)


def clock(newest: float, now: float) -> Finding:
    """Tell whether the clock is behind files that are there: tokens, leases and kept versions count by it."""
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if now + SKEW < newest:
        return Finding(STOP, "clock", f"it says {when}, and files here are younger. Set it, by NTP or `date -s`.")
    return Finding(OK, "clock", when)


def ports(numbers: dict[str, int], own: bool) -> Iterator[Finding]:
    """Yield each port that another program has; those of this stack's own services are theirs."""
    try:
        if not socket.gethostbyname("localhost").startswith("127."):
            yield Finding(STOP, "ports", "localhost is not 127.0.0.1. Add `127.0.0.1 localhost` to /etc/hosts.")
    except OSError:
        yield Finding(STOP, "ports", "localhost has no address. Add `127.0.0.1 localhost` to /etc/hosts.")
    if own:
        yield Finding(OK, "ports", "this stack runs, on ports of its own")
        return
    taken = [name for name, number in numbers.items() if not _is_free(number)]
    for name in taken:
        remedy = f"Stop that process, or set {name} to a free port in the environment or in its file of conf/."
        yield Finding(STOP, "ports", f"{name}={numbers[name]} is taken{_holder(numbers[name])}. {remedy}")
    if not taken:
        yield Finding(OK, "ports", ", ".join(map(str, numbers.values())))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    """Return who listens on a port, such as ` by java (process 123)`; empty where the system or no package tells."""
    try:
        import psutil
    except ImportError:
        return ""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def is_running(home: Path) -> bool:
    """Tell whether the supervisor of a stack runs, by its pid file and what that process is."""
    try:
        pid = int((home / "run" / "supervisord.pid").read_text())
        return b"supervisord" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False


def state(home: Path) -> Iterator[Finding]:
    """Yield what an earlier run has left in STACK_HOME that stands in the way, or will be put right."""
    parent = next(folder for folder in (home, *home.parents) if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        yield Finding(STOP, "state", f"{home} cannot be written to. Set STACK_HOME to another folder.")
    elif (home / "run" / "supervisord.pid").exists() and not is_running(home):
        yield Finding(NOTE, "state", f"the services in {home} were killed; `make up` or `make down` ends what is left.")
    else:
        yield Finding(OK, "state", f"nothing stale in {home}")


def packages(settings: Settings) -> Iterator[Finding]:
    """Yield whether packages and jars are there, and with them whose profile runs and who writes to the lake."""
    if not (ROOT / "build" / "jars" / ".verified").exists():
        yield Finding(LATER, "jars", "not there yet; `make demo` fetches them.")
    try:
        from docker.native import daemons
        from docker.native.layout import Stack
        from lakehouse import clients
        from lakehouse.lake import Lake, lock
    except ImportError:
        later = "not there yet, `make demo` installs them; profile and lock were not looked at."
        yield Finding(LATER, "packages", later)
        return
    from lakehouse.errors import LakehouseError

    yield Finding(OK, "packages", "there")
    try:
        daemons.check_profile(Stack(settings))
    except LakehouseError as error:
        yield Finding(STOP, "profile", str(error))
        return
    if not settings.lake.startswith("file:") and not is_running(settings.stack_home):
        yield Finding(LATER, "lock", "the lake's store does not run here; its lock was not looked at.")
        return
    try:
        clients.prepare(settings, settings.hdfs_reader)
        holder = lock.holder(Lake.of(settings))
    except LakehouseError as error:
        yield Finding(NOTE, "lock", str(error))
        return
    if holder is None:
        yield Finding(OK, "lock", "nobody writes to the lake")
    elif lock.is_gone(holder):
        yield Finding(NOTE, "lock", f"left by {lock.named(holder)}, which is gone; the next job takes it over.")
    else:
        yield Finding(NOTE, "lock", f"{lock.named(holder)} writes to the lake; other jobs wait for its end.")


def look() -> Iterator[Finding]:
    """Yield all findings; after a Python that is too old, and settings that cannot be used, nothing more."""
    first = python()
    yield first
    if first.state == STOP:
        return
    from lakehouse.errors import SettingError
    from lakehouse.settings import load

    try:
        settings = load()
    except SettingError as error:
        yield Finding(STOP, "settings", str(error))
        return
    home = settings.stack_home
    is_new = not (ROOT / ".venv" / ".runtime").exists()
    yield java()
    yield memory()
    yield disk("disk", home, DISK + (PACKAGES if is_new else 0), "STACK_HOME")
    yield disk("temporary", Path(tempfile.gettempdir()), TEMPORARY, "TMPDIR")
    files = (path for path in (ROOT / "setup.cfg", home / "logs", home) if path.exists())
    yield clock(max(path.stat().st_mtime for path in files), time.time())
    yield from ports(dict(settings.ports), is_running(home))
    yield from state(home)
    yield from packages(settings)


def main() -> int:
    """Print the findings, and return 1 where one of them stops the demo."""
    is_well = True
    for finding in look():
        sys.stdout.write(f"{finding.state:<6}{finding.name:<10} {finding.says}\n")
        is_well = is_well and finding.state != STOP
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())

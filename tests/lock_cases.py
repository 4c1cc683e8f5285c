"""What a lake's lock must do wherever the lake is: run by the tests of the local disk, of HDFS and of S3."""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pytest
from waiting import wait_until

from lakehouse.errors import LockedError
from lakehouse.lake import Lake, lock
from lakehouse.lake.lock import writer_lock
from lakehouse.settings import ROOT


@contextmanager
def holder(lake: Lake, environ: Mapping[str, str], *lease: str) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock of a lake; `environ` says where its NameNode is, for one on HDFS.

    With the seconds of a `lease` and between its renewals it writes a file each moment.
    """
    command = [sys.executable, str(ROOT / "tests" / "lock_holder.py"), "silver", *lease]
    env = {**environ, "LAKEHOUSE_URL": lake.url, "PYTHONPATH": str(ROOT / "jobs")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def entries(lake: Lake) -> list[str]:
    """Return the names of the lock's files: who writes to the lake, and when it was heard of."""
    return sorted(lake.files.list(f"{lake.url}/_writer"))


def held(lake: Lake) -> dict[str, object]:
    """Return what the lock says."""
    newest = max(name for name in entries(lake) if name.endswith(".json"))
    return dict(json.loads(lake.files.read(f"{lake.url}/_writer/{newest}") or b"{}"))


def put(lake: Lake, content: bytes, number: int = 1) -> None:
    """Let the lock say something else."""
    assert lake.files.create(f"{lake.url}/_writer/{number:010}.json", content)


def refused(lake: Lake) -> str:
    """Return the message with which the lock is refused."""
    with pytest.raises(LockedError) as caught, writer_lock(lake, "gold"):
        pass
    return str(caught.value)


def a_running_holder_is_named(lake: Lake, environ: Mapping[str, str]) -> None:
    with holder(lake, environ) as process:
        assert f"silver (process {process.pid} on {platform.node()}, heard of " in refused(lake)
        process.communicate()
        assert process.returncode == 0
    with writer_lock(lake, "gold"):
        assert held(lake)["job"] == "gold"
    assert held(lake) == {"free": True}
    assert len(entries(lake)) == 1


def a_killed_holder_is_taken_over_at_once(lake: Lake, environ: Mapping[str, str]) -> None:
    with holder(lake, environ) as process:
        os.kill(process.pid, signal.SIGKILL)
        # Not waited for: until then it is a zombie, which holds nothing either.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert held(lake)["pid"] == process.pid
        with writer_lock(lake, "gold"):
            assert f"process {os.getpid()}" in refused(lake)
    assert held(lake) == {"free": True}


def another_host_is_named_and_refused(lake: Lake) -> None:
    there = {"job": "pipeline", "host": "elsewhere", "pid": 1, "started": 0.0}
    put(lake, json.dumps(there).encode())
    assert "pipeline (process 1 on elsewhere" in refused(lake)
    assert held(lake) == there


def a_stopped_holder_is_taken_over_and_writes_nothing_when_it_goes_on(
    lake: Lake, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop a holder that writes a file a moment, let its lease end, take it over, and let it go on."""
    monkeypatch.setattr(lock, "LEASE", 2.0)
    monkeypatch.setattr(lock, "RENEW", 0.3)
    with holder(lake, environ, "2.0", "0.3") as process:
        wait_until(lambda: bool(lake.files.list(f"{lake.url}/written")), 20, "nothing is written")
        time.sleep(2.5)
        refused(lake)  # while it renews its lease, it is no older for it
        os.kill(process.pid, signal.SIGSTOP)
        with writer_lock_once_over(lake):
            mine, before = held(lake), sorted(lake.files.list(f"{lake.url}/written"))
            assert mine["pid"] == os.getpid()
            os.kill(process.pid, signal.SIGCONT)
            told = process.communicate(timeout=20)[0]
            assert process.returncode == 1
            assert f"gold (process {os.getpid()} on {platform.node()}) took it over" in told
            # One that was on its way may have come through; it is a file of its own.
            assert len(lake.files.list(f"{lake.url}/written")) <= len(before) + 1
            assert held(lake) == mine
    assert held(lake) == {"free": True}


@contextmanager
def writer_lock_once_over(lake: Lake) -> Iterator[None]:
    """Hold the lock as soon as the lease of its holder has ended."""
    deadline = time.monotonic() + 30
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(writer_lock(lake, "gold"))
                break
            except LockedError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield

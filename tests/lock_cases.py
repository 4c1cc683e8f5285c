"""What a lake's lock must do wherever the lake is: run by the tests of the local disk and of HDFS."""

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from lakehouse.errors import LockedError
from lakehouse.lock import writer_lock
from lakehouse.settings import ROOT, Settings
from lakehouse.storage import storage


@contextmanager
def holder(settings: Settings, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock of a lake."""
    command = [sys.executable, str(ROOT / "tests" / "lock_holder.py"), "silver"]
    env = {**environ, "LAKEHOUSE_URL": settings.lake, "PYTHONPATH": str(ROOT / "jobs")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def lock_url(settings: Settings) -> str:
    return f"{settings.lake}/_writer.json"


def refused(settings: Settings) -> str:
    """Return the message with which the lock is refused."""
    with pytest.raises(LockedError) as caught, writer_lock(settings, "gold"):
        pass
    return str(caught.value)


def a_running_holder_is_named(settings: Settings, environ: Mapping[str, str]) -> None:
    with holder(settings, environ) as process:
        message = refused(settings)
        assert f"silver (process {process.pid} on {platform.node()})" in message
        assert lock_url(settings) in message
        process.communicate()
        assert process.returncode == 0
    with writer_lock(settings, "gold"):
        assert json.loads(storage(settings).read(lock_url(settings)) or b"")["job"] == "gold"
    assert storage(settings).read(lock_url(settings)) is None


def a_killed_holder_is_taken_over_at_once(settings: Settings, environ: Mapping[str, str]) -> None:
    with holder(settings, environ) as process:
        os.kill(process.pid, signal.SIGKILL)
        # Not waited for: until then it is a zombie, which holds nothing either.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert storage(settings).read(lock_url(settings)) is not None
        with writer_lock(settings, "gold"):
            assert f"process {os.getpid()}" in refused(settings)
    assert storage(settings).read(lock_url(settings)) is None


def another_host_is_named_and_refused(settings: Settings) -> None:
    there = {"job": "pipeline", "host": "elsewhere", "pid": 1, "started": 0.0}
    files = storage(settings)
    assert files.create(lock_url(settings), json.dumps(there).encode())
    assert "pipeline (process 1 on elsewhere)" in refused(settings)
    assert json.loads(files.read(lock_url(settings)) or b"") == there
    files.delete(lock_url(settings))

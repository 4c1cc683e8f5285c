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
from lakehouse.lake import Lake
from lakehouse.lake.lock import writer_lock
from lakehouse.settings import ROOT


@contextmanager
def holder(lake: Lake, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock of a lake; `environ` says where its NameNode is, for one on HDFS."""
    command = [sys.executable, str(ROOT / "tests" / "lock_holder.py"), "silver"]
    env = {**environ, "LAKEHOUSE_URL": lake.url, "PYTHONPATH": str(ROOT / "jobs")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def lock_url(lake: Lake) -> str:
    return f"{lake.url}/_writer.json"


def refused(lake: Lake) -> str:
    """Return the message with which the lock is refused."""
    with pytest.raises(LockedError) as caught, writer_lock(lake, "gold"):
        pass
    return str(caught.value)


def a_running_holder_is_named(lake: Lake, environ: Mapping[str, str]) -> None:
    with holder(lake, environ) as process:
        message = refused(lake)
        assert f"silver (process {process.pid} on {platform.node()})" in message
        assert lock_url(lake) in message
        process.communicate()
        assert process.returncode == 0
    with writer_lock(lake, "gold"):
        assert json.loads(lake.files.read(lock_url(lake)) or b"")["job"] == "gold"
    assert lake.files.read(lock_url(lake)) is None


def a_killed_holder_is_taken_over_at_once(lake: Lake, environ: Mapping[str, str]) -> None:
    with holder(lake, environ) as process:
        os.kill(process.pid, signal.SIGKILL)
        # Not waited for: until then it is a zombie, which holds nothing either.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert lake.files.read(lock_url(lake)) is not None
        with writer_lock(lake, "gold"):
            assert f"process {os.getpid()}" in refused(lake)
    assert lake.files.read(lock_url(lake)) is None


def another_host_is_named_and_refused(lake: Lake) -> None:
    there = {"job": "pipeline", "host": "elsewhere", "pid": 1, "started": 0.0}
    assert lake.files.create(lock_url(lake), json.dumps(there).encode())
    assert "pipeline (process 1 on elsewhere)" in refused(lake)
    assert json.loads(lake.files.read(lock_url(lake)) or b"") == there
    lake.files.delete(lock_url(lake))

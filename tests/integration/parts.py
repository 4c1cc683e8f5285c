"""Parts of a cluster that are killed while a job goes on."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

import psutil
from chain import Chain
from stack import RunningStack
from waiting import wait_until

from docker.native import daemons
from docker.native.layout import Stack
from lakehouse.errors import ServiceError


@contextlib.contextmanager
def gone(cluster: RunningStack, program: str) -> Iterator[None]:
    """Kill a daemon, and let the supervisor start none in its place until the end; then wait until all serve.

    A frozen supervisor would not either; but it reads what the daemons write, and they wait for that sooner or later.
    """
    native = Stack(cluster.settings)

    def is_down() -> bool:
        with contextlib.suppress(ServiceError):  # between two processes there is none to stop
            daemons.call(native, "stopProcess", program)
        return daemons.states(native)[program]["statename"] == "STOPPED"

    psutil.Process(int(str(daemons.states(native)[program]["pid"]))).kill()
    wait_until(is_down, 30, f"{program} is started again", 0.2)
    yield
    assert daemons.states(native)[program]["statename"] == "STOPPED"
    daemons.call(native, "startProcess", program)
    wait_until(lambda: cluster.command("up").returncode == 0, 120, f"{program} does not serve again", 0.2)


@contextlib.contextmanager
def running(chain: Chain, *command: str, **changes: str) -> Iterator["subprocess.Popen[str]"]:
    """Give a process, and leave none of its group."""
    with chain.start(*command, **changes) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

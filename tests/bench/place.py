"""Where a bench runs: an HDFS and a Kafka of its own on free ports, under build/bench, gone afterwards."""

import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Iterator

from stack import RunningStack, make_stack

from docker.native.console import progress
from lakehouse.errors import LakehouseError, LockedError
from lakehouse.settings import ROOT

BENCH = ROOT / "build" / "bench"


class BenchError(LakehouseError):
    """Raised when something cannot be measured, or when what was measured gave a wrong result."""


def command(stack: RunningStack, name: str) -> None:
    """Run one of the commands of `docker.native.stack`; raises BenchError with what it said where it fails."""
    done = stack.command(name)
    if done.returncode:
        raise BenchError(f"The stack in {stack.settings.stack_home} failed at {name}:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def running(name: str, **extra: str) -> Iterator[RunningStack]:
    """Give a stack that serves, its state in build/bench/<name>; at the end it is stopped and its state removed.

    What an earlier run left, because it was killed, goes first. Raises LockedError where such a run goes on.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = BENCH / name
    BENCH.mkdir(parents=True, exist_ok=True)
    with (BENCH / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LockedError(f"Another bench runs in {home}. Wait for it, then try again.") from error
        stack = make_stack(home, **extra)
        # deltalake finds HDFS by this process's own environment.
        os.environ["HADOOP_CONF_DIR"] = stack.environ["HADOOP_CONF_DIR"]
        try:
            command(stack, "clean")
            shutil.rmtree(home, ignore_errors=True)
            with progress("HDFS and Kafka") as show:
                show("starting")
                command(stack, "up")
            yield stack
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C would leave the services running
                signal.signal(number, signal.SIG_IGN)
            stack.command("clean")
            shutil.rmtree(home, ignore_errors=True)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler)

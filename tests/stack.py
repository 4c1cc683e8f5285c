"""One real HDFS and Kafka for all integration tests, on free ports and in a temporary folder."""

import contextlib
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lakehouse import settings as settings_module
from lakehouse.settings import ROOT, Settings, given


@dataclass(frozen=True)
class RunningStack:
    """A stack that serves: its settings, and the environment in which to run the project's commands on it."""

    settings: Settings
    environ: dict[str, str]

    def run(self, *command: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a command from the project's root in this stack's environment; `python` is the one of the tests."""
        return subprocess.run(
            command, env=self.environ, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )

    def command(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run one of the commands of `docker.native.stack` on this stack; ten daemons take their time to start."""
        return self.run(sys.executable, "-m", "docker.native.stack", name, *options, timeout=600)


def free_ports(count: int) -> list[int]:
    """Return free ports below those that systems hand out to outgoing connections, which could take one meanwhile."""
    ports: list[int] = []
    for port in random.sample(range(15000, 32000), 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise OSError("no free ports between 15000 and 32000")


def port_settings(profile: str = "") -> dict[str, str]:
    """Return a free port for each setting that is one, by its name."""
    names = [name for name in given({"PROFILE": profile}) if name.endswith("_PORT")]
    return {name: str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}


def make_stack(home: Path, **extra: str) -> RunningStack:
    """Return a stack that is not running yet: free ports, its state in `home`, and nothing taken from outside."""
    profile = extra.get("PROFILE", "")
    own = set(given({"PROFILE": profile})) | {"HADOOP_CONF_DIR", "STACK_OWNER"}
    environ = {name: value for name, value in os.environ.items() if name not in own}
    environ |= port_settings(profile)
    environ |= {"STACK_HOME": str(home), "LAKEHOUSE_INBOX": str(home / "inbox"), **extra}
    shell = ["bash", "-c", "source conf/env.sh && env -0"]
    output = subprocess.run(shell, env=environ, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    environ = dict(pair.split("=", 1) for pair in output.split("\0") if pair)
    return RunningStack(settings_module.load(environ), environ)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Give the stack that all integration tests share, and stop it at the end."""
    with serving(make_stack(tmp_path_factory.mktemp("stack"))) as made:
        yield made


@pytest.fixture(scope="session")
def s3_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Give the stack of the profile s3 that all its tests share, and stop it at the end."""
    with serving(make_stack(tmp_path_factory.mktemp("s3"), PROFILE="s3")) as made:
        yield made


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Give a running stack of the profile cluster, with topics that only one module fills, and stop it at the end."""
    with serving(make_stack(tmp_path_factory.mktemp("cluster"), PROFILE="cluster")) as made:
        yield made


@contextlib.contextmanager
def serving(made: RunningStack) -> Iterator[RunningStack]:
    """Start a stack, and stop it at the end."""
    try:
        started = made.command("up")
        assert started.returncode == 0, started.stdout + started.stderr
        yield made
    finally:
        made.command("down")

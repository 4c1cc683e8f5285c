"""What stands in the way of a start is said with the setting to change, before anything is started."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from stack import make_stack, port_settings

from docker.native import checks, daemons, profiles, ready, render
from docker.native.layout import LONGEST_SOCKET, Stack
from lakehouse import settings
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT


def make(home: Path, **environ: str) -> Stack:
    ports = port_settings(environ.get("PROFILE", ""))
    return Stack(settings.load({**ports, "STACK_HOME": str(home), **environ}))


def port_names(profile: str) -> list[str]:
    """Return the settings that are the ports of what a profile runs."""
    ports = profiles.ports(settings.load({"PROFILE": profile}))
    return [name for names in ports.values() for name in names]


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port on which this process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("profile", "name"), [(profile, name) for profile in settings.profiles() for name in port_names(profile)]
)
def test_a_taken_port_is_told_by_its_setting_and_its_holder(
    tmp_path: Path, taken: int, profile: str, name: str
) -> None:
    stack = make(tmp_path, PROFILE=profile, **{name: str(taken)})
    with pytest.raises(ServiceError) as caught:
        checks.check_ports(stack, profiles.ports(stack.settings))
    told = str(caught.value)
    assert told.startswith(f"{name}={taken} is taken by {psutil.Process().name()} (process {os.getpid()})")
    assert f"set {name}" in told


def test_free_ports_pass(tmp_path: Path) -> None:
    stack = make(tmp_path)
    checks.check_ports(stack, profiles.ports(stack.settings))


def test_a_full_disk_is_told_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"GiB are free on the disk of .* needed.*STACK_HOME"):
        checks.check_disk(tmp_path / "not" / "yet" / "there", needed=2**60)
    checks.check_disk(tmp_path, needed=1)


def test_a_state_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home, told in ((tmp_path / "with blank", "another folder"), (tmp_path / "file" / "x", "cannot be written to")):
        done = make_stack(home).command("up")
        assert done.returncode == 1
        assert done.stderr.startswith(f"STACK_HOME={str(home)!r}" if " " in str(home) else f"STACK_HOME={home}")
        assert told in done.stderr
        assert done.stderr.count("\n") == 1


def test_missing_jars_lead_to_make_jars(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="make jars"):
        checks.check_jars(tmp_path / ".verified")


def test_a_taken_port_ends_up_with_one_message_and_nothing_running(tmp_path: Path, taken: int) -> None:
    stack = make_stack(tmp_path, KAFKA_PORT=str(taken))
    done = stack.command("up")
    assert done.returncode == 1
    assert done.stderr.startswith(f"KAFKA_PORT={taken} is taken by")
    assert "Traceback" not in done.stderr
    assert daemons.processes(Stack(stack.settings)) == []


def test_a_java_that_is_too_old_ends_up_with_one_message(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "java"
    command.parent.mkdir()
    command.write_text("#!/bin/bash\necho 'openjdk version \"11.0.2\"' >&2\n")
    command.chmod(0o755)
    stack = make_stack(tmp_path / "stack", JAVA_HOME=str(tmp_path))
    done = stack.command("up")
    assert done.returncode == 1
    assert re.match(r"JAVA_HOME=\S+ is Java 11; Java 17 or newer is needed", done.stderr)
    assert daemons.processes(Stack(stack.settings)) == []


def test_a_bad_setting_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docker.native.stack", "status"],
        env={**os.environ, "KAFKA_PORT": "none", "PYTHONPATH": str(ROOT / "jobs")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("KAFKA_PORT='none' cannot be used")


def test_a_second_command_on_the_same_stack_is_refused(tmp_path: Path) -> None:
    import fcntl

    stack = make_stack(tmp_path)
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = stack.command("up")
    assert done.returncode == 1
    assert "Another command is starting or stopping the services" in done.stderr


def test_down_and_status_of_a_stack_that_never_ran(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    assert stack.command("down").stdout == "Nothing was running\n"
    told = stack.command("status")
    assert told.returncode == 0
    assert told.stdout.count("`make up` starts it") == 2
    found = json.loads(stack.command("status", "--format", "json").stdout)
    assert (found["home"], found["profile"], found["left"]) == (str(tmp_path), "laptop", [])
    assert not any(service["serves"] for service in found["services"].values())
    kafka = {"state": "stopped", "pid": None, "memory_bytes": 0}
    assert found["programs"]["kafka"].items() >= kafka.items()
    assert found["programs"]["api"]["ports"] == {"API_PORT": stack.settings.ports["API_PORT"]}


def test_clean_removes_what_jobs_have_left_and_says_what_it_cannot_remove(tmp_path: Path) -> None:
    stack = make_stack(tmp_path / "home")
    locked = tmp_path / "home" / "logs" / "locked"
    for folder in (locked, tmp_path / "home" / "last-run"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    locked.chmod(0o500)
    # Without what lets root write everywhere.
    as_others = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    done = stack.run(*as_others, sys.executable, "-m", "docker.native.stack", "clean")
    locked.chmod(0o700)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{locked.parent} could not be removed: ")
    assert stack.command("clean").returncode == 0
    assert not (tmp_path / "home").exists()


def test_the_socket_stays_short_enough_for_the_system(tmp_path: Path) -> None:
    short, long = make(tmp_path / "s"), make(tmp_path / ("deep/" * 40))
    assert len(str(long.socket)) <= LONGEST_SOCKET < len(str(long.home))
    assert long.socket != make(tmp_path / ("deep/" * 41)).socket
    assert long.socket == make(tmp_path / ("deep/" * 40)).socket
    if len(str(short.home)) < 70:
        assert short.socket.is_relative_to(short.home)


@pytest.mark.parametrize("profile", settings.profiles())
def test_the_rendered_files_name_this_stack_and_no_open_variable(tmp_path: Path, profile: str) -> None:
    stack = make(tmp_path, PROFILE=profile)
    texts = render.render(stack)
    together = "\n".join(texts.values())
    # What Kafka itself reads from a file is no setting.
    assert not re.findall(r"\$\{(?!directory:)", together)
    for name, port in stack.settings.ports.items():
        # These two are told to their programs.
        is_rendered = name in port_names(profile) and name not in ("API_PORT", "SQL_PORT")
        assert (str(port) in together) == is_rendered, name
    assert all(path.is_relative_to(tmp_path) for path in texts)


def test_the_programs_are_named_so_that_the_path_of_the_project_may_hold_any_character(tmp_path: Path) -> None:
    for file in (ROOT / "docker" / "native" / "programs").glob("*.conf"):
        assert set(re.findall(r"%\(ENV_(\w+)\)s", file.read_text("utf-8"))) <= {"STACK_HOME", "STACK_JAVA"}, file
    stack = make(tmp_path)
    stack.__dict__["java"] = ROOT / "build" / "java" / "bin" / "java"
    assert stack.environ()["STACK_JAVA"] == "build/java/bin/java"


@pytest.mark.parametrize("profile", settings.profiles())
def test_every_address_of_the_services_is_on_the_loopback_interface(tmp_path: Path, profile: str) -> None:
    together = "\n".join(render.render(make(tmp_path, PROFILE=profile)).values())
    assert "0.0.0.0" not in together
    addresses = re.findall(r"(?:<value>|//|^ip=|^ip\.bind=)([\w.-]+)(?::\d+|$)", together, re.M)
    assert len(addresses) >= 6
    assert set(addresses) <= {"localhost", "127.0.0.1"}


def test_the_settings_of_the_api_are_readable_by_their_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_URL", "file:///tmp/it's a lake")
    monkeypatch.setenv("DJANGO_SECRET", "$(false) `false`")
    monkeypatch.delenv("API_WORKERS", raising=False)
    stack = make(tmp_path)
    assert render.write_settings(stack)
    assert not render.write_settings(stack), "nothing has changed, the server need not start anew"
    file = tmp_path / "conf" / "settings.sh"
    assert file.stat().st_mode & 0o777 == 0o600
    command = [
        "bash",
        "-c",
        'source "$0"; printf "%s|" "$LAKEHOUSE_URL" "$DJANGO_SECRET" "${API_WORKERS-unset}"',
        str(file),
    ]
    told = subprocess.run(command, capture_output=True, text=True, env={"API_WORKERS": "9"}, check=True).stdout
    assert told == "file:///tmp/it's a lake|$(false) `false`|unset|"


def test_waiting_ends_when_it_serves_when_it_died_and_when_patience_is_over() -> None:
    answers = iter(["not yet", "not yet", ""])
    shown: list[str] = []
    ready.wait(lambda: next(answers), lambda: None, shown.append)
    assert shown == ["not yet", "not yet"]

    def dead() -> None:
        raise ServiceError("kafka died at start")

    with pytest.raises(ServiceError, match="died at start"):
        ready.wait(lambda: "not yet", dead, shown.append)
    with pytest.raises(ServiceError, match="Gave up after 0 s: not yet"):
        ready.wait(lambda: "not yet", lambda: None, shown.append, patience=0)

"""`make doctor` finds what keeps the demo from running, says what to do, and needs no packages for it."""

import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from stack import port_settings

from docker.native import doctor
from docker.native.doctor import LATER, NOTE, OK, STOP, Finding
from lakehouse import settings
from lakehouse.lake import Lake
from lakehouse.lake.lock import writer_lock
from lakehouse.settings import ROOT


def run(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, **port_settings(), "STACK_HOME": str(folder), "PYTHONPATH": "jobs", **environ}
    command = [sys.executable, *options, "-m", "docker.native.doctor"]
    return subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_machine_on_which_the_demo_runs_passes_without_any_package(tmp_path: Path) -> None:
    done = run(tmp_path / "new", "-S")
    assert (done.returncode, done.stderr) == (0, "")
    assert "later packages   not there yet, `make demo` installs them" in done.stdout
    assert not (tmp_path / "new").exists(), "it changes nothing"


def test_a_taken_port_stops_it_and_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = run(tmp_path, "-S", KAFKA_PORT=str(port))
        (found,) = doctor.ports({"KAFKA_PORT": port}, own=False)
    assert done.returncode == 1
    assert f"STOP  ports      KAFKA_PORT={port} is taken" in done.stdout
    assert f"by {Path('/proc/self/comm').read_text().strip()} (process {os.getpid()})" in found.says
    assert [finding.state for finding in doctor.ports({"KAFKA_PORT": port}, own=False)] == [OK]


def test_a_setting_that_cannot_be_used_and_a_java_that_is_none_stop_it(tmp_path: Path) -> None:
    assert "STOP  settings   KAFKA_PORT='none' cannot be used" in run(tmp_path, "-S", KAFKA_PORT="none").stdout
    done = run(tmp_path, "-S", JAVA_HOME=str(tmp_path))
    assert (done.returncode, "STOP  Java       JAVA_HOME=" in done.stdout) == (1, True)


@pytest.mark.parametrize(("version", "state"), [((3, 10, 9), STOP), ((3, 11, 0), OK), ((3, 14, 1), OK)])
def test_python_must_be_new_enough(version: tuple[int, ...], state: str) -> None:
    assert doctor.python(version).state == state


@pytest.mark.parametrize(
    ("total", "free", "limit", "state"),
    [(8, 6, "max", OK), (8, 2, "max", NOTE), (3, 2, "max", STOP), (8, 6, str(2 * 1024**3), STOP)],
    ids=["enough", "used by others", "a small machine", "a limit of the group"],
)
def test_memory_counts_with_the_limit_of_the_control_group(
    tmp_path: Path, total: int, free: int, limit: str, state: str
) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: {total << 20} kB\nMemAvailable:   {free << 20} kB\n")
    (tmp_path / "max").write_text(f"{limit}\n")
    assert doctor.memory(tmp_path / "meminfo", tmp_path / "max").state == state
    assert doctor.memory(tmp_path / "none", tmp_path / "none").state == LATER


def test_a_full_disk_is_told_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    full = doctor.disk("disk", tmp_path / "a" / "b", 2**60, "STACK_HOME")
    assert (full.state, "set STACK_HOME" in full.says) == (STOP, True)
    assert doctor.disk("disk", tmp_path, 1, "STACK_HOME").state == OK


def test_a_clock_that_is_behind_the_files_is_told() -> None:
    assert doctor.clock(newest=1_000_000.0, now=999_000.0).state == STOP
    assert doctor.clock(newest=1_000_000.0, now=999_990.0).state == OK


def test_a_pid_file_of_a_process_that_is_gone_or_another_is_stale(tmp_path: Path) -> None:
    assert [finding.state for finding in doctor.state(tmp_path)] == [OK]
    (tmp_path / "run").mkdir()
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    for pid in (ended.stdout.decode(), str(os.getpid()), "nonsense"):
        (tmp_path / "run" / "supervisord.pid").write_text(pid)
        (found,) = doctor.state(tmp_path)
        assert (found.state, "`make down`" in found.says) == (NOTE, True)


def test_a_state_folder_that_cannot_be_made_stops_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = doctor.state(tmp_path / "file" / "stack")
    assert (found.state, "Set STACK_HOME" in found.says) == (STOP, True)


def lock_finding(home: Path) -> Finding:
    given = settings.load({"STACK_HOME": str(home / "stack"), "LAKEHOUSE_URL": f"file://{home}/lake"})
    return list(doctor.packages(given))[-1]


def test_the_lock_of_the_lake_is_told_while_it_is_held_and_when_it_is_left(tmp_path: Path) -> None:
    assert lock_finding(tmp_path).says == "nobody writes to the lake"
    with writer_lock(Lake(f"file://{tmp_path}/lake"), "pipeline"):
        held = f"pipeline (process {os.getpid()} on {platform.node()}) writes to the lake"
        assert lock_finding(tmp_path).says.startswith(held)
    assert lock_finding(tmp_path).says == "nobody writes to the lake"
    code = f"""import os
from lakehouse.lake import Lake
from lakehouse.lake.lock import writer_lock
with writer_lock(Lake("file://{tmp_path}/lake"), "gold"):
    os._exit(9)"""
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT / "jobs")}, check=False)
    left = lock_finding(tmp_path)
    assert (left.state, "left by gold (process" in left.says) == (NOTE, True)

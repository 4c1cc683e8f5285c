"""Settings come from the environment over the file, and a bad one is named with what is allowed."""

import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from lakehouse import settings
from lakehouse.errors import SettingError
from lakehouse.settings import ENV_FILE, ROOT


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


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Give settings with a profile `small` laid over them, which has a port of its own."""
    (tmp_path / "profiles").mkdir()
    layer = "API_WORKERS=1\nSMALL_PORT=7000\nKAFKA_BOOTSTRAP_SERVERS=localhost:${KAFKA_PORT},localhost:${SMALL_PORT}\n"
    (tmp_path / "profiles" / "small.env").write_text(layer, "utf-8")
    (tmp_path / "lakehouse.env").write_text(ENV_FILE.read_text("utf-8"), "utf-8")
    return tmp_path / "lakehouse.env"


def test_a_profile_is_laid_over_the_file_and_under_the_environment(files: Path) -> None:
    plain, small = settings.load({}, files), settings.load({"PROFILE": "small"}, files)
    assert (plain.profile, plain.api_workers) == ("laptop", 2)
    assert (small.profile, small.api_workers) == ("small", 1)
    assert set(small.ports) - set(plain.ports) == {"SMALL_PORT"}
    assert settings.load({"PROFILE": "small", "API_WORKERS": "4"}, files).api_workers == 4
    assert small.kafka == "localhost:9092,localhost:7000"
    moved = settings.load({"PROFILE": "small", "KAFKA_PORT": "1", "SMALL_PORT": "2"}, files)
    assert moved.kafka == "localhost:1,localhost:2"


def test_a_profile_may_be_chosen_in_the_file(files: Path) -> None:
    files.write_text(files.read_text("utf-8").replace("PROFILE=laptop", "PROFILE=small"), "utf-8")
    assert settings.load({}, files).api_workers == 1
    assert settings.load({"PROFILE": "laptop"}, files).api_workers == 2


def test_an_unknown_profile_is_refused_with_those_that_there_are(files: Path) -> None:
    with pytest.raises(SettingError, match="PROFILE='large' cannot be used: one of laptop, small is needed"):
        settings.load({"PROFILE": "large"}, files)


@pytest.mark.parametrize("text", ["hdfs://${NONE}/lake", "hdfs://$/lake"])
def test_a_variable_that_is_no_setting_is_refused(files: Path, text: str) -> None:
    files.write_text(files.read_text("utf-8") + f"LAKEHOUSE_URL={text}\n", "utf-8")
    with pytest.raises(SettingError, match=r"LAKEHOUSE_URL=.*only other settings"):
        settings.load({}, files)
    assert settings.load({"LAKEHOUSE_URL": "file:///a$b"}, files).lake == "file:///a$b"


@pytest.mark.parametrize("environ", [{}, {"KAFKA_PORT": "7", "HDFS_REPLICATION": "2"}], ids=["defaults", "set"])
@pytest.mark.parametrize("profile", settings.profiles())
def test_the_shell_reads_each_setting_as_python_does(profile: str, environ: dict[str, str]) -> None:
    environ = {**environ, "PROFILE": profile}
    for name, value in settings.given(environ).items():
        command = [str(ROOT / "conf" / "setting.sh"), name]
        told = subprocess.run(
            command, env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True, check=True
        ).stdout
        assert told == f"{value}\n", name


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
        ("HDFS_REPLICATION", "0"),
        ("PROFILE", "../laptop"),
        ("LAKEHOUSE_URL", "s3://bucket/lake"),
        ("LAKEHOUSE_URL", "hdfs://localhost:8020"),
        ("LAKEHOUSE_URL", "file:///a lake"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,,b:2"),
        ("WEBHDFS_URL", "localhost:9870"),
        ("SPARK_MASTER", "local[two]"),
        ("LAKEHOUSE_INBOX", "s3a://bucket/inbox"),
        ("SPARK_MASTER", "spark://localhost:7077"),
        ("SPARK_DEPLOY_MODE", "yarn"),
        ("PACKAGE_URL", "file:///package"),
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
    # The API's own settings are read by the API, Kafka's and those of S3 by what connects to them.
    package = Path(settings.__file__).parent
    api = settings.ROOT / "api" / "config" / "environment.py"
    readers = (Path(settings.__file__), package / "connection.py", package / "clients.py", api)
    source = "".join(reader.read_text("utf-8") for reader in readers)
    for name in settings.read_env_file():
        if not name.endswith("_PORT"):
            assert re.search(rf'"{name}"', source), f"{name} is never read"
            assert has_comment(lines, name), f"{name} has no comment"


def has_comment(lines: list[str], name: str) -> bool:
    return lines[next(i for i, line in enumerate(lines) if line.startswith(f"{name}=")) - 1].startswith("#")


@pytest.mark.parametrize("profile", settings.profiles()[1:])
def test_every_setting_of_a_profile_has_a_comment_and_every_profile_a_page(profile: str) -> None:
    file = ENV_FILE.parent / "profiles" / f"{profile}.env"
    lines = file.read_text("utf-8").splitlines()
    for name in settings.read_env_file(file):
        assert name.endswith("_PORT") or has_comment(lines, name), f"{name} has no comment"
    assert (ROOT / "docs" / "profiles" / f"{profile}.md").is_file()


@pytest.mark.parametrize("lake", ["s3a://bucket/lake", "file:///tmp/lake"])
def test_a_lake_that_is_not_on_hdfs_is_refused_on_yarn(lake: str) -> None:
    with pytest.raises(SettingError, match="with SPARK_MASTER=yarn hdfs://host:port/path is needed"):
        settings.load({"SPARK_MASTER": "yarn", "LAKEHOUSE_URL": lake})


def test_the_settings_cannot_be_changed_by_a_job() -> None:
    made = settings.load({})
    for field in fields(made):
        with pytest.raises(AttributeError):
            setattr(made, field.name, None)


@pytest.mark.parametrize("size", ["512m", "0g", "3 gigabytes"])
def test_a_heap_that_no_job_starts_with_is_refused_before_a_jvm_starts(size: str, tmp_path: Path) -> None:
    environ = {**os.environ, "SPARK_DRIVER_MEMORY": size, "STACK_HOME": str(tmp_path)}
    submitted = [str(ROOT / "jobs" / "submit.sh"), "jobs/pipeline.py"]
    done = subprocess.run(submitted, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"SPARK_DRIVER_MEMORY={size} cannot be used: a size from 1g on is needed" in done.stderr

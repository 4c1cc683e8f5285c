"""The clients of the store find it by their environment: what is set stays, and a file with keys is for S3 alone."""

from pathlib import Path

import pytest

from docker.native import credentials
from lakehouse import clients, settings
from lakehouse.errors import SettingError

SERVER = {"LAKEHOUSE_URL": "s3a://bucket/lake", "AWS_ENDPOINT_URL": "http://127.0.0.1:8333", "AWS_REGION": "eu-west-1"}


def test_a_lake_on_hdfs_needs_no_keys() -> None:
    made = settings.load({"STACK_HOME": "/srv/stack", "AWS_SHARED_CREDENTIALS_FILE": "/not/there"})
    assert clients.environ(made, {}) == {"HADOOP_CONF_DIR": "/srv/stack/conf/hadoop"}
    assert clients.spark_options(made) == {}


def test_a_server_of_our_own_is_told_with_the_keys_of_its_file(tmp_path: Path) -> None:
    credentials.make_s3_keys(tmp_path)
    made = settings.load(SERVER | {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    found = clients.environ(made, {})
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8333"
    assert (found["AWS_ALLOW_HTTP"], found["AWS_REGION"]) == ("true", "eu-west-1")
    assert len(found["AWS_SECRET_ACCESS_KEY"]) == 40
    assert found["AWS_ACCESS_KEY_ID"] in (tmp_path / "identities.json").read_text("utf-8")
    assert found["AWS_SECRET_ACCESS_KEY"] not in repr(made)


def test_keys_of_the_environment_win_over_the_file() -> None:
    made = settings.load(SERVER | {"AWS_SHARED_CREDENTIALS_FILE": "/not/there"})
    assert "AWS_ACCESS_KEY_ID" not in clients.environ(made, {"AWS_ACCESS_KEY_ID": "mine"})


def test_amazons_own_needs_no_address_and_no_file() -> None:
    made = settings.load({"LAKEHOUSE_URL": "s3a://bucket/lake"})
    assert set(clients.environ(made, {})) == {"HADOOP_CONF_DIR", "AWS_REGION"}
    options = clients.spark_options(made)
    assert not [name for name in options if "endpoint" in name and not name.endswith("region")]


@pytest.mark.parametrize("content", [None, b"[other]\na = b\n", b"no file of keys", b"\xff\xfe"])
def test_a_file_without_keys_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "keys").write_bytes(content)
    made = settings.load(SERVER | {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys")})
    with pytest.raises(SettingError, match="AWS_SHARED_CREDENTIALS_FILE"):
        clients.environ(made, {})


def test_spark_gets_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    options = clients.spark_options(settings.load(SERVER))
    assert options["spark.hadoop.fs.s3a.endpoint"] == SERVER["AWS_ENDPOINT_URL"]
    assert options["spark.hadoop.fs.s3a.path.style.access"] == "true"
    for name in ("spark.hadoop.fs.s3a.secret.key", "spark.executorEnv.AWS_SECRET_ACCESS_KEY"):
        assert options[name] == "secret"
    assert "spark.hadoop.fs.s3a.session.token" not in options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAKEHOUSE_URL", "s3://bucket/lake"),
        ("LAKEHOUSE_URL", "s3a://Bucket/lake"),
        ("LAKEHOUSE_DATASET_URL", "s3a://bucket/lake"),
        ("LAKEHOUSE_DATASET_URL", "file:///{dataset}"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:8333"),
        ("AWS_REGION", "eu west"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        settings.load(SERVER | {name: value})

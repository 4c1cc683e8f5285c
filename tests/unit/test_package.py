"""What a job on YARN carries and how it is followed: packed code stands alone, and settings travel with a run."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from docker.native import package, yarn
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT

URLS = {"jars": "hdfs://h:1/p/jars-1.zip", "env": "hdfs://h:1/p/env-1.tar.gz", "code": "hdfs://h:1/p/code-1.zip"}
LOOK = """
from lakehouse import settings, version
import pipeline
found = settings.load()
print(settings.ROOT, version.code_version(), found.stack_home, found.lake, sep="\\n")
"""


def test_packed_code_finds_its_settings_without_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "code_version", lambda: "1234567")
    name, make = package._code()
    make(tmp_path / name)
    with zipfile.ZipFile(tmp_path / name) as archive:
        archive.extractall(tmp_path / "code")
    environ = {"PATH": os.environ["PATH"], "STACK_HOME": str(tmp_path), "PYTHONPATH": "code/jobs"}
    told = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert told.stdout.splitlines() == [
        str(tmp_path / "code"), "1234567", str(tmp_path), "hdfs://localhost:8020/lake",
    ], told.stderr  # fmt: skip


def test_another_code_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for version in ("1", "2", "1"):
        monkeypatch.setattr(package, "code_version", lambda version=version: version)
        names.append(package._code()[0])
    assert names[0] == names[2] != names[1]


def test_what_is_installed_for_the_jobs_is_packed_and_neither_jars_nor_test_tools() -> None:
    packed = {name for _, name in package._files_of(["pyspark", "polars", "deltalake"])}
    assert {"pyspark/__init__.py", "polars/__init__.py"} <= {name.partition("site-packages/")[2] for name in packed}
    assert not [name for name in packed if name.endswith(".jar") or name.startswith("..")]


def test_the_settings_of_a_run_travel_with_it_and_no_secret_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_URL", "hdfs://elsewhere:8020/lake")
    secrets = (
        "API_SECRET_KEY", "KEY", "KAFKA_SASL_PASSWORD", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    )  # fmt: skip
    for name in secrets:
        monkeypatch.setenv(name, "not to be told")
    monkeypatch.setenv("SPARK_LOCAL_IP", "192.0.2.1")
    told = package.properties(URLS)
    driver = {n.removeprefix("spark.yarn.appMasterEnv."): v for n, v in told.items() if "appMasterEnv" in n}
    assert driver["LAKEHOUSE_URL"] == "hdfs://elsewhere:8020/lake"
    assert "SPARK_LOCAL_IP" not in driver
    assert "not to be told" not in str(told)
    assert driver["STACK_HOME"] == "{{PWD}}/stack"
    assert str(ROOT) not in str(told)


@pytest.mark.parametrize(
    ("status", "diagnostics", "code"),
    [
        ("SUCCEEDED", "", 0),
        ("FAILED", "User application exited with status 2", 2),
        ("FAILED", "AM Container for b exited with  exitCode: 13\nERROR User application exited with status 2", 2),
        ("FAILED", "exitCode: 13\nCaused by: SparkUserAppException: User application exited with 2", 2),
        ("FAILED", "Application a failed 1 times due to AM Container for b exited with  exitCode: 137\nmore", 137),
        ("FAILED", "Application a failed 1 times due to AM Container for b exited with  exitCode: 0", 1),
        ("KILLED", "Application application_1 was killed by user", 1),
    ],
)
def test_the_exit_code_is_the_drivers(status: str, diagnostics: str, code: int) -> None:
    assert yarn.Application("", "", report={"finalStatus": status, "diagnostics": diagnostics}).exit_code() == code


def test_a_folder_without_the_clusters_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"yarn-site\.xml cannot be read .* HADOOP_CONF_DIR"):
        yarn.resource_manager(tmp_path)
    (tmp_path / "yarn-site.xml").write_text(
        "<configuration><property><name>yarn.resourcemanager.hostname</name><value>rm</value></property></configuration>"
    )
    assert yarn.resource_manager(tmp_path) == "http://rm:8088"


def test_a_master_that_the_jobs_do_not_run_on_is_refused(tmp_path: Path) -> None:
    environ = {**os.environ, "SPARK_MASTER": "spark://localhost:7077", "STACK_HOME": str(tmp_path)}
    told = subprocess.run(
        ["jobs/submit.sh", "jobs/gold.py"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert (
        "SPARK_MASTER='spark://localhost:7077' cannot be used: local[*], local[number of cores] or yarn" in told.stderr
    )

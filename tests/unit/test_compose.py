"""docker/compose.yaml says the same as conf/: there is no Docker engine in these tests, so the files are compared."""

import re
from pathlib import Path
from string import Template
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from lakehouse.settings import ROOT, given

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVING = ("namenode", "datanode", "kafka", "api")

# These say where something is, which differs between one host and a network of containers.
ADDRESSES = {
    "hadoop.tmp.dir",
    "fs.defaultFS",
    "dfs.namenode.name.dir",
    "dfs.namenode.rpc-address",
    "dfs.namenode.http-address",
    "dfs.datanode.data.dir",
    "dfs.datanode.address",
    "dfs.datanode.http.address",
    "dfs.datanode.ipc.address",
    "dfs.datanode.hostname",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "log.dirs",
}


def hadoop_keys(folder: Path) -> dict[str, str]:
    found = {}
    for file in folder.glob("*-site.xml"):
        for entry in ElementTree.parse(file).getroot().iter("property"):
            found[entry.findtext("name", "")] = Template(entry.findtext("value", "")).safe_substitute(given({}))
    return found


def compose_hadoop_keys(service: str) -> dict[str, str]:
    environment = SERVICES[service]["environment"]
    return {name.split("_", 1)[1]: value for name, value in environment.items() if ".XML_" in name}


def kafka_keys() -> dict[str, str]:
    lines = (ROOT / "conf" / "kafka" / "server.properties").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def compose_kafka_keys() -> dict[str, str]:
    environment = SERVICES["kafka"]["environment"]
    pairs = ((name, value) for name, value in environment.items() if name.startswith("KAFKA_"))
    return {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in pairs}


def tuned(keys: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in keys.items() if name not in ADDRESSES}


@pytest.mark.parametrize("service", ["namenode", "datanode"])
def test_hdfs_is_tuned_as_in_conf(service: str) -> None:
    assert tuned(compose_hadoop_keys(service)) == tuned(hadoop_keys(ROOT / "conf" / "hadoop"))


def test_kafka_is_tuned_as_in_conf() -> None:
    assert tuned(compose_kafka_keys()) == tuned(kafka_keys())


def test_the_client_configuration_of_the_containers_is_part_of_conf() -> None:
    client, full = hadoop_keys(DOCKER / "hadoop"), hadoop_keys(ROOT / "conf" / "hadoop")
    assert tuned(client).items() <= tuned(full).items()
    assert client["fs.defaultFS"] == SERVICES["namenode"]["environment"]["CORE-SITE.XML_fs.defaultFS"]


def test_each_port_of_the_settings_is_published_on_loopback_at_its_default() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    found = {}
    for port in published:
        match = re.fullmatch(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}:(\d+)", port)
        assert match, f"{port} is not published on the loopback interface by a setting"
        found[match[1]] = match[2]
    ports = {name: default for name, default in given({}).items() if name.endswith("_PORT")}
    # The controller is talked to by the broker alone, inside the container.
    del ports["KAFKA_CONTROLLER_PORT"]
    assert found == ports


@pytest.mark.parametrize(
    ("service", "addresses"),
    [
        ("namenode", ["HDFS-SITE.XML_dfs.namenode.rpc-address", "HDFS-SITE.XML_dfs.namenode.http-address"]),
        (
            "datanode",
            [
                "HDFS-SITE.XML_dfs.datanode.address",
                "HDFS-SITE.XML_dfs.datanode.http.address",
                "HDFS-SITE.XML_dfs.datanode.ipc.address",
            ],
        ),
        ("kafka", ["KAFKA_LISTENERS"]),
    ],
)
def test_a_container_listens_where_its_ports_lead(service: str, addresses: list[str]) -> None:
    inside = {port.rsplit(":", 1)[1] for port in SERVICES[service]["ports"]}
    listening = " ".join(SERVICES[service]["environment"][name] for name in addresses)
    assert inside <= set(re.findall(r":(\d+)", listening))


@pytest.mark.parametrize("service", SERVING)
def test_every_serving_container_has_a_health_check(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert check["retries"] > 0


@pytest.mark.parametrize(
    ("service", "key"),
    [
        ("namenode", "HDFS-SITE.XML_dfs.namenode.name.dir"),
        ("datanode", "HDFS-SITE.XML_dfs.datanode.data.dir"),
        ("kafka", "KAFKA_LOG_DIRS"),
        ("api", "STACK_HOME"),
        ("jobs", "LAKEHOUSE_INBOX"),
    ],
)
def test_state_is_kept_in_a_declared_volume(service: str, key: str) -> None:
    place = SERVICES[service]["environment"][key].removeprefix("file://")
    volumes = dict(volume.split(":") for volume in SERVICES[service]["volumes"])
    assert any(place == target or place.startswith(f"{target}/") for target in volumes.values())
    assert set(volumes) <= set(COMPOSE["volumes"])


def test_the_name_directory_is_formatted_where_it_is_missing() -> None:
    environment = SERVICES["namenode"]["environment"]
    assert environment["HDFS-SITE.XML_dfs.namenode.name.dir"] == f"file://{environment['ENSURE_NAMENODE_DIR']}"


def test_the_jobs_call_the_services_by_their_names_in_the_network() -> None:
    environment, hosts = SERVICES["jobs"]["environment"], set(SERVICES)
    for key in ("LAKEHOUSE_URL", "KAFKA_BOOTSTRAP_SERVERS", "WEBHDFS_URL"):
        host = re.search(r"(?:^|//)([a-z]+):\d+", environment[key])
        assert host is not None, key
        assert host[1] in hosts
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_images_have_the_versions_of_the_native_services() -> None:
    modules = (DOCKER / "native" / "ivy.xml").read_text("utf-8")
    for service, module in (("namenode", "hadoop-client-minicluster"), ("kafka", "kafka_2.13")):
        version = re.search(rf'name="{re.escape(module)}" rev="([\d.]+)"', modules)
        assert version is not None
        assert SERVICES[service]["image"].endswith(f":{version[1]}")


def test_the_dockerfile_copies_what_is_there_and_uses_the_oldest_python() -> None:
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    assert "FROM python:3.11-slim" in text
    for sources in re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert list(ROOT.glob(source)) if "*" in source else (ROOT / source).exists(), source

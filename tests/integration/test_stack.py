"""The real services: they serve on the loopback interface alone, and stay what they are when asked twice or killed."""

import json
import urllib.request

import psutil
import pytest
from hdfs import InsecureClient
from kafka import KafkaProducer
from stack import RunningStack

from docker.native import daemons, profiles, ready
from docker.native.accounts import topics
from docker.native.layout import Stack

pytestmark = pytest.mark.stack


def client(stack: RunningStack) -> InsecureClient:
    return InsecureClient(stack.settings.webhdfs)


def test_up_is_idempotent_and_status_tells_that_both_serve(stack: RunningStack) -> None:
    before = {process.pid for process in daemons.processes(Stack(stack.settings))}
    again = stack.command("up")
    assert again.returncode == 0, again.stderr
    assert {process.pid for process in daemons.processes(Stack(stack.settings))} == before
    told = stack.command("status").stdout
    assert "safe mode off, 1 live DataNodes" in told
    assert told.count(" running ") == 3
    found = json.loads(stack.command("status", "--format", "json").stdout)
    assert [found["services"][name]["serves"] for name in ("HDFS", "Kafka", "API")] == [True, True, False]
    assert {program["pid"] for program in found["programs"].values() if program["pid"]} < before
    for name in (name for ports in profiles.ports(stack.settings).values() for name in ports):
        assert f"{name}={stack.settings.ports[name]}" in told


def test_the_services_listen_on_the_loopback_interface_alone(stack: RunningStack) -> None:
    listening = {
        connection.laddr
        for process in daemons.processes(Stack(stack.settings))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    ports = {port for name, port in stack.settings.ports.items() if name != "API_PORT"}
    assert ports <= {address.port for address in listening}


def test_the_probe_of_readiness_leaves_nothing_in_hdfs(stack: RunningStack) -> None:
    assert ready.hdfs(stack.settings) == ""
    assert "/.probe" not in [f"/{name}" for name in client(stack).list("/")]


def test_other_settings_are_refused_while_the_services_run(stack: RunningStack) -> None:
    other = RunningStack(stack.settings, {**stack.environ, "KAFKA_PORT": "14999"})
    done = other.command("up")
    assert done.returncode == 1
    assert "server.properties would change" in done.stderr
    assert "make down" in done.stderr


def test_killed_daemons_come_back_by_themselves_with_their_data(stack: RunningStack) -> None:
    client(stack).write("/kept/file.txt", b"kept", overwrite=True)
    admin = ready.admin(stack.settings)
    admin.create_topics({"kept_topic": {"num_partitions": 1, "replication_factor": 1}})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=stack.settings.kafka)
    producer.send("kept_topic", b"kept").get(timeout=30)
    producer.close()
    native, names = Stack(stack.settings), profiles.programs(stack.settings)
    before = {name: int(str(daemons.states(native)[name]["pid"])) for name in names}
    for pid in before.values():
        psutil.Process(pid).kill()

    assert stack.command("up").returncode == 0

    after = {name: int(str(daemons.states(native)[name]["pid"])) for name in names}
    assert all(after[name] != before[name] for name in names)
    with client(stack).read("/kept/file.txt") as reader:
        assert reader.read() == b"kept"
    assert topics(stack.settings)["kept_topic"] == 1
    assert "kept_topic 1" in stack.command("status").stdout
    client(stack).delete("/kept", recursive=True)


def test_a_delta_table_on_this_hdfs_needs_no_jvm(stack: RunningStack) -> None:
    code = (
        "import pyarrow as pa; from deltalake import DeltaTable, write_deltalake; from lakehouse.settings import load;"
        "url = load().lake + '/probe'; write_deltalake(url, pa.table({'n': [1, 2]}));"
        "print(url, DeltaTable(url).version(), len(DeltaTable(url).file_uris()))"
    )
    done = stack.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    port = stack.settings.ports["HDFS_RPC_PORT"]
    assert done.stdout.split() == [f"hdfs://localhost:{port}/lake/probe", "0", "1"]
    client(stack).delete("/lake/probe", recursive=True)


def test_namenode_jmx_is_reachable_where_the_settings_say(stack: RunningStack) -> None:
    with urllib.request.urlopen(f"{stack.settings.webhdfs}/jmx?qry=java.lang:type=Runtime", timeout=10) as answer:
        assert answer.status == 200

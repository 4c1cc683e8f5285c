"""Three DataNodes, three brokers, YARN: one may go while messages come in, and nothing is lost or doubled."""

import os
import signal
import sys
from collections.abc import Iterator

import psutil
import pytest
from chain import Chain, check, hadoop_conf, make_chain
from hdfs import InsecureClient
from parts import gone, running
from stack import RunningStack
from waiting import wait_until

from docker.native import daemons, profiles, ready
from docker.native.accounts import topics
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from producers.plan import Plan

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

# What all processes of the services may take together, in bytes.
MEMORY = 9 * 1024**3


@pytest.fixture(scope="module")
def chain(cluster: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Give a lake on the cluster with 1,000 records of each dataset in gold."""
    with hadoop_conf(cluster):
        made = make_chain(cluster, "chain", tmp_path_factory.mktemp("inbox"), SPARK_MASTER="local[*]")
        made.files(1000, 1, 0.02)
        made.messages(Plan("ad_campaigns", 1, 1000, 0.02))
        result = made.job()
        assert result.returncode == 0, result.stdout
        yield made


def test_all_daemons_serve_on_loopback_in_9_gb(cluster: RunningStack) -> None:
    native = Stack(cluster.settings)
    told = cluster.command("status").stdout
    assert told.count(" running ") == len(profiles.programs(cluster.settings)) == 10
    assert "safe mode off, 3 live DataNodes" in told
    assert "2 active NodeManagers, 4 of 4 cores" in told
    processes = daemons.processes(native)
    assert sum(process.memory_info().rss for process in processes) < MEMORY
    connections = [c for process in processes for c in process.net_connections("inet")]
    listening = {c.laddr for c in connections if c.status == psutil.CONN_LISTEN}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    ports = {port for name, port in cluster.settings.ports.items() if name != "API_PORT"}
    assert ports <= {address.port for address in listening}


def test_another_profile_is_refused_while_this_one_runs(cluster: RunningStack) -> None:
    other = RunningStack(cluster.settings, {**cluster.environ, "PROFILE": "laptop"})
    for command in ("up", "status", "start-api"):
        done = other.command(command)
        assert done.returncode == 1
        assert f"What runs in {cluster.settings.stack_home} was started with PROFILE=cluster, not laptop" in done.stderr
        assert "make down" in done.stderr


def test_the_chain_is_exact_and_each_message_and_each_block_is_kept_three_times(chain: Chain) -> None:
    check(chain)
    admin = ready.admin(chain.settings)
    try:
        (topic,) = admin.describe_topics(["ad_campaigns_topic"])
    finally:
        admin.close()
    assert len(topic["partitions"]) == 3
    assert all(len(partition["replica_nodes"]) == 3 for partition in topic["partitions"])
    client = InsecureClient(chain.settings.webhdfs)
    root = chain.settings.lake.split("/", 3)[3]
    files = [
        status["replication"]
        for folder, _, found in client.walk(f"/{root}", status=True)
        for name, status in found
        if status["length"]
    ]
    assert files
    assert set(files) == {3}


def gold(chain: Chain) -> object:
    try:
        return chain.answers()
    except (OSError, ServiceError) as error:  # the DataNode that was asked has just gone
        return error


@pytest.mark.parametrize("program", ["datanode2", "kafka2"])
def test_one_may_go_while_messages_come_in(chain: Chain, program: str) -> None:
    seed = {"datanode2": 10, "kafka2": 20}[program]
    plan = Plan("ad_campaigns", seed, 2000, 0.02)
    produce = [sys.executable, "-m", "producers.produce", "--datasets", plan.dataset, "--rate=100"]
    options = [f"--{name}={getattr(plan, name)}" for name in ("rows", "seed", "errors")]
    with running(chain, "jobs/submit.sh", "jobs/pipeline.py", "--continuous") as stream:
        chain.messages(Plan("ad_campaigns", seed + 1, 100))
        wanted = chain.sent.answers()
        wait_until(lambda: stream.poll() is not None or gold(chain) == wanted, 180, "gold does not follow", 0.2)
        before = topics(chain.settings)[plan.topic]
        with running(chain, *produce, *options) as sending:
            chain.sent.add(plan.dataset, (item.record for item in plan.items() if item.breakage is None))
            wait_until(lambda: topics(chain.settings)[plan.topic] > before + 100, 60, "no message comes in")
            with gone(chain.stack, program):
                assert sending.poll() is None
                said, _ = sending.communicate(timeout=120)
                assert sending.returncode == 0, said
                chain.files(100, seed)
                wanted = chain.sent.answers()
                wait_until(lambda: stream.poll() is not None or gold(chain) == wanted, 180, "gold does not follow", 0.2)
                was_running = stream.poll() is None
                if was_running:
                    os.killpg(stream.pid, signal.SIGINT)
                output, _ = stream.communicate(timeout=60)
                assert "Traceback" not in output
                # A run that was just talking to the part that goes may end, as on one machine: it says what to do.
                assert stream.returncode == (0 if was_running else 1), output
                assert was_running or "make status" in output
                # The next run does without the part that is gone.
                result = chain.job()
                assert result.returncode == 0, result.stdout
                check(chain)

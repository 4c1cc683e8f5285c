"""The jobs on YARN: gold as on one machine, the driver here or in a container, and exact when parts are killed."""

import io
import json
import os
import re
import signal
import time
import urllib.request
from collections.abc import Iterator

import psutil
import pyarrow as pa
import pytest
from chain import Chain, balance, check, hadoop_conf, make_chain
from parts import gone, running
from stack import RunningStack
from waiting import wait_until

from lakehouse.errors import ServiceError
from lakehouse.lake import runs, scan
from lakehouse.metrics import METRICS
from lakehouse.settings import ROOT
from lakehouse.version import code_version
from producers.plan import Plan

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

MODES = ("client", "cluster")
TRACES = ("Traceback", "Exception in thread", "\n\tat ", "Caused by:")
# What runs in a container; the ApplicationMaster has another name where it is the driver's process too.
EXECUTOR = "YarnCoarseGrainedExecutorBackend"
DRIVER = "org.apache.spark.deploy.yarn.ApplicationMaster"
MASTER = "org.apache.spark.deploy.yarn.ExecutorLauncher"

# Two executors of a core each; with the memory of conf/spark-yarn no node has room for both.
TWO = ("--conf", "spark.executor.instances=2", "--conf", "spark.executor.cores=1")


@pytest.fixture(scope="module")
def chain(cluster: RunningStack) -> Iterator[Chain]:
    with hadoop_conf(cluster):
        made = make_chain(cluster, "yarn", f"hdfs://localhost:{cluster.settings.ports['HDFS_RPC_PORT']}/inbox-yarn")
        made.files(1000, 42, 0.02)
        made.messages(Plan("ad_campaigns", 42, 1000, 0.02))
        yield made


def beside(chain: Chain, name: str) -> Chain:
    """Return another lake of the same inbox and topics."""
    made = make_chain(chain.stack, name, str(chain.settings.inbox))
    made.sent = chain.sent
    return made


def gold(chain: Chain) -> dict[str, bytes]:
    """Return the bytes of each gold table, its rows in the order of their key."""
    found = {}
    for name, metric in METRICS.items():
        rows = scan.read(chain.lake.open(f"gold.{name}")).sort_by(metric.key.name).combine_chunks()
        with pa.ipc.new_stream(out := io.BytesIO(), rows.schema) as writer:
            writer.write_table(rows)
        found[name] = out.getvalue()
    return found


def test_gold_is_to_the_byte_that_of_one_machine(chain: Chain) -> None:
    here = beside(chain, "here")
    result = here.job(SPARK_MASTER="local[*]")
    assert result.returncode == 0, result.stdout
    for mode, lake in zip(MODES, (chain, beside(chain, "in-cluster")), strict=True):
        result = lake.job(SPARK_DEPLOY_MODE=mode)
        assert result.returncode == 0, result.stdout + result.stderr
        assert not [trace for trace in TRACES if trace in result.stdout + result.stderr]
        assert "gold    total_sales_per_product" in result.stdout
        assert gold(lake) == gold(here)
        check(lake)
        (run,) = runs.newest(lake.lake, 1).to_pylist()
        assert (run["status"], run["code_version"]) == ("succeeded", code_version())


def test_the_package_is_all_that_a_container_has(chain: Chain) -> None:
    result = chain.run("jobs/submit.sh", "tests/yarn_places.py", SPARK_DEPLOY_MODE="cluster")
    places = [line for line in result.stdout.splitlines() if line.startswith(("driver ", "task "))]
    assert len(places) == 12, result.stdout + result.stderr
    # The folders of the containers are in STACK_HOME, which lies outside of the checkout here.
    assert not [line for line in places if f"{ROOT}/" in line]
    assert all("/code/jobs" in line for line in places if " lakehouse " in line)
    assert all("/env/lib/" in line for line in places if " pyspark " in line)


def test_two_executors_share_the_tasks_on_both_nodes(chain: Chain) -> None:
    whole = ("--conf", "spark.scheduler.minRegisteredResourcesRatio=1.0")
    waiting = ("--conf", "spark.scheduler.maxRegisteredResourcesWaitingTime=120s")
    result = chain.run("jobs/submit.sh", *TWO, *whole, *waiting, "tests/yarn_spread.py", SPARK_DEPLOY_MODE="client")
    counts = {node: int(count) for node, count in re.findall(r"^node (\w+) (\d+)$", result.stdout, re.MULTILINE)}
    assert set(counts) == {"local", "local2"}, result.stdout + result.stderr
    assert sum(counts.values()) == 40
    assert min(counts.values()) >= 10


def test_nothing_new_ends_well_and_a_failure_has_its_exit_code(chain: Chain) -> None:
    before = chain.versions()
    result = chain.job(SPARK_DEPLOY_MODE="cluster")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "nothing new" in result.stdout
    result = chain.run("jobs/submit.sh", "jobs/replay.py", "nonsense", SPARK_DEPLOY_MODE="cluster")
    assert result.returncode == 2, result.stdout + result.stderr
    # What is to be forgotten comes by a variable that no container is told: its driver is here.
    command = ("jobs/submit.sh", "jobs/forget.py", "transactions", "--dry-run")
    result = chain.run(*command, SPARK_DEPLOY_MODE="cluster", KEY="nobody")
    assert (result.returncode, "would be forgotten" in result.stdout) == (0, True), result.stdout + result.stderr
    assert chain.versions() == before


def applications(chain: Chain) -> list[str]:
    """Return the ids of the applications that run."""
    address = f"http://localhost:{chain.settings.ports['YARN_HTTP_PORT']}/ws/v1/cluster/apps?states=RUNNING"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return [app["id"] for app in (json.load(answer)["apps"] or {"app": []})["app"]]


def containers(chain: Chain, what: str) -> list[psutil.Process]:
    """Return the JVMs of a kind in the containers of the applications that run."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            is_one = process.info["name"] == "java" and any(what in word for word in process.cmdline())
            if is_one and any(f"/{name}/" in process.cwd() for name in applications(chain)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def goes_on(chain: Chain, mode: str) -> None:
    """Assert that the next run brings all that was sent to gold, once."""
    result = chain.job(SPARK_DEPLOY_MODE=mode)
    assert result.returncode == 0, result.stdout + result.stderr
    check(chain)
    assert all(line["is_closed"] for line in balance(chain))


@pytest.mark.parametrize(
    ("victim", "mode", "code"),
    [(EXECUTOR, "client", 0), (MASTER, "client", ServiceError.exit_code), (DRIVER, "cluster", 128 + signal.SIGKILL)],
    ids=["executor", "master", "driver"],
)
def test_a_killed_container_is_done_without_or_the_next_run_makes_it_whole(
    chain: Chain, victim: str, mode: str, code: int
) -> None:
    seed = {EXECUTOR: 61, MASTER: 62, DRIVER: 63}[victim]
    chain.files(300, seed, 0.02)
    before = chain.lake.open("bronze.logs").version()
    with running(chain, "jobs/submit.sh", "jobs/pipeline.py", SPARK_DEPLOY_MODE=mode) as process:
        wait_until(lambda: chain.lake.open("bronze.logs").version() > before or process.poll() is not None, 300, mode)
        containers(chain, victim)[0].kill()
        chain.messages(Plan("ad_campaigns", seed, 500, 0.02))
        output, _ = process.communicate(timeout=400)
    assert process.returncode == code, output
    assert not [trace for trace in TRACES if trace in output], output
    assert code == 0 or "Run it again" in output
    goes_on(chain, mode)


def lost(chain: Chain) -> list[str]:
    """Return the NodeManagers that the ResourceManager has given up."""
    address = f"http://localhost:{chain.settings.ports['YARN_HTTP_PORT']}/ws/v1/cluster/nodes?states=LOST"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return [node["id"] for node in (json.load(answer)["nodes"] or {"node": []})["node"]]


def test_a_nodemanager_that_is_killed_is_done_without(chain: Chain) -> None:
    goes_on(chain, "client")
    small = ("--conf", "spark.executor.memory=1g")
    command = ("jobs/submit.sh", *TWO, *small, "jobs/pipeline.py", "--continuous")
    with running(chain, *command, SPARK_DEPLOY_MODE="client") as stream:

        def follows(seed: int) -> None:
            chain.files(100, seed, 0.02)
            chain.messages(Plan("ad_campaigns", seed, 300, 0.02))
            wanted = chain.sent.answers()
            wait_until(lambda: stream.poll() is not None or chain.answers() == wanted, 300, "gold stands still", 0.2)
            assert stream.poll() is None, stream.communicate()[0]

        follows(71)
        # On a busy machine the second executor comes late.
        wait_until(lambda: len(containers(chain, EXECUTOR)) == 2, 120, "an executor does not come", 0.5)
        # That of an executor; the other one has the ApplicationMaster, and perhaps the second executor.
        (master,), executors = containers(chain, MASTER), containers(chain, EXECUTOR)
        program, other = ("nodemanager2", "local2") if "/yarn/local/" in master.cwd() else ("nodemanager", "local")
        victims = [executor for executor in executors if f"/yarn/{other}/" in executor.cwd()]
        assert victims
        with gone(chain.stack, program):
            follows(72)
            wait_until(lambda: lost(chain), 60, "the ResourceManager waits for the NodeManager", 0.5)
            # Its executors are not YARN's any more, whatever they still do.
            follows(73)
            wait_until(lambda: not any(map(is_there, victims)), 60, "an executor goes on", 0.5)
            follows(74)
            os.killpg(stream.pid, signal.SIGINT)
            output, _ = stream.communicate(timeout=60)
            assert stream.returncode == 0, output
            assert not [trace for trace in TRACES if trace in output], output
            check(chain)
            goes_on(chain, "client")


def is_there(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_stream_in_a_container_ends_with_ctrl_c(chain: Chain) -> None:
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py", "--continuous", SPARK_DEPLOY_MODE="cluster")
    chain.messages(Plan("ad_campaigns", 95, 500, 0.02))
    wanted = chain.sent.answers()
    wait_until(lambda: chain.answers() == wanted or process.poll() is not None, 300, "gold does not follow", 0.2)
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    wait_until(lambda: not applications(chain), 30, "the application goes on")

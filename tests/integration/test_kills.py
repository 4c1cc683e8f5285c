"""Services killed and frozen in each step, and jobs killed at points of each: no trace, and nothing is lost."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import lock_cases
import psutil
import pytest
from chain import Chain, check, hadoop_conf, make_chain
from stack import RunningStack
from waiting import wait_until

from lakehouse import crash
from lakehouse.lake import runs
from producers.plan import Plan

pytestmark = [pytest.mark.stack, pytest.mark.long]

PORTS = {"NameNode": "HDFS_RPC_PORT", "DataNode": "HDFS_DATA_PORT", "broker": "KAFKA_PORT"}
NAMES = {"NameNode": "HDFS", "DataNode": "HDFS", "broker": "Kafka"}
TRACES = ("Traceback", "Exception in thread", "\n\tat ", "Caused by:")


@pytest.fixture(scope="module")
def chain(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with hadoop_conf(stack):
        made = make_chain(stack, "kills", tmp_path_factory.mktemp("inbox"))
        made.files(100, 1)
        made.messages(Plan("ad_campaigns", 1, 1000))
        assert made.job().returncode == 0
        yield made


def daemon(chain: Chain, name: str) -> psutil.Process:
    """Return the process of a service, by the port that it listens on."""
    port = chain.settings.ports[PORTS[name]]
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
    return next(psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == port)


def serve_again(chain: Chain) -> None:
    """Wait until the services that were killed or frozen serve again; the supervisor may be starting one just now."""
    wait_until(lambda: chain.stack.command("up").returncode == 0, 90, "the services do not come back")


def goes_on(chain: Chain) -> None:
    """Assert that the next run brings all that was sent to gold, once."""
    serve_again(chain)
    result = chain.job()
    assert result.returncode == 0, result.stdout
    check(chain)


def feed(chain: Chain, seed: int) -> None:
    chain.files(150, seed, 0.02)
    chain.messages(Plan("ad_campaigns", seed, 1000, 0.02))


def reached(chain: Chain, step: str) -> Callable[[], bool]:
    """Return whether a run that starts now has come to a step: the tables before it have moved."""
    if step == "landing":
        return lambda: "host" in lock_cases.held(chain.lake)
    layer = {"bronze": "ledger.files", "silver": "bronze.ad_campaigns", "gold": "silver.ad_campaigns"}[step]
    before = chain.lake.open(layer).version()
    return lambda: chain.lake.open(layer).version() > before


def untraced(output: str) -> None:
    """Assert that a job's words are few and hold no trace."""
    assert not [trace for trace in TRACES if trace in output], output
    assert len(output.splitlines()) < 60, output


@pytest.mark.parametrize("step", ["landing", "bronze", "silver", "gold"])
@pytest.mark.parametrize("victim", PORTS)
def test_a_killed_service_is_named_or_waited_for(chain: Chain, victim: str, step: str) -> None:
    feed(chain, 100 + 10 * list(PORTS).index(victim) + ["landing", "bronze", "silver", "gold"].index(step))
    has_reached = reached(chain, step)
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py")
    wait_until(lambda: has_reached() or process.poll() is not None, 90, "the step does not come")
    daemon(chain, victim).kill()
    output, _ = process.communicate(timeout=120)
    untraced(output)
    if process.returncode:
        assert process.returncode == 1
        assert NAMES[victim] in output.strip().splitlines()[-1]
    goes_on(chain)


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("step", ["landing", "silver"])
@pytest.mark.parametrize("victim", PORTS)
def test_a_frozen_service_ends_a_run_within_a_minute(chain: Chain, victim: str, step: str) -> None:
    feed(chain, 200 + 10 * list(PORTS).index(victim) + ["landing", "silver"].index(step))
    has_reached = reached(chain, step)
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py")
    wait_until(lambda: has_reached() or process.poll() is not None, 90, "the step does not come")
    with frozen(daemon(chain, victim)):
        # The broker is read to its end before silver starts: such a run just goes on.
        output, _ = process.communicate(timeout=75)
    untraced(output)
    if process.returncode:
        assert process.returncode == 1
        assert "make status" in output.strip().splitlines()[-1]
    goes_on(chain)


@pytest.mark.parametrize("victim", ["NameNode", "DataNode"])
def test_ctrl_c_ends_a_stream_on_a_frozen_lake(chain: Chain, victim: str) -> None:
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py", "--continuous")
    feed(chain, 300 + list(PORTS).index(victim))
    wanted = chain.sent.answers()
    wait_until(lambda: chain.answers() == wanted, 120, "gold does not follow")
    with frozen(daemon(chain, victim)):
        feed(chain, 310 + list(PORTS).index(victim))
        time.sleep(3)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    untraced(output)
    # The lock of the process that is gone is taken over.
    goes_on(chain)


def test_a_stream_on_a_frozen_lake_ends_by_itself(chain: Chain) -> None:
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py", "--continuous")
    feed(chain, 320)
    wanted = chain.sent.answers()
    wait_until(lambda: chain.answers() == wanted, 120, "gold does not follow")
    with frozen(daemon(chain, "DataNode")):
        feed(chain, 321)
        output, _ = process.communicate(timeout=90)
    untraced(output)
    assert process.returncode == 1
    assert "make status" in output.strip().splitlines()[-1]
    goes_on(chain)


@pytest.mark.parametrize(("how", "code"), [("once", 0), ("always", 1)])
def test_a_native_call_that_never_returns_is_made_again_then_named(chain: Chain, how: str, code: int) -> None:
    feed(chain, {"once": 330, "always": 331}[how])
    result = chain.run("jobs/submit.sh", "tests/hanging_pipeline.py", "bronze/ad_campaigns", how)
    untraced(result.stdout)
    assert result.returncode == code, result.stdout
    assert ("table bronze.ad_campaigns" in result.stdout) == bool(code)
    goes_on(chain)


def killed(chain: Chain, point: str, *command: str) -> None:
    """Run a command that is killed at a crash point; spark-submit tells such an end of its Python by 137."""
    result = chain.run(*command, **{crash.VARIABLE: point})
    assert result.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), result.stdout
    untraced(result.stdout + result.stderr)


def test_a_pipeline_killed_at_a_point_of_each_layer_goes_on(chain: Chain) -> None:
    feed(chain, 400)
    for point in (
        "lake.after_writer",
        "bronze.logs.after_data",
        "ledger.files.before_commit",
        # Datasets follow side by side: of one of them, each next run comes to the next point.
        "bronze.ad_campaigns.before_commit",
        "silver.ad_campaigns.before_commit",
        "silver.ad_campaigns.after_commit",
        "gold.campaign_metrics.before_commit",
    ):
        killed(chain, point, "jobs/submit.sh", "jobs/pipeline.py")
    goes_on(chain)


def test_a_killed_stream_goes_on(chain: Chain) -> None:
    feed(chain, 410)
    killed(chain, "silver.ad_campaigns.before_commit", "jobs/submit.sh", "jobs/pipeline.py", "--continuous")
    goes_on(chain)


def test_killed_replays_go_on(chain: Chain) -> None:
    feed(chain, 420)
    assert chain.run("jobs/submit.sh", "tests/chaos/strict.py").returncode == 0
    killed(chain, "silver.logs.before_commit", "jobs/submit.sh", "jobs/replay.py")
    killed(chain, "silver.logs.after_commit", "jobs/submit.sh", "jobs/replay.py")
    goes_on(chain)
    killed(chain, "silver.logs.before_commit", "jobs/submit.sh", "jobs/what_if.py", "--publish")
    killed(chain, "gold.status_code_counts.before_commit", "jobs/submit.sh", "jobs/what_if.py", "--publish")
    goes_on(chain)


def test_a_killed_restore_and_a_killed_maintenance_go_on(chain: Chain) -> None:
    feed(chain, 430)
    goes_on(chain)
    (run_id,) = runs.newest(chain.lake, 1)["run_id"].to_pylist()
    for point in ("silver.logs.after_commit", "bronze.logs.before_commit", "ledger.files.before_data"):
        killed(chain, point, sys.executable, "jobs/restore.py", "run", run_id)
    for point in ("bronze.logs.before_commit", "silver.logs.before_vacuum"):
        killed(chain, point, sys.executable, "jobs/maintain.py")
    goes_on(chain)

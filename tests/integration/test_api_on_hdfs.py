"""The API in front of the real HDFS: built while it runs, frozen, killed, and back without a restart."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psutil
import pytest
from api_live import Reply, Server
from stack import RunningStack

from lakehouse.settings import ROOT

pytestmark = pytest.mark.stack

METRIC = "/api/total-sales-per-product/"
# No answer may take longer, whatever the lake does; in seconds.
PATIENCE = 3.0


@pytest.fixture(scope="module")
def server(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    where = urlsplit(stack.settings.lake)
    hadoop = {"HADOOP_CONF_DIR": str(stack.settings.hadoop_conf)}
    with Server(tmp_path_factory.mktemp("api"), f"hdfs://{where.netloc}/api-lake", ROOT, **hadoop) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.log_in()["access"]


# All tables, and a row for each metric: in a process of its own, which reads this stack's Hadoop configuration.
BUILD = """
import sys
from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from sample_lake import write_gold
Lake(sys.argv[1], sys.argv[2]).make_tables()
for name in METRICS:
    write_gold(sys.argv[1], name, [{}], 1)
"""


def build(server: Server, stack: RunningStack) -> None:
    """Write gold where the server looks."""
    environ = {"PYTHONPATH": "jobs:tests", "HADOOP_CONF_DIR": str(stack.settings.hadoop_conf)}
    command = ["env", *(f"{name}={value}" for name, value in environ.items())]
    done = stack.run(*command, sys.executable, "-c", BUILD, server.environ["LAKEHOUSE_URL"], stack.settings.webhdfs)
    assert done.returncode == 0, done.stderr


def ask(server: Server, token: str, path: str = METRIC) -> Reply:
    """Ask once, and hold the answer to the clock."""
    started = time.monotonic()
    answer = server.get(path, token)
    assert time.monotonic() - started < PATIENCE
    return answer


def eventually(condition: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def everywhere(server: Server, token: str, is_so: Callable[[Reply], bool]) -> Callable[[], bool]:
    """Return whether both workers answer so, by asking often enough to meet both."""
    return lambda: all(is_so(ask(server, token)) for _ in range(10))


def listener(stack: RunningStack, name: str) -> psutil.Process:
    """Return the process that listens on a port of the stack: HDFS_RPC_PORT is the NameNode's."""
    port = stack.settings.ports[name]
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
    return next(psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == port)


def test_gold_that_is_not_built_is_503_and_there_once_it_is(server: Server, token: str, stack: RunningStack) -> None:
    answer = ask(server, token)
    assert (answer.status, answer.json()["error"]) == (503, "unavailable")
    assert "make pipeline" in answer.json()["detail"]
    build(server, stack)
    eventually(everywhere(server, token, lambda reply: reply.status == 200))
    assert "X-Stale" not in ask(server, token).headers
    assert ask(server, token, f"{METRIC}?as_of=1").json() == ask(server, token).json()
    eventually(lambda: all(ask(server, token, "/api/health/").status == 200 for _ in range(10)))


def test_a_frozen_namenode_hangs_no_request(server: Server, token: str, stack: RunningStack) -> None:
    before = ask(server, token)
    process = listener(stack, "HDFS_RPC_PORT")
    process.send_signal(signal.SIGSTOP)
    try:
        eventually(everywhere(server, token, lambda reply: reply.headers.get("X-Stale") == "true"), 15)
        stale = ask(server, token)
        assert (stale.status, stale.body) == (200, before.body)
        assert int(stale.headers["Age"]) >= 3
        assert ask(server, token, f"{METRIC}?as_of=1999-01-01").status == 503
        assert ask(server, token, "/api/health/").status == 503
    finally:
        process.send_signal(signal.SIGCONT)
    eventually(everywhere(server, token, lambda reply: "X-Stale" not in reply.headers))
    eventually(lambda: all(ask(server, token, "/api/health/").status == 200 for _ in range(10)))


def test_a_frozen_datanode_hangs_no_request_either(server: Server, token: str, stack: RunningStack) -> None:
    process = listener(stack, "HDFS_DATA_PORT")
    process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(4):
            assert ask(server, token, f"{METRIC}?as_of=1999-01-01").status == 503
            assert ask(server, token).status == 200
    finally:
        process.send_signal(signal.SIGCONT)
    eventually(lambda: ask(server, token, f"{METRIC}?as_of=1999-01-01").status == 404)


def test_a_killed_namenode_comes_back_without_a_restart_of_the_api(
    server: Server, token: str, stack: RunningStack
) -> None:
    workers = server.workers()
    listener(stack, "HDFS_RPC_PORT").kill()
    eventually(everywhere(server, token, lambda reply: reply.headers.get("X-Stale") == "true"), 15)
    eventually(everywhere(server, token, lambda reply: "X-Stale" not in reply.headers), 90)
    assert server.workers() == workers

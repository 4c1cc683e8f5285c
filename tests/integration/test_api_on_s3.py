"""The API in front of a real S3 server: its answers, and none that hangs while the server is frozen or killed."""

import signal
import sys
from collections.abc import Callable, Iterator

import api_answers
import psutil
import pytest
from api_live import Server
from stack import RunningStack
from test_api_on_hdfs import METRIC, ask, eventually, everywhere

from lakehouse import clients
from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

LAKE = "s3a://lakehouse/api"


@pytest.fixture(scope="module")
def server(s3_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = clients.environ(s3_stack.settings, s3_stack.environ)
    environ = {"PYTHONPATH": "jobs:tests", **found}
    command = ["env", *(f"{name}={value}" for name, value in environ.items())]
    done = s3_stack.run(*command, sys.executable, "-m", "sample_lake", LAKE)
    assert done.returncode == 0, done.stderr
    with Server(tmp_path_factory.mktemp("api"), LAKE, ROOT, **found) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.log_in("engineer", "--groups", "engineer", "analyst")["access"]


def store(stack: RunningStack) -> psutil.Process:
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
    return next(psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == stack.settings.ports["S3_PORT"])


def test_metrics_versions_and_queries_are_answered(server: Server, token: str) -> None:
    eventually(everywhere(server, token, lambda reply: reply.status == 200))
    newest = ask(server, token)
    assert newest.json()
    assert ask(server, token, f"{METRIC}?as_of=1").status in (200, 404)
    assert ask(server, token, "/api/query-table/?table=gold.status_code_counts").status == 200
    eventually(lambda: all(ask(server, token, "/api/health/").status == 200 for _ in range(10)))


@pytest.mark.parametrize("check", api_answers.CHECKS, ids=lambda check: check.__name__)
def test_every_way_of_asking_gives_what_was_sent(
    check: Callable[[Server, str], None], server: Server, token: str
) -> None:
    check(server, token)


def test_a_shell_is_answered_too(server: Server, s3_stack: RunningStack) -> None:
    words = [sys.executable, "jobs/sql.py", api_answers.SALES, "--format=csv"]
    done = s3_stack.run("env", f"LAKEHOUSE_URL={LAKE}", *words)
    assert done.returncode == 0, done.stderr
    assert api_answers.printed(done.stdout) == api_answers.sales()


def test_a_frozen_server_hangs_no_request(server: Server, token: str, s3_stack: RunningStack) -> None:
    before = ask(server, token)
    process = store(s3_stack)
    process.send_signal(signal.SIGSTOP)
    try:
        eventually(everywhere(server, token, lambda reply: reply.headers.get("X-Stale") == "true"), 15)
        stale = ask(server, token)
        assert (stale.status, stale.body) == (200, before.body)
        assert ask(server, token, f"{METRIC}?as_of=1999-01-01").status == 503
        assert ask(server, token, "/api/health/").status == 503
    finally:
        process.send_signal(signal.SIGCONT)
    eventually(everywhere(server, token, lambda reply: "X-Stale" not in reply.headers))


def test_a_killed_server_comes_back_without_a_restart_of_the_api(
    server: Server, token: str, s3_stack: RunningStack
) -> None:
    workers = server.workers()
    store(s3_stack).kill()
    eventually(everywhere(server, token, lambda reply: reply.headers.get("X-Stale") == "true"), 15)
    eventually(everywhere(server, token, lambda reply: "X-Stale" not in reply.headers), 90)
    assert server.workers() == workers

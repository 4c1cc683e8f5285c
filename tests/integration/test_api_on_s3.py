"""The API in front of a real S3 server: its answers, and none that hangs while the server is frozen or killed."""

import signal
import sys
from collections.abc import Callable, Iterator

import api_answers
import psutil
import pytest
import store_killed
from api_live import Server
from stack import RunningStack
from test_api_on_hdfs import METRIC, ask, eventually, everywhere

from lakehouse import clients
from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

LAKE = "s3a://lakehouse/api"


def python(stack: RunningStack, *words: str) -> None:
    """Run a module in the environment of the stack's store."""
    environ = {"PYTHONPATH": "jobs:tests", **clients.environ(stack.settings, stack.environ)}
    command = ["env", *(f"{name}={value}" for name, value in environ.items())]
    done = stack.run(*command, sys.executable, "-m", *words)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def server(s3_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = clients.environ(s3_stack.settings, s3_stack.environ)
    python(s3_stack, "sample_lake", LAKE)
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
    api_answers.a_shell_is_answered(s3_stack, LAKE)


@pytest.fixture(scope="module")
def large(server: Server, s3_stack: RunningStack) -> None:
    """Make silver.logs so large that it is read for a while."""
    python(s3_stack, "large_logs", LAKE, str(store_killed.ROWS), str(store_killed.FILES))


def test_an_export_is_whole_or_an_error_where_the_server_is_killed(
    large: None, server: Server, token: str, s3_stack: RunningStack
) -> None:
    store_killed.an_export(server, token, store(s3_stack).kill)


def test_a_shell_gets_all_rows_or_an_error_where_the_server_is_killed(
    large: None, server: Server, token: str, s3_stack: RunningStack
) -> None:
    store_killed.a_shell(s3_stack.environ | {"LAKEHOUSE_URL": LAKE}, store(s3_stack).kill)
    store_killed.wait_for_store(server, token)


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
        store_killed.while_frozen(server, token)
    finally:
        process.send_signal(signal.SIGCONT)
    eventually(everywhere(server, token, lambda reply: "X-Stale" not in reply.headers))
    eventually(lambda: {ask(server, token, route).status for route in store_killed.SLOTTED} == {200})


def test_a_killed_server_comes_back_without_a_restart_of_the_api(
    server: Server, token: str, s3_stack: RunningStack
) -> None:
    workers = server.workers()
    store(s3_stack).kill()
    eventually(everywhere(server, token, lambda reply: reply.headers.get("X-Stale") == "true"), 15)
    eventually(everywhere(server, token, lambda reply: "X-Stale" not in reply.headers), 90)
    assert server.workers() == workers

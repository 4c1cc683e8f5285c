"""Queries and catalogue on the real HDFS: answered, pinned, vacuumed, frozen, and back without a restart."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import api_answers
import pytest
import store_killed
from api_live import Reply, Server
from stack import RunningStack
from test_api_on_hdfs import eventually, listener

from lakehouse.settings import ROOT

pytestmark = pytest.mark.stack

QUERY = "/api/query-table/?table=silver.logs&limit=5&filter="
CATALOGUE = ("tables/", "tables/silver.logs/", "tables/gold.campaign_metrics/lineage/", "ledger/", "runs/")
# No answer may take longer, whatever the lake does; in seconds.
PATIENCE = 3.0
VACUUM = """
import sys, sample_lake
from lakehouse.lake import Lake
sample_lake.write_gold(sys.argv[1], "campaign_metrics", [], 1)
Lake(sys.argv[1]).open("gold.campaign_metrics").vacuum(0, dry_run=False, enforce_retention_duration=False)
"""


def python(stack: RunningStack, *words: str) -> None:
    environ = {"PYTHONPATH": "jobs:tests", "HADOOP_CONF_DIR": str(stack.settings.hadoop_conf)}
    done = stack.run("env", *(f"{name}={value}" for name, value in environ.items()), sys.executable, *words)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def server(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    lake = f"hdfs://{urlsplit(stack.settings.lake).netloc}/query-lake"
    python(stack, "-m", "sample_lake", lake, stack.settings.webhdfs)
    hadoop = {"HADOOP_CONF_DIR": str(stack.settings.hadoop_conf), "WEBHDFS_URL": stack.settings.webhdfs}
    with Server(tmp_path_factory.mktemp("api"), lake, ROOT, **hadoop) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.log_in("engineer", "--groups", "engineer", "analyst")["access"]


def ask(server: Server, token: str, path: str) -> Reply:
    """Ask once, and hold the answer to the clock."""
    started = time.monotonic()
    answer = server.get(path, token)
    assert time.monotonic() - started < PATIENCE
    return answer


def test_a_filter_is_answered_page_by_page(server: Server, token: str) -> None:
    path = QUERY + quote("status >= 300 AND time > TIMESTAMP '2024-10-01 00:00:00'")
    first = ask(server, token, path)
    assert first.status == 200, first.body
    assert len(first.json()["ResultSet"]["Rows"]) == 6
    second = ask(server, token, f"{path}&page={quote(first.headers['X-Next-Page'])}")
    assert len(second.json()["ResultSet"]["Rows"]) == 6
    assert second.body != first.body


@pytest.mark.parametrize("route", CATALOGUE)
def test_the_catalogue_is_read_from_hdfs(route: str, server: Server, token: str) -> None:
    answer = ask(server, token, f"/api/{route}")
    assert answer.status == 200, answer.body
    assert answer.json()


@pytest.mark.parametrize("check", api_answers.CHECKS, ids=lambda check: check.__name__)
def test_every_way_of_asking_gives_what_was_sent(
    check: Callable[[Server, str], None], server: Server, token: str
) -> None:
    check(server, token)


def test_a_shell_is_answered_too(server: Server, stack: RunningStack) -> None:
    api_answers.a_shell_is_answered(stack, server.environ["LAKEHOUSE_URL"])


@pytest.fixture(scope="module")
def large(server: Server, stack: RunningStack) -> str:
    """Make silver.logs so large that it is read for a while, and return the lake."""
    lake = server.environ["LAKEHOUSE_URL"]
    python(stack, "-m", "large_logs", lake, str(store_killed.ROWS), str(store_killed.FILES))
    return lake


@pytest.mark.long
def test_an_export_is_whole_or_an_error_where_the_datanode_is_killed(
    large: str, server: Server, token: str, stack: RunningStack
) -> None:
    store_killed.an_export(server, token, listener(stack, "HDFS_DATA_PORT").kill)


@pytest.mark.long
def test_a_shell_gets_all_rows_or_an_error_where_the_datanode_is_killed(
    large: str, server: Server, token: str, stack: RunningStack
) -> None:
    store_killed.a_shell(stack.environ | {"LAKEHOUSE_URL": large}, listener(stack, "HDFS_DATA_PORT").kill)
    store_killed.wait_for_store(server, token)


@pytest.mark.long
def test_a_frozen_datanode_hangs_no_export_no_question_and_no_sql(
    server: Server, token: str, stack: RunningStack
) -> None:
    process = listener(stack, "HDFS_DATA_PORT")
    process.send_signal(signal.SIGSTOP)
    try:
        store_killed.while_frozen(server, token)
    finally:
        process.send_signal(signal.SIGCONT)
    store_killed.wait_for_store(server, token)
    eventually(lambda: {ask(server, token, route).status for route in store_killed.SLOTTED} == {200})


def test_a_page_of_a_vacuumed_version_is_410(server: Server, token: str, stack: RunningStack) -> None:
    path = "/api/query-table/?table=gold.campaign_metrics&limit=1"
    page = ask(server, token, path).headers["X-Next-Page"]
    python(stack, "-c", VACUUM, server.environ["LAKEHOUSE_URL"])
    assert ask(server, token, f"{path}&page={quote(page)}").status == 410
    older = ask(server, token, f"{path}&as_of=1")
    assert older.status == 404
    assert "from version 2" in older.json()["detail"]


def test_a_frozen_namenode_hangs_no_request_and_slots_come_back(
    server: Server, token: str, stack: RunningStack
) -> None:
    process, path = listener(stack, "HDFS_RPC_PORT"), QUERY + quote("status = 200")
    process.send_signal(signal.SIGSTOP)
    try:
        assert [ask(server, token, path).status for _ in range(3)] == [503, 503, 429]
        assert [ask(server, token, f"/api/{route}").status for route in CATALOGUE] == [503] * len(CATALOGUE)
    finally:
        process.send_signal(signal.SIGCONT)
    eventually(lambda: ask(server, token, path).status == 200)
    assert [ask(server, token, f"/api/{route}").status for route in CATALOGUE] == [200] * len(CATALOGUE)

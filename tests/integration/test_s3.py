"""The lake on a real S3 server: one writer wins, the chain is exact, and nothing is lost where the server goes away."""

import re
import signal
import socket
import socketserver
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import lock_cases
import psutil
import pytest
import storage_cases
import store_bytes
from chain import Chain, check, hadoop_conf, make_chain
from deltalake import DeltaTable
from stack import RunningStack
from test_kills import frozen, reached, untraced
from waiting import wait_until

from docker.native import ready
from lakehouse import clients, crash
from lakehouse.errors import ServiceError
from lakehouse.lake import Lake, log, scan
from producers.plan import Plan

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

RACES, RUNNERS = 40, 4


@pytest.fixture(scope="module")
def chain(s3_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with hadoop_conf(s3_stack):
        made = make_chain(s3_stack, "s3", tmp_path_factory.mktemp("inbox"))
        made.files(1000, 1)
        made.messages(Plan("ad_campaigns", 1, 1000))
        result = made.job()
        assert result.returncode == 0, result.stdout
        yield made


@pytest.fixture
def lake(s3_stack: RunningStack, tmp_path: Path) -> Iterator[Lake]:
    """Give a lake of the server that no other test has."""
    with hadoop_conf(s3_stack):
        yield Lake(f"s3a://others/{tmp_path.name}")


def test_files_are_written_read_and_deleted(lake: Lake, tmp_path: Path) -> None:
    storage_cases.files_are_written_read_and_deleted(lake, tmp_path)
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 50_000)  # more than a part
    lake.files.upload(large, f"{lake.url}/large")
    assert lake.files.read(f"{lake.url}/large") == large.read_bytes()


def test_of_several_that_make_a_file_one_does(lake: Lake) -> None:
    storage_cases.a_file_is_made_once(lake)
    others = [Lake(lake.url).files for _ in range(RUNNERS)]
    with ThreadPoolExecutor(RUNNERS) as pool:
        for race in range(RACES):
            url = f"{lake.url}/races/{race}"
            assert sum(pool.map(lambda files, url=url: files.create(url, b"the same of all"), others)) == 1


class BusyServer(socketserver.StreamRequestHandler):
    """Hands a request on to the server behind it, and says 503 of the first one, whatever the server did."""

    behind: ClassVar[tuple[str, int]]
    answered: ClassVar[list[bytes]]

    def handle(self) -> None:
        head = b"".join(iter(self.rfile.readline, b"\r\n"))
        length = re.search(rb"(?i)^content-length: (\d+)", head, re.M)
        body = self.rfile.read(int(length[1]) if length else 0)
        with socket.create_connection(self.behind) as server:
            server.sendall(head + b"\r\n" + body)
            with server.makefile("rb") as answer:
                told = b"".join(iter(answer.readline, b"\r\n"))
                size = re.search(rb"(?i)^content-length: (\d+)", told, re.M)
                rest = answer.read(int(size[1]) if size else 0) if not head.startswith(b"HEAD") else b""
        self.answered.append(told.split(b" ")[1])
        if len(self.answered) == 1:
            told, rest = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n", b""
        self.wfile.write(told + b"Connection: close\r\n\r\n" + rest)


def test_a_request_that_is_sent_again_finds_that_it_made_the_file(
    lake: Lake, s3_stack: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    BusyServer.behind, BusyServer.answered = ("127.0.0.1", s3_stack.settings.ports["S3_PORT"]), []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), BusyServer) as busy:
        threading.Thread(target=busy.serve_forever, daemon=True).start()
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{busy.server_address[1]}")
            assert Lake(lake.url).files.create(f"{lake.url}/once", b"mine")
            assert BusyServer.answered[:2] == [b"200", b"412"]
            assert not Lake(lake.url).files.create(f"{lake.url}/once", b"mine")
        busy.shutdown()


def test_a_bucket_that_is_not_there_and_keys_that_are_wrong_are_named(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match="S3 has no bucket none-of-these"):
        Lake("s3a://none-of-these/lake").files.list("s3a://none-of-these/lake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ServiceError, match="S3 refuses the keys"):
        Lake(lake.url).files.create(f"{lake.url}/a", b"")


def test_the_writers_lock_is_one(lake: Lake, s3_stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    found = clients.environ(s3_stack.settings, s3_stack.environ)
    environ = s3_stack.environ | found | {"LAKEHOUSE_URL": lake.url}
    lock_cases.a_running_holder_is_named(lake, environ)
    lock_cases.a_killed_holder_is_taken_over_at_once(lake, environ)
    lock_cases.a_stopped_holder_is_taken_over_and_writes_nothing_when_it_goes_on(lake, environ, monkeypatch)


def test_what_deltalake_commits_by_itself_overwrites_no_commit(lake: Lake) -> None:
    lake.make_tables()
    name = "ledger.files"
    opened, address = DeltaTable(lake.address(name)), lake.address(name)
    assert log.append(lake.files, address, 1, [], "ours")
    opened.alter.set_table_properties({"delta.appendOnly": "false"})
    commits = [lake.commit_of(name, version) for version in (1, 2)]
    assert commits[0] is not None
    assert commits[1] is not None
    assert next(action for action in commits[0] if "commitInfo" in action)["commitInfo"]["userMetadata"] == "ours"
    assert any("metaData" in action for action in commits[1])


def test_the_chain_is_exact_and_a_run_without_news_changes_nothing(chain: Chain) -> None:
    check(chain)
    before = chain.versions()
    assert chain.job().returncode == 0
    assert chain.versions() == before


def test_the_keys_are_for_their_owner_alone(s3_stack: RunningStack) -> None:
    for name in ("credentials", "identities.json"):
        assert stat.S_IMODE((s3_stack.settings.stack_home / "s3" / name).stat().st_mode) == 0o600


def test_every_command_works_on_it(chain: Chain, tmp_path: Path) -> None:
    columns = ["source", "source_id", "position"]
    record = map(str, scan.read(chain.lake.open("silver.logs"), columns).to_pylist()[0].values())
    for command in (
        ("jobs/balance.py",),
        ("jobs/balance.py", "--source", "*"),
        ("jobs/runs.py",),
        ("jobs/quarantine.py",),
        ("jobs/sql.py", "SELECT count(*) AS n FROM silver.logs"),
        ("jobs/passport.py", "record", *record),
        ("viz/plot_silver.py", "--out", str(tmp_path)),
        ("viz/plot_gold.py", "--out", str(tmp_path)),
        ("jobs/maintain.py",),
        ("jobs/restore.py", "table", "silver.logs", "0"),
    ):
        result = chain.run(sys.executable, *command)
        assert result.returncode == 0, (command, result.stdout, result.stderr)
    assert len(list(tmp_path.glob("*.png"))) == 8
    assert chain.job().returncode == 0
    check(chain)


def test_each_dataset_may_have_a_bucket_of_its_own(s3_stack: RunningStack, tmp_path: Path) -> None:
    with hadoop_conf(s3_stack):
        made = make_chain(s3_stack, "four", tmp_path, LAKEHOUSE_DATASET_URL="s3a://kafka-ing-{dataset}/lake")
        # The server may refuse the first file of a bucket that it has just made for it.
        wait_until(lambda: not ready.s3(made.settings), 30, "the buckets are not served", 0.5)
        made.files(100, 5, 0.1)
        result = made.job("pipeline", **{crash.VARIABLE: "silver.social_data.before_commit"})
        assert result.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), result.stdout
        result = made.job()
        assert result.returncode == 0, result.stdout
        assert {name: rows for name, rows in made.answers().items() if name != "campaign_metrics"} == {
            name: rows for name, rows in made.sent.answers().items() if name != "campaign_metrics"
        }
        layers = {path.split("/")[0] for path in made.lake.files.list(made.lake.url)}
        assert layers == {"gold", "ledger", "_writer"}
        for dataset in ("transactions", "logs", "social-data", "ad-campaigns"):
            found = made.lake.files.list(f"s3a://kafka-ing-{dataset}/lake")
            assert {path.split("/")[0] for path in found} == {"bronze", "silver"}
        for command in ("jobs/balance.py", "jobs/maintain.py", "viz/plot_silver.py"):
            result = made.run(sys.executable, command)
            assert result.returncode == 0, result.stderr


def server(chain: Chain) -> psutil.Process:
    """Return the process of the S3 server, by the port that it listens on."""
    port = chain.settings.ports["S3_PORT"]
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
    return next(psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == port)


def feed(chain: Chain, seed: int) -> None:
    chain.files(150, seed, 0.02)
    chain.messages(Plan("ad_campaigns", seed, 500, 0.02))


def goes_on(chain: Chain) -> None:
    """Assert that the server comes back by itself, and that the next run brings all that was sent to gold, once."""
    wait_until(lambda: not ready.s3(chain.settings), 60, "the server does not come back")
    result = chain.job()
    assert result.returncode == 0, result.stdout
    check(chain)


def test_a_pipeline_killed_at_points_of_each_layer_goes_on(chain: Chain) -> None:
    feed(chain, 10)
    # Datasets follow side by side: of one of them, each next run comes to the next point.
    for point in ("bronze.logs.after_data", "bronze.ad_campaigns.before_commit", "silver.ad_campaigns.after_commit"):
        result = chain.job(**{crash.VARIABLE: point})
        assert result.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), result.stdout
        untraced(result.stdout + result.stderr)
    goes_on(chain)


def at_step(chain: Chain, seed: int, step: str) -> "subprocess.Popen[str]":
    """Start a pipeline on new records, and return it when it has come to a step or to its end."""
    feed(chain, seed)
    has_reached = reached(chain, step)
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py")
    wait_until(lambda: has_reached() or process.poll() is not None, 240, "the step does not come")
    return process


@pytest.mark.parametrize("step", ["landing", "silver"])
def test_a_killed_server_is_named_or_waited_for(chain: Chain, step: str) -> None:
    process = at_step(chain, 20 + len(step), step)
    server(chain).kill()
    output, _ = process.communicate(timeout=240)
    untraced(output)
    if process.returncode:
        assert process.returncode == 1
        assert "s3" in output.strip().splitlines()[-1].lower()
    goes_on(chain)


@pytest.mark.parametrize("step", ["landing", "silver"])
def test_a_frozen_server_ends_a_run_within_two_minutes(chain: Chain, step: str) -> None:
    process = at_step(chain, 30 + len(step), step)
    with frozen(server(chain)):
        output, _ = process.communicate(timeout=120)
    untraced(output)
    assert process.returncode == 1
    assert "s3" in output.strip().splitlines()[-1].lower()
    goes_on(chain)


def test_what_is_forgotten_is_in_no_object(chain: Chain) -> None:
    key = str(chain.sent.records["transactions"][0]["TransactionID"])
    assert store_bytes.holding(chain.lake, key.encode())
    result = chain.run("jobs/submit.sh", "jobs/forget.py", "transactions", KEY=key)
    assert result.returncode == 0, result.stdout
    assert not store_bytes.holding(chain.lake, key.encode())

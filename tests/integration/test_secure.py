"""The profile `secure`: the chain with TLS, passwords and users; who does not belong there is refused and told why."""

import contextlib
import getpass
import json
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import psutil
import pytest
from chain import Chain, check, hadoop_conf
from hdfs import HdfsError, InsecureClient
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from stack import RunningStack, make_stack, serving

from lakehouse.lake.scan import read
from lakehouse.lake.schemas import tables
from producers.plan import Plan

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with serving(make_stack(tmp_path_factory.mktemp("secure"), PROFILE="secure")) as made:
        yield made


@pytest.fixture(scope="module")
def chain(secure: RunningStack) -> Iterator[Chain]:
    with hadoop_conf(secure):
        yield Chain(secure, secure.settings, secure.environ)


@pytest.fixture(scope="module")
def authority(secure: RunningStack) -> Path:
    return secure.settings.stack_home / "secrets" / "ca.pem"


def passwords(stack: RunningStack) -> list[str]:
    return [path.read_text() for path in (stack.settings.stack_home / "secrets").glob("*.password")]


def command_lines(process: "subprocess.Popen[str]") -> str:
    """Return all command lines of the machine while a process runs."""
    seen: set[str] = set()
    while process.poll() is None:
        seen |= {" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])}
        time.sleep(0.2)
    return "\n".join(seen)


def test_the_chain_is_exact_and_tells_no_password(chain: Chain) -> None:
    chain.files(1000, 42, 0.02)
    chain.messages(Plan("ad_campaigns", 42, 1000, 0.02))
    job = chain.start("jobs/submit.sh", "jobs/pipeline.py")
    lines = command_lines(job)
    output = job.communicate()[0]
    assert job.returncode == 0, output
    assert "pipeline.py" in lines
    check(chain)
    words, home = passwords(chain.stack), chain.settings.stack_home
    assert len(words) == 2
    assert all(len(word) > 20 for word in words)
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_relative_to(home / "secrets")]
    told = [lines, output]
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # a DataNode moves a block when it is complete
            told.append(path.read_bytes().decode("latin-1"))
    told += [str(read(chain.lake.open(name)).to_pylist()) for name in tables()]
    assert len(told) > 50
    assert not [word for word in words for text in told if word in text]
    assert not [path for path in (home / "secrets").iterdir() if path.stat().st_mode & 0o077]


def test_readers_read_and_cannot_write(chain: Chain) -> None:
    done = chain.run("python", "jobs/balance.py")
    assert done.returncode == 0, done.stderr
    address, gold = chain.settings.webhdfs, "/lake/gold"
    reader, stranger = (InsecureClient(address, user=user) for user in (chain.settings.hdfs_reader, "stranger"))
    assert "status_code_counts" in reader.list(gold)
    writes: tuple[Callable[[], object], ...] = (
        lambda: reader.write(f"{gold}/x", b"x"),
        lambda: reader.delete(f"{gold}/status_code_counts", recursive=True),
        lambda: reader.rename(f"{gold}/status_code_counts", f"{gold}/away"),
        lambda: stranger.list("/lake"),
        lambda: stranger.makedirs("/own"),
    )
    for write in writes:
        with pytest.raises(HdfsError, match="Permission denied"):
            write()
    refused = chain.run("jobs/submit.sh", "jobs/gold.py", HADOOP_USER_NAME=chain.settings.hdfs_reader)
    assert refused.returncode == 1
    assert "Permission denied" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert InsecureClient(address, user=getpass.getuser()).status(gold)["owner"] == chain.settings.hdfs_user


def test_a_wrong_password_is_named_and_not_told(chain: Chain) -> None:
    before = chain.versions()
    for command in (["jobs/submit.sh", "jobs/bronze.py"], ["python", "-m", "producers.produce", "--rows", "10"]):
        result = chain.run(*command, KAFKA_SASL_PASSWORD="not-the-password")
        told = result.stdout + result.stderr
        assert result.returncode == 1, told
        assert "does not let 'lakehouse' in. Set KAFKA_SASL_USERNAME" in told
        assert "Traceback" not in told
        assert "not-the-password" not in told
    assert chain.versions() == before


def test_a_client_without_tls_or_login_is_refused(chain: Chain, authority: Path) -> None:
    limits = {"bootstrap_timeout_ms": 3000, "request_timeout_ms": 3000}
    for options in ({"security_protocol": "PLAINTEXT"}, {"security_protocol": "SSL", "ssl_cafile": str(authority)}):
        with pytest.raises(KafkaError):
            KafkaAdminClient(bootstrap_servers=chain.settings.kafka, **options, **limits)
    result = chain.job("bronze", KAFKA_SECURITY_PROTOCOL="PLAINTEXT")
    assert result.returncode == 1
    assert "speaks TLS, against KAFKA_SECURITY_PROTOCOL=PLAINTEXT" in result.stdout


def test_the_controller_wants_a_certificate(chain: Chain, authority: Path) -> None:
    context = ssl.create_default_context(cafile=authority)
    port = chain.settings.ports["KAFKA_CONTROLLER_PORT"]
    with (
        socket.create_connection(("localhost", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
        pytest.raises(ssl.SSLError, match=r"certificate required|bad certificate"),
    ):
        connection.recv(1)


def test_the_api_speaks_tls_alone(chain: Chain, authority: Path, tmp_path: Path) -> None:
    user = tmp_path / "user.json"
    words = ("create_user", "--username", "ada", "--random-password", "--write", str(user))
    assert chain.run("python", "api/manage.py", *words).returncode == 0
    started = chain.stack.command("start-api")
    assert started.returncode == 0, started.stdout + started.stderr
    login = json.loads(user.read_text())
    assert login["url"].startswith("https://")
    trust = ssl.create_default_context(cafile=authority)
    body = json.dumps({name: login[name] for name in ("username", "password")}).encode()
    request = urllib.request.Request(f"{login['url']}/api/token/", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, context=trust, timeout=20) as answer:
        token = json.load(answer)["access"]
        assert "Strict-Transport-Security" in answer.headers
    request = urllib.request.Request(
        f"{login['url']}/api/status-code-counts/", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, context=trust, timeout=20) as answer:
        counts = {row["status_code"]: row["count_requests"] for row in json.load(answer)}
    assert counts == chain.sent.answers()["status_code_counts"]
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{login['url']}/api/health/", timeout=20)
    with pytest.raises((URLError, ConnectionError, HTTPException)):
        urllib.request.urlopen(login["url"].replace("https", "http") + "/api/health/", timeout=20)


def test_what_others_left_in_the_lake_becomes_its_writers_own(chain: Chain) -> None:
    superuser = InsecureClient(chain.settings.webhdfs, user=getpass.getuser())
    superuser.write("/lake/silver/left/file", b"x", permission="666")
    superuser.set_permission("/lake/silver/left", "777")
    started = chain.stack.command("up")
    assert started.returncode == 0, started.stderr
    for path in ("/lake/silver/left", "/lake/silver/left/file"):
        status = superuser.status(path)
        assert (status["owner"], status["permission"][-1]) == (chain.settings.hdfs_user, "0")
    superuser.delete("/lake/silver/left", recursive=True)

"""Whether the services really serve: asked of each one, never guessed from the time that has passed."""

import contextlib
import json
import logging
import re
import socket
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from getpass import getuser
from typing import Any

from hdfs import HdfsError, InsecureClient
from kafka import KafkaAdminClient
from requests import RequestException

from lakehouse import clients, connection
from lakehouse.errors import ServiceError
from lakehouse.lake import Lake
from lakehouse.settings import Settings

PATIENCE = 180.0


def _told(port: int, path: str) -> dict[str, Any]:
    """Return the JSON object that a daemon answers with; an empty one without an answer."""
    try:
        with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=5) as answer:
            return dict(json.load(answer))
    except (OSError, ValueError):
        return {}


def namenode(settings: Settings) -> dict[str, Any]:
    """Return the NameNode's own account of itself (`FSState`, `NumLiveDataNodes`, …); empty without an answer."""
    query = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
    beans: list[dict[str, Any]] = _told(settings.ports["HDFS_HTTP_PORT"], query).get("beans", [])
    return beans[0] if beans else {}


def hdfs(settings: Settings) -> str:
    """Return an empty text when HDFS has written, read and deleted a probe file, else what is still missing."""
    state = namenode(settings)
    if not state:
        return "the NameNode does not answer"
    if state["FSState"] != "Operational":
        return "the NameNode is in safe mode"
    live, wanted = state["NumLiveDataNodes"], len(_ports(settings, "HDFS_DATA"))
    if live < wanted:
        return f"{live} of {wanted} DataNodes have reported"
    client = superuser(settings)
    path, content = "/.probe", b"ready"
    try:
        client.write(path, content, overwrite=True)
        with client.read(path) as reader:
            back = reader.read()
        client.delete(path)
    except (HdfsError, RequestException, OSError) as error:
        return f"a probe file could not be written and read ({(str(error).splitlines() or [type(error).__name__])[0]})"
    return "" if back == content else "a probe file came back changed"


def superuser(settings: Settings) -> InsecureClient:
    """Return a client of the local HDFS as who started it: HDFS lets that user do everything."""
    return InsecureClient(f"http://localhost:{settings.ports['HDFS_HTTP_PORT']}", user=getuser(), timeout=10)


def s3(settings: Settings) -> str:
    """Return an empty text when each bucket of the lake has held a probe file, else what is still missing.

    The server makes a bucket when its first file comes.
    """
    if not _listens(settings.ports["S3_PORT"]):
        return "the S3 server does not listen yet"
    clients.prepare(settings)
    files, content = Lake.of(settings).files, uuid.uuid4().hex.encode()
    for url in (f"{root}/.probe" for root in Lake.of(settings).roots):
        try:
            files.replace(url, content)
            back = files.read(url)
            files.delete(url)
        except ServiceError as error:
            return f"a probe file could not be written and read ({error})"
        if back != content:
            return "a probe file came back changed"
    return ""


def _ports(settings: Settings, service: str) -> list[int]:
    """Return the ports of all daemons of one kind: of `KAFKA`, those of KAFKA_PORT, KAFKA2_PORT and so on."""
    return [port for name, port in settings.ports.items() if re.fullmatch(rf"{service}\d*_PORT", name)]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def admin(settings: Settings) -> KafkaAdminClient:
    """Return an admin client of the local brokers; raises a KafkaError where none answers within seconds."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it warns at each try; what it says is told by us
    return KafkaAdminClient(
        bootstrap_servers=[f"localhost:{port}" for port in _ports(settings, "KAFKA")],
        **connection.client() | {"request_timeout_ms": 5000, "bootstrap_timeout_ms": 5000},
    )


def kafka(settings: Settings) -> str:
    """Return an empty text when a broker describes its cluster with all of them in it, else what is still missing."""
    ports = _ports(settings, "KAFKA")
    if not any(map(_listens, ports)):
        return "the broker does not listen yet"
    try:
        with contextlib.closing(admin(settings)) as client:
            count = len(client.describe_cluster()["brokers"])
    except Exception as error:  # kafka-python raises plain exceptions of many kinds while a broker comes up
        return f"the broker does not answer ({type(error).__name__})"
    return "" if count == len(ports) else f"{count} of {len(ports)} brokers have registered"


def cluster_metrics(settings: Settings) -> dict[str, int]:
    """Return the ResourceManager's own account of its cluster (`activeNodes`, `appsRunning`, …); empty without one."""
    return dict(_told(settings.ports["YARN_HTTP_PORT"], "/ws/v1/cluster/metrics").get("clusterMetrics", {}))


def yarn(settings: Settings) -> str:
    """Return an empty text when all NodeManagers are active, else what is still missing."""
    metrics, wanted = cluster_metrics(settings), len(_ports(settings, "YARN_NODE"))
    if not metrics:
        return "the ResourceManager does not answer"
    active = metrics["activeNodes"]
    return "" if active == wanted else f"{active} of {wanted} NodeManagers are active"


def sql(settings: Settings) -> str:
    """Return an empty text when the SQL server listens, which it does once it knows its tables."""
    return "" if _listens(settings.ports["SQL_PORT"]) else "the SQL server does not listen yet"


def api(settings: Settings) -> str:
    """Return an empty text when the API's health route answers, with whatever health, else what is still missing."""
    try:
        with urllib.request.urlopen(f"{settings.api_url}/api/health/", timeout=5, context=settings.api_trust):
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code == 503 else f"the health route answers with status {error.code}"
    except OSError:
        return "the API does not answer"


def wait(
    check: Callable[[], str], guard: Callable[[], None], show: Callable[[str], None], patience: float = PATIENCE
) -> None:
    """Ask `check` until it returns an empty text.

    `guard` is called before each try and raises when waiting has become pointless; `show` is told what is missing.
    Raises ServiceError when the patience (in seconds) is over.
    """
    deadline = time.monotonic() + patience
    while True:
        guard()
        lacking = check()
        if not lacking:
            return
        if time.monotonic() > deadline:
            raise ServiceError(f"Gave up after {patience:.0f} s: {lacking}.")
        show(lacking)
        time.sleep(0.1)

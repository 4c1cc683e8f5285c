"""The services that are struck: found by their ports, let go on, and given no room."""

from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import requests

from chaos.strikes import SERVICES
from lakehouse.settings import Settings


def daemon(settings: Settings, service: str) -> psutil.Process | None:
    """Return the process of a service by the port that it listens on, None where it is just starting."""
    port = settings.ports[SERVICES[settings.profile][service]]
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
    return next((psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == port), None)


def let_go(process: psutil.Process) -> None:
    """Let a frozen process go on, if it is still there."""
    with suppress(psutil.NoSuchProcess):
        process.resume()


def limit_hdfs(settings: Settings, *, is_full: bool) -> None:
    """Let the lake's folder take no more bytes, or as many as there is room for: a quota, as an administrator's."""
    url = f"{settings.webhdfs}/webhdfs/v1{urlsplit(settings.lake).path}"
    asked = {"op": "SETQUOTA", "storagespacequota": 1 if is_full else -1, "user.name": psutil.Process().username()}
    requests.put(url, params=asked, timeout=10).raise_for_status()

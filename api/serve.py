"""The API server, Django behind granian: `PYTHONPATH=api:jobs python api/serve.py`, on loopback only.

`--host` is for a container, whose port is published on the host's loopback interface alone.
"""

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

API = Path(__file__).resolve().parent
sys.path[:0] = [str(API), str(API.parent / "jobs")]

from granian.constants import HTTPModes, Interfaces, SSLProtocols  # noqa: E402
from granian.http import HTTP1Settings  # noqa: E402
from granian.server import MPServer  # noqa: E402

from config import environment, logs  # noqa: E402 # the path above comes first
from lakehouse import imports  # noqa: E402
from lakehouse.errors import LakehouseError  # noqa: E402
from lakehouse.logs import tell  # noqa: E402
from lakehouse.settings import load  # noqa: E402

# Milliseconds in which the head of a request must have arrived, and the most bytes that it, or what a client has not
# read yet of a file, takes in memory.
HEAD, BUFFER = 10_000, 64 << 10
# Connections that a worker process keeps.
CONNECTIONS = 2_048
# Seconds that a worker has to end after it was asked to; clients that read slowly are cut off then.
ENDING = 5


def server(host: str, port: int, workers: int, tls: tuple[Path, Path] | None = None) -> MPServer:
    """Return the server, with the files of certificate and key for TLS; nobody in front is believed about addresses."""
    certificate, key = tls or (None, None)
    return MPServer(
        "config.rsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD, max_buffer_size=BUFFER),
        websockets=False,
        workers=workers,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=ENDING,
        log_dictconfig=logs.GRANIAN,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
    )


def main() -> None:
    """Bring secrets and database up to date, then serve; ends with the reason where that fails."""
    parser = argparse.ArgumentParser(prog="serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    host = parser.parse_args().host
    try:
        settings, tls = load(), environment.load().tls
    except LakehouseError as error:
        tell("", error)
        sys.exit(error.exit_code)
    migrate = [sys.executable, str(API / "manage.py"), "migrate", "--no-input", "--verbosity", "0"]
    if code := subprocess.run(migrate, check=False).returncode:
        sys.exit(code)
    (settings.stack_home / "api" / "newest").unlink(missing_ok=True)
    shutil.rmtree(settings.stack_home / "api" / "exports", ignore_errors=True)
    shutil.rmtree(settings.stack_home / "api" / "requests", ignore_errors=True)
    # What libraries load where it is there: pandas and numpy by pyarrow (50 and 11 MB a worker), a PostgreSQL driver
    # by the REST framework (9 MB), cryptography by PyJWT for signatures that no token here has (10 MB). Polars (24 MB)
    # judges records, which no request does.
    imports.keep_out("pandas", "numpy", "psycopg", "cryptography", "polars")
    # glibc keeps a heap for each thread and gives little of them back; two are enough (mallopt's M_ARENA_MAX).
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(-8, 2)
    os.chdir(API)
    server(host, settings.ports["API_PORT"], settings.api_workers, tls).serve()


if __name__ == "__main__":
    main()

"""The API server: `gunicorn --config api/gunicorn.conf.py`, on loopback only."""

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

API = Path(__file__).resolve().parent
sys.path[:0] = [str(API), str(API.parent / "jobs")]

from config.logs import GUNICORN  # noqa: E402 # the path above comes first
from lakehouse import without_pandas  # noqa: E402
from lakehouse.errors import LakehouseError  # noqa: E402
from lakehouse.settings import load  # noqa: E402

without_pandas.keep_out()

try:
    _settings = load()
except LakehouseError as error:
    sys.exit(str(error))

wsgi_app = "config.wsgi:application"
bind = f"127.0.0.1:{_settings.ports['API_PORT']}"
workers = _settings.api_workers
worker_class = "config.worker.Worker"
threads = 16
keepalive = 30
timeout = 60
graceful_timeout = 5
# Handles of deltalake do not survive a fork: each worker loads the application and opens its own.
preload_app = False
control_socket_disable = True
limit_request_line = 8190
limit_request_field_size = 8190
limit_request_fields = 50
logconfig_dict = GUNICORN
# Nobody in front is believed about addresses.
forwarded_allow_ips = ""
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None


# glibc keeps a heap for each thread and gives little of them back; two are enough (mallopt's M_ARENA_MAX).
if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
    ctypes.CDLL(None).mallopt(-8, 2)


def on_starting(_server: Any) -> None:
    """Bring secrets and database up to date before the first worker starts; stop with the reason where it fails."""
    done = subprocess.run([sys.executable, str(API / "manage.py"), "prepare"], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def post_worker_init(_worker: Any) -> None:
    """Open the lake, after the fork."""
    from lakes import refresher

    refresher.current()

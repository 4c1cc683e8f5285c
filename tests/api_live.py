"""The real server for tests: granian with its workers on a free port, with a state folder of its own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Reply:
    """An answer of the server."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """granian in front of a lake; `with Server(home, lake) as server:` stops it at the end."""

    def __init__(self, home: Path, lake: str, root: Path = ROOT, **environ: str) -> None:
        self.home, self.port, self.root = home, free_port(), root
        home.mkdir(parents=True, exist_ok=True)
        self.environ = {
            **os.environ,
            "STACK_HOME": str(home),
            "LAKEHOUSE_URL": lake,
            "API_PORT": str(self.port),
            "API_WORKERS": "2",
            **environ,
        }
        # Of the tests' own Django: a server finds out by itself where its workers count.
        self.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        self.log = home / "api.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Server":
        command = [sys.executable, "api/serve.py"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.get("/api/health/").status in (200, 503)
        except OSError:
            return False

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def manage(self, *command: str) -> str:
        """Run a command of manage.py beside the server, and return what it says."""
        done = subprocess.run(
            [sys.executable, "api/manage.py", *command],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    def request(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send one request on a connection of its own, so that any worker may take it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = None if body is None else json.dumps(body)
            kind = {"Content-Type": "application/json"} if data else {}
            connection.request(method, path, data, {**kind, **(headers or {})})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, token: str = "") -> Reply:
        return self.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})

    def log_in(self, name: str = "demo", *options: str) -> dict[str, str]:
        """Make a user and return a pair of tokens for it."""
        path = self.home / f"{name}.json"
        self.manage("create_user", "--username", name, "--random-password", "--write", str(path), *options)
        kept = json.loads(path.read_text())
        pair: dict[str, str] = self.request(
            "POST", "/api/token/", {"username": name, "password": kept["password"]}
        ).json()
        return pair

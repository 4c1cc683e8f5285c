"""A real API server on the sample lake, and a real Chromium that looks at its page."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from lakehouse.settings import ROOT

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/api/health/")
        return connection.getresponse().status in (200, 503)
    except OSError:
        return False
    finally:
        connection.close()


@dataclass(frozen=True)
class Served:
    """Where a server answers, and the folder that holds its log and its users' passwords."""

    url: str
    home: Path

    def password(self, name: str) -> str:
        return str(json.loads((self.home / f"{name}.json").read_text())["password"])


@contextmanager
def server(lake: str, home: Path, users: dict[str, list[str]], **settings: str) -> Iterator[Served]:
    """Run the API on a lake with users, each with the groups given."""
    port = free_port()
    environ = os.environ | {
        "LAKEHOUSE_URL": lake,
        "STACK_HOME": str(home),
        "API_PORT": str(port),
        "API_WORKERS": "1",
        "API_LOGIN_RATE": "1000",
        **settings,
    }
    for name, groups in users.items():
        command = ["create_user", "--username", name, "--groups", *groups, "--random-password"]
        kept = ["--write", str(home / f"{name}.json")]
        subprocess.run(
            [sys.executable, "api/manage.py", *command, *kept], cwd=ROOT, env=environ, check=True, capture_output=True
        )
    log = home / "server.log"
    command = [sys.executable, "-m", "gunicorn", "--config", "api/gunicorn.conf.py"]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, f"the server does not answer: {log.read_text()}"
            time.sleep(0.05)
        yield Served(f"http://localhost:{port}", home)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def chromium(dark: bool = False) -> Iterator[webdriver.Chrome]:
    """Run Chromium with a profile of its own; the test is skipped where it is not installed."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("Chromium is not installed: apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1280,1000"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield browser
        finally:
            browser.quit()

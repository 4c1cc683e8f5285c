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
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver import Keys
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from lakehouse.settings import ROOT

NAME = "grace"
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
    command = [sys.executable, "api/serve.py"]
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
def chromium() -> Iterator[webdriver.Chrome]:
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


def sign_in(page: webdriver.Chrome, name: str, password: str) -> None:
    """Fill in the form and wait for the answer, good or bad."""
    page.execute_script("document.getElementById('problem').textContent = ''")
    for field, text in (("username", name), ("password", password)):
        page.find_element(By.ID, field).clear()
        page.find_element(By.ID, field).send_keys(text)
    page.find_element(By.ID, "password").send_keys(Keys.ENTER)
    wait(page, lambda: page.find_element(By.ID, "problem").text or page.find_element(By.ID, "state").text)


def whole(page: webdriver.Chrome) -> None:
    """Wait until every section is shown: what comes too late on a busy machine is asked for again."""

    def is_whole() -> bool:
        if page.find_element(By.ID, "problem").text:
            page.find_element(By.ID, "refresh").click()
            wait(page, lambda: page.find_element(By.ID, "board").get_attribute("aria-busy") is None)
        return not page.find_element(By.ID, "problem").text and bool(page.find_element(By.ID, "state").text)

    wait(page, is_whole, 60)


def wait(page: webdriver.Chrome, true: Callable[[], object], seconds: float = 15) -> None:
    WebDriverWait(page, seconds, poll_frequency=0.05).until(lambda _: true())


def ask(api: Served, name: str, path: str) -> Any:
    """Return what the API answers, asked without the browser."""
    body = json.dumps({"username": name, "password": api.password(name)}).encode()
    request = urllib.request.Request(f"{api.url}/api/token/", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        access = json.load(answer)["access"]
    request = urllib.request.Request(f"{api.url}/api/{path}", headers={"Authorization": f"Bearer {access}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def rows(page: webdriver.Chrome, section: str) -> list[list[str]]:
    """Return the cells of a section's first table as they are shown."""
    script = """return [...document.querySelector(`#${arguments[0]} table`).tBodies[0].rows].map(
        (row) => [...row.cells].map((cell) => cell.textContent))"""
    found: list[list[str]] = page.execute_script(script, section)
    return found


def heads(page: webdriver.Chrome, section: str) -> list[WebElement]:
    return page.find_element(By.CSS_SELECTOR, f"#{section} thead").find_elements(By.TAG_NAME, "button")


def sorting(page: webdriver.Chrome, section: str) -> list[str | None]:
    head = page.find_element(By.CSS_SELECTOR, f"#{section} thead")
    return [th.get_attribute("aria-sort") for th in head.find_elements(By.TAG_NAME, "th")]


def console(page: webdriver.Chrome) -> list[dict[str, Any]]:
    """Return what was written to the console since it was last asked for."""
    found: list[dict[str, Any]] = page.get_log("browser")  # type: ignore[no-untyped-call]
    return found


def severe(page: webdriver.Chrome) -> list[str]:
    return [entry["message"] for entry in console(page) if entry["level"] in ("SEVERE", "WARNING")]


def shown(value: Any, type_: str) -> str:
    """Return a value of the API as the page writes it."""
    if isinstance(value, str):
        return value.replace("\t", " ").replace("\u202e", "\ufffd")
    if type_.startswith(("decimal", "double")):
        return f"{Decimal(value).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
    return f"{value:,}"


def luminance(colour: list[int]) -> float:
    parts = [c / 255 for c in colour]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """Give a Chromium that all tests share."""
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="session")
def api(sample_lake: str, browser: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a server on the sample lake that all tests of the page share."""
    users = {NAME: ["engineer"], "ada": []}
    with server(sample_lake, tmp_path_factory.mktemp("page"), users) as served:
        yield served


@pytest.fixture
def page(browser: webdriver.Chrome, api: Served) -> webdriver.Chrome:
    """The page, with nobody signed in and an empty console."""
    # A file without a script, so that nothing can sign in again while the session is taken away.
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(f"{api.url}/static/page/icon.svg")
    browser.execute_script("sessionStorage.clear()")
    browser.get(api.url)
    console(browser)
    return browser

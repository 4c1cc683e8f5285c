"""The page in a real Chromium when something is wrong: each time it says what, and what to do."""

import ctypes
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from page_browser import rows, server, sign_in, wait
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from lakehouse.metrics import METRICS

pytestmark = pytest.mark.browser


def exchange(one: Path, other: Path) -> None:
    """Give each the other's name in one step: in between a lake without tables would be seen, not one that is away."""
    at_folder, exchanged = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of renameat2(2)
    assert ctypes.CDLL(None).renameat2(at_folder, bytes(one), at_folder, bytes(other), exchanged) == 0


def problem(browser: Chrome) -> str:
    return browser.find_element(By.ID, "problem").text


def test_a_lake_without_tables_and_then_a_server_that_is_gone(browser: Chrome, tmp_path: Path) -> None:
    with server((tmp_path / "lake").as_uri(), tmp_path, {"grace": ["engineer"]}) as api:
        browser.get(api.url)
        sign_in(browser, "grace", api.password("grace"))
        wait(browser, lambda: f"{len(METRICS)} parts of the page cannot be shown" in problem(browser))
        for name in METRICS:
            assert "not built yet. Run `make pipeline`" in browser.find_element(By.ID, name).text
    browser.find_element(By.ID, "refresh").click()
    wait(browser, lambda: "The API does not answer. Is it running? (make api)" in problem(browser))
    assert browser.find_element(By.ID, "board").is_displayed()


def test_too_many_attempts_to_sign_in(browser: Chrome, tmp_path: Path) -> None:
    with server((tmp_path / "lake").as_uri(), tmp_path, {"grace": []}, API_LOGIN_RATE="1") as api:
        browser.get(api.url)
        sign_in(browser, "grace", "wrong")
        sign_in(browser, "grace", "wrong again")
        wait(browser, lambda: problem(browser).startswith("Too many requests. Try again in "))
        assert problem(browser).removeprefix("Too many requests. Try again in ").split(" ")[0].isdecimal()


def test_a_lake_that_went_away_after_it_was_read(browser: Chrome, tmp_path: Path, sample_lake: str) -> None:
    lake, file = tmp_path / "lake", tmp_path / "file"
    file.write_text("no folder")
    shutil.copytree(urlsplit(sample_lake).path, lake)
    with server(lake.as_uri(), tmp_path, {"grace": ["engineer"]}) as api:
        browser.get(api.url)
        sign_in(browser, "grace", api.password("grace"))
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#status_code_counts tbody tr"))
        exchange(lake, file)

        def told() -> bool:
            browser.find_element(By.ID, "refresh").click()
            return "The lake cannot be reached" in browser.find_element(By.ID, "status_code_counts").text

        # Sections whose reads of the lake hang hold up the next look for some seconds each.
        wait(browser, told, 60)
        assert len(rows(browser, "status_code_counts")) == 7

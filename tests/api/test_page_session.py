"""Signing in, staying signed in and signing out, in a real Chromium."""

import json

import pytest
from page_browser import NAME, Served, rows, sign_in, wait
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from lakehouse.metrics import METRICS

pytestmark = pytest.mark.browser

# The first access token that is used has run out.
SPOIL = """const real = window.fetch; let first;
    window.fetch = (url, options) => {
        const used = options.headers?.Authorization;
        first ??= used;
        const spoiled = used && used === first;
        return real(url, spoiled ? { ...options, headers: { Authorization: 'Bearer spoiled' } } : options);
    };"""


def test_a_wrong_password_is_said_in_words_and_shows_nothing(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, "wrong")
    assert page.find_element(By.ID, "problem").text == "The user name or the password is wrong."
    assert not page.find_element(By.ID, "board").is_displayed()
    assert page.switch_to.active_element.get_attribute("id") == "password"
    assert page.find_element(By.ID, "password").get_attribute("value") == "wrong"


def test_a_reload_stays_signed_in_and_signing_out_ends_it(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, api.password(NAME))
    used = json.loads(page.execute_script("return sessionStorage.getItem('lakehouse.session')"))["refresh"]
    page.refresh()
    wait(page, lambda: page.find_element(By.ID, "state").text)
    assert page.find_element(By.ID, "who").text == NAME
    kept = json.loads(page.execute_script("return sessionStorage.getItem('lakehouse.session')"))["refresh"]
    assert kept != used
    page.find_element(By.ID, "sign-out").click()
    assert page.find_element(By.ID, "sign-in").is_displayed()
    assert page.find_elements(By.TAG_NAME, "section") == []
    assert page.execute_script("return sessionStorage.length + localStorage.length + document.cookie.length") == 0
    renew = """const done = arguments[1]; fetch('/api/token/refresh/', {method: 'POST',
        headers: {'Content-Type': 'application/json'}, body: JSON.stringify({refresh: arguments[0]})})
        .then((answer) => done(answer.status))"""
    wait(page, lambda: page.execute_async_script(renew, kept) == 401)


def test_a_session_that_the_server_ended_asks_to_sign_in_again(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, api.password(NAME))
    page.execute_script("sessionStorage.setItem('lakehouse.session', JSON.stringify({user: 'grace', refresh: 'no'}))")
    page.refresh()
    wait(page, lambda: page.find_element(By.ID, "problem").text)
    assert page.find_element(By.ID, "problem").text == "Your session has ended. Sign in again."
    assert page.find_element(By.ID, "sign-in").is_displayed()


def test_an_access_token_that_ran_out_is_renewed_once_for_all_requests(page: Chrome, api: Served) -> None:
    script = page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SPOIL})
    page.refresh()
    sign_in(page, NAME, api.password(NAME))
    page.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    assert all(rows(page, name) for name in (*METRICS, "tables", "ledger", "runs"))
    asked = "return performance.getEntriesByType('resource').map((entry) => entry.name.split('/api/')[1])"
    asked = page.execute_script(asked)
    assert (asked.count("status-code-counts/"), asked.count("token/refresh/")) == (2, 1)

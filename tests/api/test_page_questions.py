"""What a reader of the page asks: samples of the quarantine, a record's passport, a query; and who reads it by ear."""

from typing import Any

import pytest
from page_browser import NAME, Served, ask, rows, severe, sign_in, wait
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from lakehouse.settings import ROOT

pytestmark = pytest.mark.browser
AXE = (ROOT / "tests/api/vendor/axe.min.js").read_text()


def click(page: Chrome, selector: str) -> None:
    page.execute_script("arguments[0].click()", page.find_element(By.CSS_SELECTOR, selector))


def cells(page: Chrome, caption: str) -> list[list[str]]:
    """Return the cells of the table with a caption."""
    script = """const tables = [...document.querySelectorAll('table')];
        const table = tables.find((t) => t.caption.textContent === arguments[0]);
        return table ? [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent)) : []"""
    found: list[list[str]] = page.execute_script(script, caption)
    return found


def test_the_quarantine_is_shown_by_reason_with_masked_samples_that_lead_to_passports(
    page: Chrome, api: Served
) -> None:
    sign_in(page, NAME, api.password(NAME))
    ledger = ask(api, NAME, "ledger/")
    counts = {(line["dataset"], reason): n for line in ledger for reason, n in line["reasons"].items()}
    told = {(dataset, reason): int(records) for dataset, reason, records, *_ in rows(page, "quarantine")}
    assert told == counts
    assert len(counts) > 5
    state = page.find_element(By.CSS_SELECTOR, "#quarantine > div:last-child p")
    for place, (dataset, reason, *_) in enumerate(rows(page, "quarantine"), start=1):
        click(page, f"#quarantine tbody tr:nth-child({place}) button")
        shown = min(counts[dataset, reason], 20)
        wait(page, lambda: state.text.startswith(f"{dataset}, {reason}: {shown} row"))  # noqa: B023 # called at once
        samples = cells(page, f"Records with {reason}")
        assert [reasons.partition(",")[0] for _, _, reasons, *_ in samples] == [reason] * shown
        assert {raw for *_, raw, _ in samples} == {"***"}
    click(page, "#quarantine > div:last-child td button")
    wait(page, lambda: f"A record of {dataset}." in page.find_element(By.ID, "passport").text)
    passport = page.find_element(By.ID, "passport").text
    assert "In silver, as it was judged" in passport
    assert reason in passport
    assert severe(page) == []


def test_a_metric_is_shown_by_week_and_between_the_days_that_are_chosen(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, api.password(NAME))
    title, section = "Status code counts by week", page.find_element(By.ID, "status_code_counts")
    expected = [[row["week"], *(str(row[n]) for n in ("status_code", "count_requests"))] for row in by_week(api)]
    wait(page, lambda: cells(page, title) == expected)
    assert len({week for week, *_ in expected}) > 5
    lines = "const c = Chart.getChart(arguments[0].querySelector('.lines canvas')); return c.data.datasets.map((d) => "
    drawn = page.execute_script(lines + "[d.label, d.data.map(({ y }) => y)])", section)
    largest = [code for code, _ in drawn]
    assert len(drawn) == 5
    assert largest[0] == "200"
    for code, values in drawn:
        assert values == [int(count) for _, own, count in expected if own == code]
    day = expected[len(expected) // 2][0]
    page.execute_script(
        "const [from] = arguments[0].querySelectorAll('input[type=date]'); from.value = arguments[1];"
        "from.dispatchEvent(new Event('change'))",
        section,
        day,
    )
    later = [row for row in expected if row[0] >= day]
    wait(page, lambda: cells(page, title) == later)


def by_week(api: Served) -> list[dict[str, Any]]:
    answer = ask(api, NAME, "status-code-counts/?by=week")
    assert isinstance(answer, list)
    return answer


def test_the_records_behind_a_number_are_listed_with_their_passports(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, api.password(NAME))
    section = page.find_element(By.ID, "passport")
    Select(section.find_element(By.TAG_NAME, "select")).select_by_value("status_code_counts")
    section.find_element(By.CSS_SELECTOR, "input").send_keys("404" + Keys.ENTER)
    wait(page, lambda: cells(page, "Records behind a number"))
    members = ask(api, NAME, "metrics/status-code-counts/records/?group=404")
    expected = [[m["source"], m["source_id"], str(m["position"]), "Show"] for m in members]
    assert cells(page, "Records behind a number") == expected
    click(page, "#passport td button")
    wait(page, lambda: "status_code_counts" in section.text and "A record of logs." in section.text)


def test_a_query_shows_rows_and_says_what_is_wrong_with_it(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, api.password(NAME))
    section = page.find_element(By.ID, "query")
    Select(section.find_element(By.TAG_NAME, "select")).select_by_value("silver.logs")
    condition, columns = section.find_elements(By.CSS_SELECTOR, "input")
    condition.send_keys("status = 503")
    columns.send_keys("status,method,user" + Keys.ENTER)
    wait(page, lambda: cells(page, "silver.logs"))
    found = cells(page, "silver.logs")
    assert {(status, user) for status, _, user in found} <= {("503", "***"), ("503", "\u2013")}
    assert len(found) == 4
    condition.send_keys(" AND nonsense = 1" + Keys.ENTER)
    wait(page, lambda: "nonsense" in section.find_element(By.CSS_SELECTOR, ".problem").text)
    assert cells(page, "silver.logs") == []


@pytest.mark.parametrize(("width", "scheme"), [(1500, "light"), (390, "dark")])
def test_a_checker_of_accessibility_finds_nothing(page: Chrome, api: Served, width: int, scheme: str) -> None:
    """The rules are axe-core's: WCAG 2.2 A and AA, and its best practices."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    check = "const done = arguments[0]; axe.run().then(({ violations }) => done(violations.map((v) => v.help)))"
    try:
        page.execute_script(AXE)
        assert page.execute_async_script(check) == []
        sign_in(page, NAME, api.password(NAME))
        click(page, "#quarantine tbody button")
        wait(page, lambda: page.find_elements(By.CSS_SELECTOR, "#quarantine > div:last-child td button"))
        assert page.execute_async_script(check) == []
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

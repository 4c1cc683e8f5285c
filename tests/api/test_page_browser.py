"""The page in a real Chromium, in front of a real server on the sample lake."""

import pytest
from page_browser import (
    NAME,
    Served,
    ask,
    console,
    heads,
    luminance,
    rows,
    severe,
    shown,
    sign_in,
    sorting,
    wait,
    whole,
)
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from lakehouse.metrics import METRICS

pytestmark = pytest.mark.browser
SECTIONS = [*METRICS, "quarantine", "tables", "ledger", "runs", "passport", "query"]


@pytest.fixture
def board(browser: Chrome, api: Served) -> Chrome:
    """The page, signed in as an engineer; a session that still works is used again, since a login is slow."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(api.url)
    state, form = (browser.find_element(By.ID, name) for name in ("state", "sign-in"))
    wait(browser, lambda: state.text or form.is_displayed())
    if form.is_displayed():
        sign_in(browser, NAME, api.password(NAME))
    whole(browser)
    console(browser)
    return browser


def test_every_section_is_there_without_a_word_in_the_console(page: Chrome, api: Served) -> None:
    sign_in(page, NAME, api.password(NAME))
    assert [s.get_attribute("id") for s in page.find_elements(By.TAG_NAME, "section")] == SECTIONS
    assert page.find_element(By.ID, "who").text == NAME
    assert not page.find_element(By.ID, "problem").is_displayed()
    assert not page.find_element(By.ID, "sign-in").is_displayed()
    assert page.find_element(By.ID, "password").get_attribute("value") == ""
    assert severe(page) == []


@pytest.mark.parametrize("name", METRICS)
def test_the_table_of_a_metric_is_what_the_api_answers(board: Chrome, api: Served, name: str) -> None:
    columns = METRICS[name].columns
    answer = ask(api, NAME, f"{name.replace('_', '-')}/")
    expected = [[shown(row[c.name], "int" if i == 0 else c.type) for i, c in enumerate(columns)] for row in answer]
    assert rows(board, name) == expected
    assert len(expected) > 5


def canvas(page: Chrome, section: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, f"#{section} canvas")


@pytest.mark.parametrize("name", METRICS)
def test_the_chart_of_a_metric_has_bars_in_proportion(board: Chrome, api: Served, name: str) -> None:
    measure = METRICS[name].columns[1].name
    largest = sorted((row[measure] for row in ask(api, NAME, f"{name.replace('_', '-')}/")), reverse=True)[:20]
    widths = board.execute_script(
        "return Chart.getChart(arguments[0]).getDatasetMeta(0).data.map((bar) => bar.width)", canvas(board, name)
    )
    widths.sort(reverse=True)
    assert len(widths) == len(largest)
    assert [width / widths[0] for width in widths] == pytest.approx([v / largest[0] for v in largest], abs=0.005)
    assert "Bar chart of" in str(canvas(board, name).get_attribute("aria-label"))


def test_the_lake_is_told_as_the_api_tells_it(board: Chrome, api: Served) -> None:
    tables = {row[0]: row[1:4] for row in rows(board, "tables")}
    assert tables == {
        table["name"]: [f"{table[name]:,}" for name in ("version", "rows", "files")]
        for table in ask(api, NAME, "tables/")
    }
    commits = {table["name"]: table["last_commit"][:19].replace("T", " ") for table in ask(api, NAME, "tables/")}
    assert {row[0]: row[5] for row in rows(board, "tables")} == commits
    ledger = [[cell for i, cell in enumerate(row) if i != 5] for row in rows(board, "ledger")]
    names = ("source", "bronze", "silver", "quarantined")
    assert ledger == [[line["dataset"], *(str(line[n]) for n in names), "yes"] for line in ask(api, NAME, "ledger/")]
    board.execute_script("arguments[0].click()", heads(board, "ledger")[5])
    first = [row[5].split(" ")[0] for row in rows(board, "ledger")]
    assert first == sorted(first)
    assert {"amount_mismatch", "bad_request_line", "not_object", "syntax"} <= set(first)
    assert [row[1:4] for row in rows(board, "runs")] == [
        ["pipeline", "succeeded", "15.30"],
        ["pipeline", "failed", "60.00"],
        ["pipeline", "interrupted", "\u2013"],
    ]


def test_a_click_sorts_and_another_turns_the_order(board: Chrome) -> None:
    assert sorting(board, "status_code_counts") == ["none", "none"]
    counts = heads(board, "status_code_counts")[1]
    for order in ("ascending", "descending", "ascending"):
        board.execute_script("arguments[0].click()", counts)
        assert sorting(board, "status_code_counts") == ["none", order]
        numbers = [int(row[1]) for row in rows(board, "status_code_counts")]
        assert numbers == sorted(numbers, reverse=order == "descending")


def test_the_keyboard_sorts_and_the_focus_stays_and_shows(board: Chrome) -> None:
    head = heads(board, "total_sales_per_product")[1]
    board.execute_script("arguments[0].focus()", heads(board, "total_sales_per_product")[0])
    board.switch_to.active_element.send_keys(Keys.TAB)
    assert board.switch_to.active_element == head
    for key, order in ((Keys.ENTER, "ascending"), (Keys.SPACE, "descending")):
        board.switch_to.active_element.send_keys(key)
        assert sorting(board, "total_sales_per_product") == ["none", order]
        assert board.switch_to.active_element == head
    assert head.value_of_css_property("outline-style") == "solid"


def test_the_whole_page_is_reached_by_tab_alone(page: Chrome, api: Served) -> None:
    active = page.switch_to.active_element
    assert active.get_attribute("id") == "username"
    active.send_keys(NAME + Keys.TAB)
    page.switch_to.active_element.send_keys(api.password(NAME) + Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    wait(page, lambda: page.find_element(By.ID, "state").text)
    whole(page)
    seen = []
    for _ in range(200):
        page.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(page.execute_script("return document.activeElement.textContent"))
        if seen[-1] == "API documentation":
            break
    assert {"Last runs", "total ventes", "count requests", "avg likes", "total impressions", "dataset", "job"} <= set(
        seen
    )


def test_the_order_that_was_chosen_outlives_a_refresh(board: Chrome) -> None:
    board.execute_script("arguments[0].click()", heads(board, "campaign_metrics")[1])
    before = rows(board, "campaign_metrics")
    board.find_element(By.ID, "refresh").click()
    wait(board, lambda: board.find_element(By.ID, "board").get_attribute("aria-busy") is None)
    assert rows(board, "campaign_metrics") == before
    assert sorting(board, "campaign_metrics")[1] == "ascending"


def test_hostile_text_is_shown_as_text(board: Chrome) -> None:
    names = [row[0] for row in rows(board, "avg_likes_per_product")]
    for text in ("<script>alert('x')</script>", '<img src=x onerror=alert(1)> & "quotes"', "abc\ufffdgpj.exe"):
        assert text in names
    assert board.execute_script("return document.querySelectorAll('#board script, #board img').length") == 0
    assert severe(board) == []


# The names and the numbers of bars that are not wholly inside of their canvas.
CLIPPED = """return [...document.querySelectorAll('.chart:not(.lines) canvas')].flatMap((canvas) => {
    const { ctx, width, scales, data, getDatasetMeta } = Chart.getChart(canvas);
    const wide = (text) => { ctx.font = `13px ${Chart.defaults.font.family}`; return ctx.measureText(text).width; };
    const names = scales.y.ticks.map((tick) => tick.label).filter((text) => wide(text) > scales.y.width);
    const bars = Chart.getChart(canvas).getDatasetMeta(0).data;
    const end = (i) => Math.max(bars[i].x, bars[i].base) + 6;
    const text = ({ text, more }) => (width < 480 ? text : text + (more ?? ""));
    const texts = data.datasets[0].bars.map(text).filter((each, i) => end(i) + wide(each) > width);
    return [...names, ...texts];
})"""
WIDTHS = {"an old phone": 320, "a phone": 390, "a tablet": 768, "a desktop": 1600}


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_is_wider_than_the_window_of(board: Chrome, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 700}
    board.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    drawn = "return document.querySelector('canvas').getBoundingClientRect().width"
    before = board.execute_script(drawn)
    wait(board, lambda: board.execute_script("return innerWidth") == width)
    wait(board, lambda: board.execute_script(drawn) <= width or before <= width)
    wait(board, lambda: board.execute_script("return document.documentElement.scrollWidth") <= width)
    wait(board, lambda: board.execute_script(CLIPPED) == [])


def test_dark_and_light_have_readable_contrast(board: Chrome) -> None:
    script = """const s = getComputedStyle(document.body); const q = getComputedStyle(document.querySelector('.quiet'));
        return [s.backgroundColor, s.color, q.color].map(c => c.match(/\\d+/g).slice(0, 3).map(Number))"""
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        board.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        paper, ink, quiet = (luminance(colour) for colour in board.execute_script(script))
        assert (paper < 0.05) == (scheme == "dark")
        for text in (ink, quiet):  # WCAG 2.2, success criterion 1.4.3
            assert (max(paper, text) + 0.05) / (min(paper, text) + 0.05) >= 4.5
    board.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_who_is_no_engineer_sees_the_metrics_and_is_told_what_is_missing(page: Chrome, api: Served) -> None:
    sign_in(page, "ada", api.password("ada"))
    assert all(rows(page, name) for name in METRICS)
    assert "may not see this" in page.find_element(By.ID, "ledger").text
    assert not page.find_element(By.ID, "problem").is_displayed()

"""The page of a run in a real browser: draws, zooms, sorts, prints, by mouse and by keyboard, and asks for nothing."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.metrics.registry import GROUPS
from pipeline.pages.backtest_page import backtest_page
from pipeline.runs.layout import DAILY_FILE
from tests.browser.conftest import BUTTONS, HOSTILE, open_all, press_every_button
from tests.pages.invented import invent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000
RANGE = "name => document.querySelector(`[data-chart=${name}]`)._fullLayout.xaxis.range.map(one => one.slice(0, 13))"
UNDRAWN = "document.querySelectorAll('.chart:not([data-drawn])').length"


def test_every_chart_draws_with_no_error_no_warning_and_no_request(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    opened = open_page(page_file)
    open_all(opened.page)
    assert opened.page.evaluate(UNDRAWN) == 0
    assert opened.page.locator("svg.still").count() == 0
    assert opened.page.locator(".chart").count() == 12
    for chart in opened.page.locator(".chart").all():
        assert chart.locator(".main-svg").count() > 0
        assert chart.locator(".trace path, .trace .point").count() > 0
    assert opened.requests == [page_file.as_uri()]
    assert opened.said == []


def test_no_button_of_a_chart_sends_anything_anywhere(page_file: Path, open_page: Callable[..., Any]) -> None:
    opened = open_page(page_file)
    open_all(opened.page)
    assert set(press_every_button(opened)) == BUTTONS
    assert opened.said == []


def test_the_portfolio_is_drawn_first_and_closed_panels_only_when_opened(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file).page
    page.wait_for_selector("[data-chart=portfolio][data-drawn]")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(300)
    assert page.locator("[data-chart=panel-2][data-drawn]").count() == 0
    page.locator(".panel:has([data-chart=panel-2]) summary").press("Enter")
    page.wait_for_selector("[data-chart=panel-2][data-drawn]")


def test_zoom_works_by_keyboard_in_whole_market_days(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    tools = page.locator("#equity .tools")
    tools.get_by_role("button", name="Show 1 day").press("Enter")
    assert page.evaluate(RANGE, "portfolio") == ["2025-02-21 10", "2025-02-21 15"]
    tools.get_by_role("button", name="Show 1 week").press("Enter")
    assert page.evaluate(RANGE, "portfolio") == ["2025-02-17 10", "2025-02-21 15"]
    tools.get_by_role("button", name="Earlier").press("Enter")
    assert page.evaluate(RANGE, "portfolio") == ["2025-02-10 10", "2025-02-14 15"]
    assert tools.get_by_role("button", name="Show 1 week").get_attribute("aria-pressed") == "true"
    tools.get_by_role("button", name="Show all").press("Enter")
    assert page.evaluate(RANGE, "portfolio") == ["2025-01-13 10", "2025-02-21 14"]


def test_the_values_in_sight_fill_the_height(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    held = "document.querySelector('[data-chart=portfolio]')._fullLayout.yaxis.range"
    page.wait_for_selector("[data-chart=portfolio][data-drawn]")
    low, high = page.evaluate(held)
    page.locator("#equity").get_by_role("button", name="Show 1 day").click()
    near = page.evaluate(held)
    assert near[1] - near[0] < (high - low) / 2
    page.locator("#equity").get_by_role("button", name="Show all").click()
    assert page.evaluate(held) == pytest.approx([low, high])


def test_what_is_held_at_the_end_of_the_last_day_is_in_sight(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    folder = invent(tmp_path, ["FAB"], 12, 40)
    rows = (folder / DAILY_FILE).read_text().splitlines()
    rows[-1] = rows[-1].rpartition(",")[0] + ",1000000.0"
    (folder / DAILY_FILE).write_text("\n".join([*rows, ""]))
    (folder / "report.html").write_bytes(backtest_page(folder))
    page = open_page(folder / "report.html").page
    page.wait_for_selector("[data-chart=portfolio][data-drawn]")
    assert heights(page, "portfolio")["yaxis"][1] > 1_000_000


def drag(page: Page, chart: str, start: float, end: float) -> None:
    """Zoom into a part of a chart's width, as a hand does."""
    field = page.locator(f"[data-chart={chart}] .nsewdrag").first
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 62, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)


def heights(page: Page, chart: str) -> dict[str, list[float]]:
    """Return the range of each height of a chart."""
    found: dict[str, list[float]] = page.evaluate(
        "name => Object.fromEntries(Object.entries(document.querySelector(`[data-chart=${name}]`)._fullLayout)"
        ".filter(([key]) => /^yaxis/.test(key)).map(([key, axis]) => [key, axis.range]))",
        chart,
    )
    return found


def test_zoom_works_by_mouse_and_a_double_click_or_all_shows_all_again(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file).page
    page.wait_for_selector("[data-chart=portfolio][data-drawn]")
    before, high = page.evaluate(RANGE, "portfolio"), heights(page, "portfolio")
    for way in ("double click", "All", "Reset axes"):
        for part in ((0.4, 0.6), (0.3, 0.5)):  # and once more into what is shown
            drag(page, "portfolio", *part)
        after = page.evaluate(RANGE, "portfolio")
        assert before[0] < after[0] < after[1] < before[1]
        near = heights(page, "portfolio")
        assert near["yaxis"][1] - near["yaxis"][0] < 0.5 * (high["yaxis"][1] - high["yaxis"][0])
        if way == "double click":
            page.locator("[data-chart=portfolio] .nsewdrag").first.dblclick(position={"x": 300, "y": 60})
        elif way == "All":
            page.locator("#equity").get_by_role("button", name="Show all").click()
        else:
            page.locator("[data-chart=portfolio] [data-title='Reset axes']").dispatch_event("click")
        page.wait_for_timeout(500)
        assert page.evaluate(RANGE, "portfolio") == before, way
        assert heights(page, "portfolio") == high, way


def test_bars_and_drawdown_keep_their_zero_wherever_one_looks(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    page.locator("#equity").get_by_role("button", name="Show 1 day").click()
    back = page.locator("#equity").get_by_role("button", name="Earlier")
    for _ in range(12):
        found = heights(page, "portfolio")
        for axis in ("yaxis2", "yaxis3"):
            assert found[axis][0] <= 0 <= found[axis][1]
        assert found["yaxis2"][1] == 0
        back.click()
    drag(page, "portfolio", 0.1, 0.3)  # the middle of the day, where its bar stands, is out of sight
    low, high = heights(page, "portfolio")["yaxis3"]
    (bar,) = page.evaluate(
        "() => { const chart = document.querySelector('[data-chart=portfolio]');"
        "const [from, to] = chart._fullLayout.xaxis.range.map(one => Date.parse(one.replace(' ', 'T') + 'Z'));"
        "const bars = chart._fullData.find(one => one.type === 'bar');"
        "return bars.y.filter((_, at) => Math.abs(bars.x[at] - (from + to) / 2) < 3 * 3600e3); }"
    )
    assert low <= min(bar, 0) <= max(bar, 0) <= high


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of 20,000 fills in 40 days."""
    folder = invent(tmp_path_factory.mktemp("long"), ["FAB"], 40, 20_000)
    file = folder / "report.html"
    file.write_bytes(backtest_page(folder))
    return file


MARKERS = """chart => Object.fromEntries(document.querySelector(`[data-chart=${chart}]`)._fullData
    .filter(one => one.customdata)
    .map(one => [one.name, one.x.map((x, at) => [x, one.y[at], ...one.customdata[at]])]))"""
DRAWN = """([chart, kind]) => { const held = document.querySelector(`[data-chart=${chart}]`)._fullData;
    const { x, y } = held.find(one => one.name === kind); return [x, y]; }"""
WHERE = """([x, y]) => { const chart = document.querySelector('[data-chart=panel-0]'), full = chart._fullLayout;
    const box = chart.getBoundingClientRect();
    return [box.x + full._size.l + full.xaxis.d2p(x), box.y + full.yaxis._offset + full.yaxis.d2p(y)]; }"""


def test_of_many_fills_the_shape_is_drawn_and_of_a_day_every_one(long: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(long).page
    open_all(page)
    fills = pq.read_table(long.parent / "trades" / "FAB.parquet")
    stamps = fills.column("timestamp").cast("int64").to_pylist()
    position, price = (fills.column(name).to_pylist() for name in ("position", "fill_price"))
    times, drawn = page.evaluate(DRAWN, ["panel-0", "Position"])
    assert len(drawn) < 6_000
    assert (min(drawn), max(drawn), drawn[-1]) == (min(*position, 0), max(*position, 0), position[-1])
    assert set(zip(times[1:-1], drawn[1:-1], strict=True)) <= set(zip(stamps, position, strict=True))
    marks = page.evaluate(MARKERS, "panel-0")
    every = [mark for side in marks.values() for mark in side]
    assert (min(mark[1] for mark in every), max(mark[1] for mark in every)) == (min(price), max(price))
    assert f"{len(every):,} of the 20,000 fills in sight are drawn" in page.inner_text("#FAB [data-seen]")

    page.locator("#FAB").get_by_role("button", name="Show 1 day").click()
    day = [at for at, stamp in enumerate(stamps) if stamp // DAY_MS == stamps[-1] // DAY_MS]
    expected = {
        (stamps[at], price[at], at + 1, fills.column("fill_qty")[at].as_py(), fills.column("side")[at].as_py())
        for at in day
    }
    marks = page.evaluate(MARKERS, "panel-0")
    sides = [(*mark, side.lower()) for side, of_side in marks.items() for mark in of_side]
    assert {one for one in sides if one[0] // DAY_MS == stamps[-1] // DAY_MS} == expected
    assert page.inner_text("#FAB [data-seen]") == ""


def test_a_marker_says_its_own_time_its_number_and_what_explains_it(long: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(long).page
    open_all(page)
    page.locator("#FAB").get_by_role("button", name="Show 1 day").click()
    page.wait_for_timeout(300)
    every = sorted(mark for side in page.evaluate(MARKERS, "panel-0").values() for mark in side)
    apart = [
        one
        for before, one, after in zip(every, every[1:], every[2:], strict=False)
        if after[0] // DAY_MS == every[-1][0] // DAY_MS and min(one[0] - before[0], after[0] - one[0]) > 90_000
    ]
    at, price, number, quantity = apart[-1]
    where = page.evaluate(WHERE, [at, price])
    page.mouse.move(*where)
    page.wait_for_selector("[data-chart=panel-0] .hoverlayer .legend, [data-chart=panel-0] .hovertext")
    said = page.locator("[data-chart=panel-0] .hoverlayer").text_content() or ""
    moment = dt.datetime.fromtimestamp(at / 1000, dt.UTC)
    assert f"{quantity:,} at {price:g} AED {moment:%d %b %H:%M:%S}" in said
    assert f"make explain SECURITY=FAB FILL={number}" in said
    page.mouse.click(*where)
    page.wait_for_selector("#FAB [data-fill] code")
    assert page.inner_text("#FAB [data-fill] code") == f"python -m pipeline explain FAB --fill {number}"


def test_a_hostile_name_shows_as_text(page_file: Path, open_page: Callable[..., Any]) -> None:
    opened = open_page(page_file)
    opened.page.on("dialog", lambda dialog: opened.said.append(dialog.message))
    open_all(opened.page)
    assert HOSTILE in opened.page.locator(".panel .name").all_text_contents()
    labels = opened.page.locator("[data-chart=securities] .ytick text").all_text_contents()
    assert HOSTILE in [label.strip() for label in labels]
    assert opened.said == []


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(width: int, page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file, viewport={"width": width, "height": 800}).page
    open_all(page)
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    within = "all => all.every(one => one.getBoundingClientRect().right <= innerWidth)"
    assert page.locator(".scrolls").evaluate_all(within)


def test_charts_follow_the_scheme_and_the_windows_width(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file, color_scheme="light").page
    page.wait_for_selector("[data-chart=portfolio][data-drawn]")
    asked = "getComputedStyle(document.querySelector('[data-chart=portfolio] .ytick text')).fill"
    light = page.evaluate(asked)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert page.evaluate(asked) != light
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_timeout(600)
    assert page.evaluate("document.querySelector('[data-chart=portfolio] .main-svg').clientWidth") < 500


def test_on_paper_everything_is_open_light_and_drawn_and_the_screen_is_as_before(
    page_file: Path, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    opened = open_page(page_file, color_scheme="dark")
    page = opened.page
    page.evaluate("report.ready")
    page.evaluate(f"""() => addEventListener("beforeprint", () => {{ window.seen = [
        document.querySelectorAll("details:not([open])").length, {UNDRAWN},
        getComputedStyle(document.documentElement).getPropertyValue("--card").trim()]; }})""")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert page.evaluate("seen") == [0, 0, "#ffffff"]
    assert page.locator("details.panel:not([open])").count() == 2
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--card')") != "#ffffff"
    printed = (tmp_path / "page.pdf").read_bytes()
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8
    assert opened.said == []


def test_the_first_stop_of_the_tab_key_leads_past_the_navigation(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the figures"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_without_scripts_the_figures_are_there(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file, java_script_enabled=False).page
    assert page.locator("table[data-set=securities] tbody tr").count() >= 3 * len(GROUPS)
    assert "All figures are in the tables below" in page.inner_text("main")
    assert page.locator("svg.still polyline").is_visible()

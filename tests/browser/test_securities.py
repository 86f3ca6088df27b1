"""The securities of a run's page in a real browser: tabs, filter, sorting, links, by mouse and by keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.metrics.registry import GROUPS
from pipeline.pages.backtest_page import backtest_page
from tests.browser.conftest import HOSTILE
from tests.pages.invented import invent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_security_in_the_address_and_a_link_in_a_table_open_its_panel(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file).page
    page.goto(f"{page_file.as_uri()}#FAB")
    page.wait_for_selector("#FAB[open] [data-drawn]")
    assert page.evaluate("document.getElementById('FAB').getBoundingClientRect().top") < 200
    page.locator("[role=tabpanel]:visible a", has_text=HOSTILE).press("Enter")
    page.wait_for_selector(".panel[open] [data-chart=panel-2][data-drawn]")


def test_tabs_show_one_table_each_by_mouse_and_by_keyboard(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    shown = page.locator("[role=tabpanel]:visible caption")
    names = page.locator("[role=tab]").all_text_contents()
    assert shown.all_text_contents() == [names[0]]
    page.locator("[role=tab]", has_text="Risk").click()
    assert shown.all_text_contents() == ["Risk, after fees"]
    page.keyboard.press("ArrowRight")
    assert shown.all_text_contents() == [names[names.index("Risk, after fees") + 1]]
    page.keyboard.press("End")
    assert shown.all_text_contents() == [names[-1]]
    assert page.locator("[role=tab][aria-selected=true]").all_text_contents() == [names[-1]]


def test_a_filter_leaves_rows_and_panels_of_the_securities_named(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file).page
    page.get_by_label("Only securities with").fill("fab")
    assert page.locator("[role=tabpanel]:visible tbody tr:visible").count() == 1
    assert page.locator(".panel:visible .name").all_text_contents() == ["FAB"]
    assert page.inner_text("[data-filtered=securities]") == "1 of 3"
    page.get_by_label("Only securities with").fill("")
    assert page.locator(".panel:visible").count() == 3


def test_a_missing_figure_says_why_under_the_cursor(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    page.locator("[role=tab]", has_text="Risk").click()
    assert page.locator("[role=tabpanel]:visible td[data-value='']").first.get_attribute("title") == "Too few days."


def test_sorting_one_table_of_figures_sorts_them_all(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    page.locator("table[data-set=securities] th[data-key=net_pnl] button").press("Enter")
    orders = page.evaluate(
        "[...document.querySelectorAll('table[data-set=securities]')]"
        ".map(table => [...table.tBodies[0].rows].map(row => row.cells[0].textContent))"
    )
    cells = page.locator("table[data-set=securities]").first.locator("tbody tr td:nth-child(2)")
    values = cells.evaluate_all("all => all.map(one => Number(one.dataset.value))")
    assert len(orders) > len(GROUPS)
    assert all(order == orders[0] for order in orders)
    assert values == sorted(values, reverse=True)
    assert page.locator(".tabs th[data-key=net_pnl]").get_attribute("aria-sort") == "descending"
    assert page.locator("table[data-set=securities] tfoot th").first.text_content() == "Portfolio"


def test_ten_securities_take_eight_pages_with_no_head_split_and_no_number_broken(
    open_page: Callable[..., Any], tmp_path: Path
) -> None:
    warnings = [f"Warning number {number} of this run, as long as such a sentence is." for number in range(12)]
    folder = invent(tmp_path / "ten", [f"TEN{number}" for number in range(10)], 60, 400, warnings=warnings)
    file = folder / "report.html"
    file.write_bytes(backtest_page(folder))
    page = open_page(file).page
    page.evaluate("report.ready")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes())) <= 8
    page.set_viewport_size({"width": 710, "height": 1_000})  # A4 between its margins
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(BROKEN) == []


def test_a_thinned_panel_marks_fills_with_their_own_numbers(
    open_page: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = invent(tmp_path / "run", ["FAB", "MODON"], 20, 6_000)
    file = folder / "report.html"
    monkeypatch.setattr("pipeline.pages.backtest_page.MOST_BYTES", len(backtest_page(folder)))
    file.write_bytes(backtest_page(folder))
    page = open_page(file).page
    page.goto(f"{file.as_uri()}#FAB")
    page.wait_for_selector("[data-chart=panel-0][data-drawn]")
    assert "of the 6,000 fills are on this page" in page.inner_text("#FAB")
    page.locator("#FAB").get_by_role("button", name="Show 1 day").click()
    marks = page.evaluate(
        "[...document.querySelector('[data-chart=panel-0]')._fullData].filter(one => one.customdata)"
        ".flatMap(one => one.x.map((x, at) => [one.name, x, one.y[at], ...one.customdata[at]]))"
    )
    fills = pq.read_table(folder / "trades" / "FAB.parquet")
    stamps = fills.column("timestamp").cast("int64").to_pylist()
    rows = fills.to_pylist()
    assert len(marks) > 20
    for side, at, price, number, quantity in marks:
        row = rows[number - 1]
        wanted = (row["side"], stamps[number - 1], row["fill_price"], row["fill_qty"])
        assert (side.lower(), at, price, quantity) == wanted


BROKEN = """() => [...document.querySelectorAll("th, td")].filter((cell) => {
    const box = cell.getBoundingClientRect();
    if (!box.width || cell.classList.contains("wraps") || cell.classList.contains("code")) return false;
    const range = document.createRange();
    const over = box.right > 712 || box.left < -2;
    const words = [...cell.childNodes].filter((node) => node.nodeType === 3).flatMap((node) =>
        [...node.data.matchAll(/[^ \\n]+/g)].map((word) => {
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            return new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size;
        }));
    return over || words.some((lines) => lines > 1);
}).map((cell) => cell.textContent)"""
"""The cells whose words or numbers are split over two lines, or that stand beyond the paper."""

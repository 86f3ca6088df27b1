"""The page of runs side by side in a real browser: a line a run, zoom, sorting, no request, fits a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.pages.compare_page import compare_page
from tests.browser.conftest import press_every_button
from tests.pages.invented import invent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    runs = [invent(folder / name, ["EMAAR", "FAB"], seed=seed) for seed, name in enumerate(("<b>one", "two"))]
    file = folder / "page.html"
    file.write_bytes(compare_page(runs, file))
    return file


def test_the_lines_of_all_runs_are_drawn_and_zoomed(page_file: Path, open_page: Callable[..., Any]) -> None:
    opened = open_page(page_file)
    opened.page.wait_for_selector(".chart[data-drawn] .scatterlayer .trace")
    assert opened.page.locator(".scatterlayer .trace").count() == 2
    assert opened.page.locator(".barlayer .trace").count() == 1
    assert "A: <b>one" in opened.page.locator(".legendtext").first.text_content()
    ends = "document.querySelector('.chart').data.map(trace => trace.y.at(-1).toFixed(2))"
    a, b, above = map(float, opened.page.evaluate(ends))
    assert above == pytest.approx(b - a, abs=0.02)
    opened.page.get_by_role("button", name="Show 1 day").press("Enter")
    shown = "document.querySelector('.chart')._fullLayout.xaxis.range.map(x => x.slice(0, 10))"
    first, last = opened.page.evaluate(shown)
    assert first == last
    press_every_button(opened)
    assert opened.said == []


def test_securities_are_sorted_and_a_phone_is_wide_enough(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#by-security").get_by_role("button", name="B - A").press("Enter")
    asked = "[...document.querySelectorAll('#by-security tbody tr')].map(row => Number(row.cells[3].dataset.value))"
    first, second = page.evaluate(asked)
    assert first >= second


def test_on_a_phone_every_number_can_be_scrolled_into_sight_and_captions_are_whole(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file, viewport={"width": 420, "height": 900}).page
    wide = "all.filter(one => one.scrollWidth > one.clientWidth)"
    shares = f"all => {wide}.map(one => one.querySelector('tbody th').offsetWidth / one.clientWidth)"
    found = page.locator(".scrolls:has(tbody th)").evaluate_all(shares)
    assert found
    assert max(found) < 0.51
    cut = "all => all.filter(one => one.offsetWidth > one.closest('.scrolls').clientWidth).length"
    assert page.locator(".scrolls caption").evaluate_all(cut) == 0

"""No words of a run's charts lie on one another, on a phone and on paper, and paper asks for no mouse."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.pages.backtest_page import backtest_page
from tests.pages.invented import invent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

BOX = "(({ left, right, top, bottom }) => [left, right, top, bottom])(one.getBoundingClientRect())"
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a run long enough for every chart."""
    folder = invent(tmp_path_factory.mktemp("long"), ["EMAAR", "FAB"], days=120, fills=2_000)
    file = folder / "report.html"
    file.write_bytes(backtest_page(folder))
    return file


def boxes(page: Page, words: str) -> dict[str, list[Box]]:
    """Return the boxes of some words by chart."""
    found = {}
    for chart in page.locator(".chart:visible").all():
        each = chart.locator(words).evaluate_all(f"all => all.map(one => {BOX})")
        found[str(chart.get_attribute("data-chart"))] = [tuple(box) for box in each]
    return found


def apart(one: Box, other: Box) -> bool:
    return one[1] <= other[0] + 1 or other[1] <= one[0] + 1 or one[3] <= other[2] + 1 or other[3] <= one[2] + 1


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_phone_no_tick_lies_on_another_or_on_the_title(
    long: Path, open_page: Callable[..., Any], width: int
) -> None:
    page = open_page(long, viewport={"width": width, "height": 800}).page
    page.evaluate(
        """() => report.ready.then(() => {
        const bars = report.data.charts.assumptions.data[0]; // losses of six digits beside a small gain
        bars.x = bars.x.map((_, at) => 22_000 - 430_000 * (at % 3));
        report.data.charts.assumptions.layout.xaxis.range = [-610_000, 200_000];
        return report.drawAll();
    })"""
    )
    ticks, titles = boxes(page, ".xtick text"), boxes(page, ".xtitle")
    assert {"assumptions", "securities"} <= titles.keys()
    for chart, of_chart in ticks.items():
        pairs = itertools.combinations([*of_chart, *titles[chart]], 2)
        assert all(apart(*pair) for pair in pairs), chart
        assert len(of_chart) > 1 or not of_chart, chart


def test_on_paper_no_axis_title_lies_on_another_and_nothing_asks_for_a_mouse(
    long: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(long, viewport={"width": 700, "height": 900}).page
    page.evaluate("report.ready")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(1_000)
    titles = boxes(page, ".ytitle, .y2title, .y3title, .y4title")
    assert (len(titles["portfolio"]), len(titles["rolling"])) == (3, 2)
    for chart, of_chart in titles.items():
        heights = sorted((top, bottom) for _, _, top, bottom in of_chart)
        assert all(one[1] + 4 <= other[0] for one, other in itertools.pairwise(heights)), chart
    shown = page.evaluate("document.body.innerText")
    assert "Net realised P&L of all securities on one clock" in shown
    for asked in ("Drag to", "double-click", "the buttons", "click", "Zoom", "heading sorts"):
        assert asked not in shown

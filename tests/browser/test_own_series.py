"""What a strategy recorded, on a panel in a real browser: drawn when it is opened, named, with value and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.pages.backtest_page import backtest_page
from tests.browser.conftest import HOSTILE
from tests.pages.invented import invent, record
from tests.pages.test_own_series import stamps_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

LINES = (
    "[...document.querySelector('[data-chart=panel-1]')._fullData].filter(one => one.own !== undefined || "
    "one._input.own !== undefined).map(one => [one.name, one.yaxis, one.mode, [...one.x], [...one.y]])"
)


def test_a_panel_draws_series_when_opened_and_says_value_and_time(
    open_page: Callable[..., Any], tmp_path: Path
) -> None:
    folder = invent(tmp_path / "run", ["EMAAR", "FAB"], 3, 60)
    stamps = stamps_of(600)
    fair, load = np.round(np.linspace(109.9, 110.1, 600), 4), np.arange(600) * 7.0
    record(folder, "FAB", stamps, fair=fair, load=load, **{HOSTILE: load - 300})
    file = folder / "report.html"
    file.write_bytes(backtest_page(folder))
    opened = open_page(file, viewport={"width": 390, "height": 844})
    page = opened.page
    page.evaluate("report.ready")
    assert page.locator("[data-chart=panel-1][data-drawn]").count() == 0
    page.locator("#FAB summary").press("Enter")
    page.wait_for_selector("[data-chart=panel-1][data-drawn]")
    drawn = page.evaluate(LINES)
    assert [(name, axis, mode) for name, axis, mode, *_ in drawn][:2] == [
        ("fair", "y", "lines"),
        ("load", "y5", "lines"),
    ]
    assert drawn[1][3:] == [stamps.tolist(), load.tolist()]
    titles = page.locator("[data-chart=panel-1] .infolayer").text_content() or ""
    assert "load" in titles
    assert "<script>" in titles  # as text
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#FAB").get_by_role("button", name="Show 1 day").click()
    page.wait_for_timeout(400)
    box = page.locator("[data-chart=panel-1] .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.wait_for_selector("[data-chart=panel-1] .hoverlayer text")
    said = page.locator("[data-chart=panel-1] .hoverlayer").text_content() or ""
    at = said.partition("load : ")[2]
    value, day, month, time = at.replace("\xa0", " ").split()[:4]
    nearest = int(np.flatnonzero(load == float(value.replace(",", "")))[0])
    shown = str((stamps[nearest]).astype("datetime64[ms]"))
    assert (int(day), month, time[:8]) == (int(shown[8:10]), "Jan", shown[11:19])
    assert opened.said == []
    assert opened.requests == [file.as_uri()]


def test_a_few_numbers_are_marked_one_by_one(open_page: Callable[..., Any], tmp_path: Path) -> None:
    folder = invent(tmp_path / "run", ["EMAAR", "FAB"], 3, 60)
    record(folder, "FAB", stamps_of(3), once=np.array([5.0, 7.0, 6.0]))
    file = folder / "report.html"
    file.write_bytes(backtest_page(folder))
    page = open_page(file).page
    page.goto(f"{file.as_uri()}#FAB")
    page.wait_for_selector("[data-chart=panel-1][data-drawn]")
    assert [line[2] for line in page.evaluate(LINES)] == ["lines+markers"]

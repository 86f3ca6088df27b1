"""The phases of the market in a real browser: shaded over few days, by the hours of each day, said with their clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.pages.backtest_page import backtest_page
from tests.pages.invented import invent
from tests.pages.test_market_hours import with_phases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

SHAPES = """() => document.querySelector("[data-chart=panel-0]")._fullLayout.shapes
    .map(one => [one.x0, one.x1].map(time => new Date(time).toISOString().slice(5, 16)).concat(one.label.text || ""))"""


def shown(page: Any) -> tuple[Any, str]:
    page.wait_for_timeout(400)
    return page.evaluate(SHAPES), page.locator(".panel:has([data-chart=panel-0]) [data-phases]").text_content()


def test_phases_are_shaded_by_the_hours_of_each_day_in_sight(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(backtest_page(with_phases(invent(tmp_path / "run", ["FAB"], days=20))))
    opened = open_page(file)
    page = opened.page
    page.evaluate("report.drawAll()")
    panel = page.locator(".panel:has([data-chart=panel-0])")
    assert shown(page) == ([], "Zoom in to a few days to see the market's phases. Hours of ADX, Asia/Dubai.")
    page.evaluate("""() => Plotly.relayout(document.querySelector("[data-chart=panel-0]"),
        {"xaxis.range": ["2025-01-13 09:30", "2025-01-13 15:00"]})""")
    shapes, said = shown(page)
    assert shapes == [
        ["01-13T09:30", "01-13T10:00", "pre-open"],
        ["01-13T14:45", "01-13T14:55", "closing auction"],
    ]
    assert said == "Shaded: pre-open 09:30\u201310:00, closing auction 14:45\u201314:55. Hours of ADX, Asia/Dubai."
    page.evaluate("""() => Plotly.relayout(document.querySelector("[data-chart=panel-0]"),
        {"xaxis.range": ["2025-01-13 09:30", "2025-01-14 15:00"]})""")
    shapes, said = shown(page)
    assert [one[:2] for one in shapes][2:] == [["01-14T12:00", "01-14T12:10"]]
    assert said == "Shaded: closing auction 12:00\u201312:10. Hours of ADX, Asia/Dubai."
    panel.get_by_role("button", name="Show all").click()
    assert shown(page)[0] == []
    assert opened.said == []


RANGES = """names => names.map(name => document.querySelector(`[data-chart="${name}"]`)._fullLayout.xaxis.range
    .map(one => String(one).slice(11, 13)))"""


def test_all_together_are_on_the_hours_of_utc_and_panels_on_those_of_their_exchange(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    folder = invent(tmp_path / "run", ["EMAAR", "FAB"], days=3)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    zones = {"ONE": "Asia/Tokyo", "TWO": "Asia/Dubai"}
    run |= {"markets": {name: {"time_zone": zone, "phases": []} for name, zone in zones.items()}}
    run |= {"exchanges": {"EMAAR": "ONE", "FAB": "TWO"}}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    file = tmp_path / "page.html"
    file.write_bytes(backtest_page(folder))
    opened = open_page(file)
    page = opened.page
    page.evaluate("report.drawAll()")
    page.wait_for_timeout(400)
    portfolio, panel = page.evaluate(RANGES, ["portfolio", "panel-0"])
    assert (portfolio[0], panel[0]) == ("01", "10")
    show = page.locator(".panel:has([data-chart=panel-0]), #equity").get_by_role("button", name="Show 1 day")
    for button in show.all():
        button.click()
    page.wait_for_timeout(400)
    portfolio, panel = page.evaluate(RANGES, ["portfolio", "panel-0"])
    assert (portfolio[0], panel[0]) == ("01", "10")
    assert opened.said == []


def test_a_run_that_recorded_no_phases_says_none(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(backtest_page(invent(tmp_path / "run", ["FAB"])))
    opened = open_page(file)
    opened.page.evaluate("report.drawAll()")
    assert opened.page.locator("[data-phases]").count() == 0
    assert opened.said == []

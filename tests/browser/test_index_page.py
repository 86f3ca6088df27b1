"""The page of all runs in a real browser: filter and sort by mouse and keyboard, no request, fits a phone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.pages.index_page import index_page
from pipeline.runs.registry_row import SweepRow
from tests.pages.test_index_page import ROW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUNS = [
    replace(ROW, name="slow", net_pnl=9.0, differs=("refill 30 to 60",), note=""),
    replace(ROW, name="none", net_pnl=None, differs=(), note="<b>wider</b>"),
    replace(ROW, name="quick", net_pnl=10.0, differs=("refill 60 to 5",), note=""),
]
SWEEPS = [
    SweepRow(
        name,
        (1, 1),
        "2026-03-02T10:05:00.000+04:00",
        "complete",
        strategies=("v1_baseline",),
        settings=1_000,
        securities=3,
        chosen_by="net_pnl",
        setting=17,
        values={"quote_size": size, "min_local_currency_before_quote": 1e6},
        net_pnl=1_234_567.0,
        luck=("Of 1,000 settings the best looks like 1,234.00 AED a market day; luck alone would give 980.00.",),
    )
    for name, size in (("sweeps/small", 500), ("sweeps/large", 3_000))
]
SHOWN = """[...document.querySelectorAll('#runs tbody tr')].filter(row => !row.hidden)
.map(row => row.cells[0].innerText.split('\\n')[0])"""


@pytest.fixture
def opened(tmp_path: Path, open_page: Callable[..., Any]) -> Any:
    file = tmp_path / "index.html"
    file.write_bytes(index_page(RUNS))
    return open_page(file)


def test_runs_are_filtered_and_sorted(opened: Any) -> None:
    page = opened.page
    field = page.get_by_role("searchbox", name="Only rows with these words")
    field.fill("REFILL 60")
    assert page.evaluate(SHOWN) == ["slow", "quick"]
    assert page.inner_text("[data-filtered]") == "2 of 3"
    field.fill("<b>wider")
    assert page.evaluate(SHOWN) == ["none"]
    field.fill("")
    page.get_by_role("button", name="Net P&L").press("Enter")
    assert page.evaluate(SHOWN) == ["quick", "slow", "none"]
    assert page.inner_text("[data-filtered]") == ""
    assert opened.said == []
    assert len(opened.requests) == 1


def test_sweeps_are_filtered_by_a_field_of_their_own(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    file = tmp_path / "index.html"
    file.write_bytes(index_page(RUNS, SWEEPS))
    opened = open_page(file)
    opened.page.locator('[data-filter="sweeps"]').fill("quote_size 500")
    rows = opened.page.locator("#sweeps tbody tr:visible")
    assert rows.count() == 1
    assert "small" in rows.inner_text()
    assert opened.page.locator("#runs tbody tr:visible").count() == len(RUNS)
    assert opened.page.inner_text('[data-filtered="sweeps"]') == "1 of 2"
    assert opened.said == []


def test_the_page_is_no_wider_than_a_phone(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    file = tmp_path / "index.html"
    file.write_bytes(index_page(RUNS, SWEEPS))
    page = open_page(file, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    first = page.evaluate("document.querySelector('#runs tbody th').getBoundingClientRect().width")
    assert first < 160

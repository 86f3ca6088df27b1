"""The page that every report is built on, in a real browser: charts draw, nothing leaves, text stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.pages import page as pages
from pipeline.pages.curves import packed_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

HOSTILE = "<script>alert(1)</script>"
TEMPLATE = """{% extends "base.html.j2" %}{% block content %}
{{ ui.chart("one", title, "About it.") }}
<table class="sortable"><thead><tr><th>a</th><th>b</th></tr></thead><tbody>
{% for name, value in rows %}<tr data-row="{{ name }}"><th>{{ name }}</th>{{ ui.cell(value, "money", "none") }}</tr>
{% endfor %}</tbody></table>
{% endblock %}"""
ROWS = [("b", 9.0), ("a", 10.0), ("c", None), ("d", -3.5)]


@pytest.fixture
def page_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in pages.TEMPLATES.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "one.html.j2").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.setattr(pages, "TEMPLATES", tmp_path)
    pages.environment.cache_clear()
    days = [20_094, 1, 1, 1, 1]  # 6 to 10 January 2025
    at = np.cumsum(days) * 86_400_000 + 39_600_000
    trace = {"shared": "equity", "name": pages.chart_text(HOSTILE), "line": {"color": "$buy"}}
    layout = {
        "xaxis": {"type": "date", "range": [int(at[0]), int(at[-1])]},
        "yaxis": {},
        "margin": {"l": 40, "r": 10},
        "showlegend": True,
    }
    pack = packed_columns({"stamps": (at, 0), "equity": (np.array([1, 2, 0, 4, 3]), 0)})
    data = {
        "charts": {"one": {"data": [trace], "layout": layout, "days": days, "pack": pack}},
        "shared": {"equity": {"mode": "lines"}},
        "days": days,
        "hours": [10, 15],
    }
    file = tmp_path / "page.html"
    file.write_bytes(pages.render("one.html.j2", data, title=HOSTILE, rows=ROWS))
    pages.environment.cache_clear()
    return file


def test_a_chart_draws_without_a_request_or_an_error(page_file: Path, open_page: Callable[..., Any]) -> None:
    opened = open_page(page_file)
    opened.page.wait_for_selector(".chart[data-drawn] .scatterlayer .trace")
    assert opened.requests == [page_file.as_uri()]
    assert opened.said == []
    assert HOSTILE in opened.page.inner_text("h1")
    assert HOSTILE in opened.page.inner_html(".legendtext").replace("&lt;", "<").replace("&gt;", ">")


def test_the_zoom_buttons_show_whole_days(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    page.wait_for_selector(".chart[data-drawn]")
    page.get_by_role("button", name="Show 1 day").press("Enter")
    asked = "document.querySelector('.chart')._fullLayout.xaxis.range.map(x => x.slice(0, 13))"
    assert page.evaluate(asked) == ["2025-01-10 10", "2025-01-10 15"]
    page.get_by_role("button", name="Earlier").press("Enter")
    assert page.evaluate(asked) == ["2025-01-09 10", "2025-01-09 15"]


def test_a_table_sorts_by_exact_value_with_what_is_missing_last(page_file: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_file).page
    button = page.get_by_role("button", name="b", exact=True)
    order = "[...document.querySelectorAll('tbody tr')].map(row => row.dataset.row).join('')"
    button.press("Enter")
    assert page.evaluate(order) == "abdc"
    button.press("Enter")
    assert page.evaluate(order) == "dbac"


@pytest.mark.parametrize(("window", "display"), [({"is_mobile": True, "has_touch": True}, "none"), ({}, "block")])
def test_the_bar_that_a_mouse_brings_up_is_gone_where_nothing_hovers(
    window: dict[str, bool], display: str, page_file: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(page_file, viewport={"width": 1024, "height": 768}, **window).page
    page.wait_for_selector(".chart[data-drawn]")
    assert page.evaluate("matchMedia('(hover: none)').matches") is bool(window)
    assert page.evaluate("getComputedStyle(document.querySelector('.modebar-container')).display") == display


def test_a_browser_that_cannot_unpack_charts_says_so_and_shows_the_tables(
    page_file: Path, open_page: Callable[..., Any]
) -> None:
    opened = open_page(page_file, before="delete window.DecompressionStream")
    opened.page.wait_for_selector("#no-charts:not([hidden])")
    assert "this browser cannot unpack them" in opened.page.inner_text("#no-charts")
    assert opened.page.locator(".chart:visible, .tools:visible").count() == 0
    assert opened.page.locator("tbody tr:visible").count() == 4
    opened.page.get_by_role("button", name="b", exact=True).press("Enter")
    assert opened.page.locator("tbody tr").first.get_attribute("data-row") == "a"
    assert opened.said == []

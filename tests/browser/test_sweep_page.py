"""The page of a sweep in a real browser: it draws first what Python made of the files, and then what is chosen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.pages import sweep_block
from pipeline.pages.sweep_block import block_of, map_on_page
from pipeline.pages.sweep_charts import numbers_or_none, sweep_charts
from pipeline.pages.sweep_data import read_swept
from pipeline.pages.sweep_fold import Choice, first_choice
from pipeline.pages.sweep_page import sweep_page
from tests.browser.conftest import BUTTONS, press_every_button
from tests.pages.swept import invent_sweep, make_sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

HOSTILE: Final = "<script>alert(1)</script>"
UNDRAWN: Final = "document.querySelectorAll('.chart:not([data-drawn])').length"
SHOWN: Final = ("x", "y", "z", "width", "zmin", "zmax", "colorscale", "line", "name")
CHOICES: Final = (
    Choice("FAB", "train_net_pnl", "refill_interval_sec", "quote_size", held={}),
    Choice("all", "net_pnl", "quote_size", "execution", "median", {"execution.fees_bps": 1}),
    Choice("MODON", "drawdown", "execution.fees_bps", "refill_interval_sec", "best", {"execution": 1}),
    Choice("all", "fills", "quote_size", "refill_interval_sec", "best", {"quote_size": 1}),
    Choice("EMAAR", "win_rate", "refill_interval_sec", "execution.fees_bps", "median", {"execution": 0}),
    Choice("EMAAR", "test_net_pnl", "execution", "quote_size", "best", {"refill_interval_sec": 3}),
)
CHOICES_OF_MAPS: Final = (
    Choice("FAB", "train_net_pnl", "refill_interval_sec", "quote_size"),
    Choice("all", "net_pnl", "quote_size", "execution", "median", {"execution.fees_bps": 1}),
    Choice("EMAAR", "test_net_pnl", "refill_interval_sec", "execution.fees_bps", "best", {"execution": 1}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sweep(tmp_path_factory.mktemp("sweep"))


def page_of(folder: Path) -> Path:
    file = folder / "report.html"
    file.write_bytes(sweep_page(folder))
    return file


def drawn(page: Page) -> dict[str, Any]:
    """Return the figures of the page once all are drawn, without their hover texts."""
    page.evaluate("report.drawAll()")
    found: dict[str, Any] = page.evaluate("report.data.charts")
    return found


def told(figure: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: trace[name] for name in SHOWN if name in trace} for trace in figure["data"]]


def alike(found: Any, expected: Any) -> None:
    """Compare figures number by number; floats differ by what adding in another order does."""
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            alike(one, other)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, other in expected.items():
            alike(found[name], other)
    else:
        assert found == (pytest.approx(expected, rel=1e-9, abs=1e-4) if isinstance(expected, float) else expected)


def choose(page: Page, choice: Choice) -> None:
    """Choose by the fields of the page that show something else; what is held last: maps hold one axis at a time."""
    page.locator("#explore details").first.evaluate("one => { one.open = true; }")
    wanted = {f"pick={name}": getattr(choice, name) for name in ("view", "figure", "across", "up", "fold")}
    held = page.locator("[data-hold]").evaluate_all("all => all.map(one => one.dataset.hold)")
    wanted |= {f"hold={json.dumps(name)}": str(choice.held.get(name, "")) for name in held}
    for name, value in wanted.items():
        field = page.locator(f"#explore [data-{name}]")
        if field.input_value() != value:
            field.select_option(value)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_chart_draws_with_no_error_no_warning_and_no_request(
    folder: Path, open_page: Callable[..., Any], width: int, scheme: str
) -> None:
    file = page_of(folder)
    opened = open_page(file, viewport={"width": width, "height": 900}, color_scheme=scheme)
    drawn(opened.page)
    assert opened.page.evaluate(UNDRAWN) == 0
    charts = opened.page.locator(".chart").all()
    assert len(charts) == 5
    for chart in charts:
        assert chart.locator(".trace path, .trace .point, .heatmaplayer image").count() > 0
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.requests == [file.as_uri()]
    assert opened.said == []


def test_no_button_of_a_chart_sends_anything_anywhere(folder: Path, open_page: Callable[..., Any]) -> None:
    opened = open_page(page_of(folder))
    assert set(press_every_button(opened)) == BUTTONS
    assert opened.said == []


def test_what_the_page_draws_first_is_what_python_made_of_the_files(
    folder: Path, open_page: Callable[..., Any]
) -> None:
    swept = read_swept(folder)
    expected = sweep_charts(swept, block_of(swept, first_choice(swept)))
    found = drawn(open_page(page_of(folder)).page)
    assert list(found) == list(expected) == ["map", "spread", "choice", "walk", "parallel"]
    for name, figure in expected.items():
        alike(told(found[name]), told(figure))
        alike(found[name]["layout"].get("shapes", []), figure["layout"].get("shapes", []))


def test_what_is_chosen_one_after_the_other_is_drawn_as_python_would(
    folder: Path, open_page: Callable[..., Any]
) -> None:
    swept = read_swept(folder)
    block = block_of(swept, first_choice(swept))
    page = open_page(page_of(folder)).page
    for choice in CHOICES:
        choose(page, choice)
        found, expected = drawn(page), sweep_charts(swept, replace(block, start=choice))
        for name in ("map", "spread", "choice", "parallel"):
            alike(told(found[name]), told(expected[name]))
            alike(found[name]["layout"].get("shapes", []), expected[name]["layout"].get("shapes", []))


def test_maps_of_a_sweep_that_does_not_fit_are_found_again(
    folder: Path, open_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_block, "MOST_WHOLE", 10)
    monkeypatch.setattr(sweep_block, "SAMPLE", 20)
    swept = read_swept(folder)
    block = block_of(swept, first_choice(swept))
    page = open_page(page_of(folder)).page
    for choice in CHOICES_OF_MAPS:
        choose(page, choice)
        turned = [choice.across, choice.up] not in block.content["maps"]["pairs"]
        asked = replace(choice, across=choice.up, up=choice.across) if turned else choice
        expected = map_on_page(swept, block, asked)
        rows = expected.T if turned else expected
        alike(drawn(page)["map"]["data"][0]["z"], [numbers_or_none(row) for row in rows])


def test_the_fields_work_by_keyboard_and_say_what_is_shown(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder)).page
    field = page.get_by_label("Security").first
    field.focus()
    page.keyboard.press("ArrowDown")
    assert field.input_value() == "EMAAR"
    assert {one.input_value() for one in page.locator("[data-pick=view]").all()} == {"EMAAR"}
    assert "EMAAR" in page.inner_text("[data-say=choice]")
    across, up = page.get_by_label("Across"), page.get_by_label("Up")
    before = across.input_value(), up.input_value()
    across.select_option(before[1])
    assert (across.input_value(), up.input_value()) == before[::-1]


def test_the_map_is_a_table_too(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder)).page
    page.get_by_text("The map as a table").press("Enter")
    page.wait_for_selector("#map-table tbody tr")
    value = "one => Number(one.dataset.value)"
    rows = page.locator("#map-table tbody tr").all()
    cells = [row.locator("td").evaluate_all(f"all => all.map({value})") for row in rows]
    alike(cells[::-1], drawn(page)["map"]["data"][0]["z"])
    assert page.inner_text("#map-table caption") == (
        "Net P&L on train (AED) by quote_size (down) and refill_interval_sec (across)"
    )


def test_the_best_by_another_figure_are_listed_and_sort(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder)).page
    page.locator("#explore [data-pick=figure]").select_option("drawdown")
    place = page.locator("#top-table thead th").all_inner_texts().index("Drawdown (AED)")
    asked = (
        f"[...document.querySelectorAll('#top-table tbody tr')].map(row => Number(row.cells[{place}].dataset.value))"
    )
    lowest = page.evaluate(asked)
    assert lowest == sorted(lowest)
    page.locator("#top-table thead button").nth(place).press("Enter")
    assert page.evaluate(asked) == lowest[::-1]


def test_hostile_names_and_errors_show_as_text(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    axes = {HOSTILE: [HOSTILE, "x"], "b": [1, 2, 3], "c": [1, 2]}
    folder = invent_sweep(tmp_path, axes, [HOSTILE, "FAB"], errors={2: HOSTILE}, strategy=HOSTILE)
    opened = open_page(page_of(folder))
    opened.page.on("dialog", lambda dialog: opened.said.append(dialog.message))
    for choice in (Choice("all", "net_pnl", HOSTILE, "b"), Choice(HOSTILE, "fills", "b", HOSTILE)):
        choose(opened.page, choice)
        drawn(opened.page)
    assert HOSTILE in opened.page.inner_text("h1")
    assert HOSTILE in opened.page.inner_text("#failed-table")
    labels = opened.page.locator("[data-chart=map] .ytick text").all_text_contents()
    assert HOSTILE in [label.strip() for label in labels]
    assert opened.said == []


SHAPES: Final[dict[str, tuple[dict[str, list[Any]], int]]] = {
    "no axis": ({"a": [1]}, 2),
    "one axis": ({"a": [1, 2, 3]}, 4),
    "one axis of words": ({"execution": ["classic", "strict"]}, 4),
    "values put together": ({"a": [x / 7 for x in range(90)], "b": [*range(70)], "kind": ["p", "q"]}, 4),
}


@pytest.mark.parametrize("named", SHAPES)
def test_pages_of_other_shapes_draw(named: str, tmp_path: Path, open_page: Callable[..., Any]) -> None:
    axes, charts = SHAPES[named]
    folder = invent_sweep(tmp_path, axes, ["EMAAR", "FAB"])
    swept = read_swept(folder)
    expected = sweep_charts(swept, block_of(swept, first_choice(swept)))
    opened = open_page(page_of(folder))
    found = drawn(opened.page)
    assert (len(found), opened.page.evaluate(UNDRAWN), opened.said) == (charts, 0, [])
    for name, figure in expected.items():
        alike(told(found[name]), told(figure))


def test_on_paper_all_is_drawn_and_the_fields_are_gone(
    folder: Path, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    opened = open_page(page_of(folder), color_scheme="dark")
    opened.page.evaluate("report.ready")
    opened.page.evaluate(f"() => addEventListener('beforeprint', () => {{ window.seen = {UNDRAWN}; }})")
    opened.page.pdf(path=tmp_path / "page.pdf")
    assert opened.page.evaluate("seen") == 0
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".fields:visible").count() == 0
    assert opened.page.locator("[data-say=map]:visible").count() == 1
    assert opened.said == []


def test_without_scripts_the_best_settings_are_there(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder), java_script_enabled=False).page
    assert page.locator("#best-table tbody tr").count() == 4
    assert page.locator("#top-table tbody tr").count() == 12

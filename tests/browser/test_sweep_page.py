"""The page of a sweep in a real browser: what it draws, first and for what is chosen, is recomputed from the files."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

from pipeline.pages import sweep_settings
from pipeline.pages.sweep_page import sweep_page
from pipeline.store.parquet import read_table
from tests.browser.conftest import BUTTONS, press_every_button
from tests.pages.swept import AXES, chosen_of, frame_of, invent_sweep, make_sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

HOSTILE: Final = "<script>alert(1)</script>"
UNDRAWN: Final = "document.querySelectorAll('.chart:not([data-drawn])').length"
COLUMN_OF: Final = dict(
    zip(["refill_interval_sec", "quote_size", "execution", "execution.fees_bps"], AXES, strict=True)
)
NEAR: Final = {"rtol": 1e-9, "atol": 0.006}
"""A page holds amounts to a cent."""


@dataclass(frozen=True)
class Choice:
    """What is chosen in the fields of the page; held: axes by name, at the number of a value."""

    view: str
    figure: str
    across: str
    up: str
    fold: str = "best"
    held: Mapping[str, int] = field(default_factory=dict)


CHOICES: Final = (
    Choice("FAB", "train_net_pnl", "refill_interval_sec", "quote_size"),
    Choice("all", "net_pnl", "quote_size", "execution", "median", {"execution.fees_bps": 1}),
    Choice("MODON", "drawdown", "execution.fees_bps", "refill_interval_sec", "best", {"execution": 1}),
    Choice("all", "fills", "quote_size", "refill_interval_sec", "best", {"quote_size": 1}),
    Choice("EMAAR", "win_rate", "refill_interval_sec", "execution.fees_bps", "median", {"execution": 0}),
    Choice("EMAAR", "test_net_pnl", "execution", "quote_size", "best", {"refill_interval_sec": 3}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sweep(tmp_path_factory.mktemp("sweep"))


@pytest.fixture
def open_page(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """Open a page, and return it once its fields do what they say."""

    def opened(file: Path, **window: Any) -> Any:
        view = open_page(file, **window)
        view.page.evaluate("window.report?.ready")
        return view

    return opened


def page_of(folder: Path) -> Path:
    file = folder / "report.html"
    file.write_bytes(sweep_page(folder))
    return file


def drawn(page: Page) -> dict[str, Any]:
    """Return the figures of the page once all are drawn, without their hover texts."""
    page.evaluate("report.drawAll()")
    found: dict[str, Any] = page.evaluate("report.data.charts")
    return found


def values_of(frame: pd.DataFrame, axis: str) -> list[Any]:
    """Return the values of an axis in its order."""
    return (
        list(dict.fromkeys(frame.loc["all"][COLUMN_OF[axis]]))
        if axis == "execution"
        else sorted(set(frame.loc["all"][COLUMN_OF[axis]]))
    )


def check_charts(charts: dict[str, Any], folder: Path, frame: pd.DataFrame, choice: Choice) -> None:
    """Compare what is drawn for a choice with what the files say."""
    own = frame.loc[choice.view]
    for axis, at in choice.held.items():
        own = own[own[COLUMN_OF[axis]] == values_of(frame, axis)[at]]
    chosen = [setting for setting in [chosen_of(folder)[choice.view]] if setting in own.index]
    across, up = values_of(frame, choice.across), values_of(frame, choice.up)
    fold = "median" if choice.fold == "median" else "min" if choice.figure in ("drawdown", "fees") else "max"
    cells = own.pivot_table(
        index=COLUMN_OF[choice.up], columns=COLUMN_OF[choice.across], values=choice.figure, aggfunc=fold
    ).reindex(index=up, columns=across)
    [heat] = charts["map"]["data"]
    np.testing.assert_allclose(np.array(heat["z"], float), cells.to_numpy(float), **NEAR)
    frames = [(shape["x0"] + 0.5, shape["y0"] + 0.5) for shape in charts["map"]["layout"]["shapes"]]
    row = own.loc[chosen]
    assert frames == [
        (across.index(x), up.index(y))
        for x, y in zip(row[COLUMN_OF[choice.across]], row[COLUMN_OF[choice.up]], strict=True)
    ]
    figures = own[choice.figure].round(2 if choice.figure != "win_rate" else 4)
    [bars] = charts["spread"]["data"]
    assert sum(bars["y"]) == len(figures)
    np.testing.assert_allclose(bars["x"][0] - bars["width"] / 2, figures.min(), atol=1e-6)
    lines = [shape["x0"] for shape in charts["spread"]["layout"]["shapes"]]
    np.testing.assert_allclose(lines, [figures.median(), *row[choice.figure]], **NEAR)
    points, star = charts["choice"]["data"]
    for axis, column in (("x", "train_net_pnl"), ("y", "test_net_pnl")):
        np.testing.assert_allclose(points[axis], own[column], **NEAR)
        np.testing.assert_allclose(star[axis], row[column], **NEAR)


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


def test_on_a_phone_no_words_of_a_chart_lie_on_others(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder), viewport={"width": 420, "height": 900}).page
    points = drawn(page)["choice"]["data"][0]
    far = np.linspace(-3_110_000, -2_880_000, len(points["x"])).tolist()
    page.evaluate("far => { report.data.charts.choice.data[0].x = far; return report.redraw('choice'); }", far)
    box = "(({ left, right, top, bottom }) => [left, right, top, bottom])(one.getBoundingClientRect())"

    def boxes(chart: str, words: str) -> list[tuple[float, ...]]:
        found = page.locator(f"[data-chart={chart}]").locator(words).evaluate_all(f"all => all.map(one => {box})")
        return sorted(map(tuple, found))

    [legend], [annotation] = boxes("equity", ".legend"), boxes("equity", ".annotation-text")
    assert legend[3] <= annotation[2] + 1
    ticks, [title] = boxes("choice", ".xtick text"), boxes("choice", ".xtitle")
    assert len(ticks) > 2
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ticks))
    assert max(bottom for *_, bottom in ticks) <= title[2] + 1


def test_no_button_of_a_chart_sends_anything_anywhere(folder: Path, open_page: Callable[..., Any]) -> None:
    opened = open_page(page_of(folder))
    assert set(press_every_button(opened)) == BUTTONS
    assert opened.said == []


def test_what_the_page_draws_first_and_for_each_choice_is_recomputed_from_the_files(
    folder: Path, open_page: Callable[..., Any]
) -> None:
    frame = frame_of(folder)
    page = open_page(page_of(folder)).page
    row = frame.loc["all"].loc[chosen_of(folder)["all"]]
    held = {axis: values_of(frame, axis).index(row[COLUMN_OF[axis]]) for axis in ("execution", "execution.fees_bps")}
    first = Choice("all", "train_net_pnl", "refill_interval_sec", "quote_size", held=held)
    charts = drawn(page)
    assert list(charts) == ["equity", "map", "spread", "choice", "walk"]
    assert (charts["map"]["data"][0]["x"], charts["map"]["data"][0]["y"]) == (
        ["20", "60", "120", "200"],
        ["500", "1,000", "3,000"],
    )
    check_charts(charts, folder, frame, first)
    for choice in CHOICES:
        choose(page, choice)
        check_charts(drawn(page), folder, frame, choice)
    [bars] = drawn(page)["walk"]["data"]
    walk = pd.read_csv(folder / "walk_forward.csv").query("security == 'EMAAR'")
    assert (bars["x"], bars["y"]) == (walk["test_from"].tolist(), walk["test_net_pnl"].tolist())
    days = pd.read_csv(folder / "chosen_by_day.csv").query("security == 'EMAAR'")
    for line, column in zip(drawn(page)["equity"]["data"], ("net_pnl", "median_net_pnl"), strict=True):
        assert line["x"] == days["day"].tolist()
        np.testing.assert_allclose(line["y"], days[column].cumsum(), **NEAR)
    assert f"ends at {days['net_pnl'].sum():,.2f} AED" in page.locator('[data-say="equity"]').inner_text()


def test_medians_of_a_sweep_that_does_not_fit_are_of_the_even_sample(
    folder: Path, open_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_settings, "MOST_SETTINGS", 30)
    page = open_page(page_of(folder)).page
    numbers = page.evaluate("report.numbers")
    sampled = page.evaluate("report.data.sweep.sampled")
    assert sampled == 15 < len(numbers) < 48
    choose(page, Choice("all", "train_net_pnl", "refill_interval_sec", "quote_size", "median"))
    own = frame_of(folder).loc["all"].loc[numbers[:sampled]]
    cells = own.pivot_table(
        index="quote_size", columns="refill_interval_sec", values="train_net_pnl", aggfunc="median"
    ).reindex(index=[500, 1_000, 3_000], columns=[20, 60, 120, 200])
    np.testing.assert_allclose(np.array(drawn(page)["map"]["data"][0]["z"], float), cells.to_numpy(float), **NEAR)


def test_the_best_by_the_figure_shown_are_listed(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder)).page
    frame = frame_of(folder)
    row = frame.loc["all"].loc[chosen_of(folder)["all"]]
    same = frame.loc["all"]
    same = same[(same[AXES[2:]] == row[AXES[2:]]).all(axis=1)]
    order = same["train_net_pnl"].sort_values(ascending=False, kind="stable").index[:15]
    rows = page.locator("#top-table tbody tr")
    assert [int(text.replace(",", "")) for text in rows.locator("th").all_inner_texts()] == order.tolist()
    names = [figure["name"] for figure in page.evaluate("report.data.sweep.figures")]
    for number, setting in enumerate(order):
        cells = rows.nth(number).locator("td").evaluate_all("all => all.map(one => Number(one.dataset.value || NaN))")
        np.testing.assert_allclose(cells[4:], same.loc[setting, names].astype(float), rtol=1e-6, atol=0.006)


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
    assert cells[::-1] == drawn(page)["map"]["data"][0]["z"]
    assert page.inner_text("#map-table caption") == (
        "Net P&L on train (AED) by quote_size (down) and refill_interval_sec (across)"
    )


def test_the_best_by_another_figure_are_listed_and_sort(folder: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(folder)).page
    page.locator("#explore [data-pick=figure]").select_option("drawdown")
    label = page.evaluate("report.data.sweep.figures.find(figure => figure.name === 'drawdown').label")
    place = page.locator("#top-table thead th").all_inner_texts().index(label)
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
    "one axis": ({"a": [1, 2, 3]}, 3),
    "one axis of words": ({"execution": ["classic", "strict"]}, 3),
    "values put together": ({"a": [x / 7 for x in range(90)], "b": [*range(70)], "kind": ["p", "q"]}, 3),
}


@pytest.mark.parametrize("named", SHAPES)
def test_pages_of_other_shapes_draw(named: str, tmp_path: Path, open_page: Callable[..., Any]) -> None:
    axes, charts = SHAPES[named]
    folder = invent_sweep(tmp_path, axes, ["EMAAR", "FAB"])
    opened = open_page(page_of(folder))
    found = drawn(opened.page)
    assert (len(found), opened.page.evaluate(UNDRAWN), opened.said) == (charts, 0, [])
    if named == "one axis":
        line, star = found["map"]["data"]
        figures = read_table(folder / "sweep_all.parquet").to_pandas()["train_net_pnl"]
        assert line["x"] == [1, 2, 3]
        np.testing.assert_allclose(line["y"], figures, **NEAR)
        np.testing.assert_allclose(star["y"], [figures.max()], **NEAR)
    if named == "values put together":
        figures = read_table(folder / "sweep_all.parquet").to_pandas()["train_net_pnl"]
        highest = max(value for row in found["map"]["data"][0]["z"] for value in row if value is not None)
        assert highest == pytest.approx(figures.max(), abs=0.006)


def test_on_paper_all_is_drawn_and_the_fields_are_gone(
    folder: Path, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    opened = open_page(page_of(folder), color_scheme="dark")
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
    assert "need JavaScript" in page.locator("noscript").inner_text()

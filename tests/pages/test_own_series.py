"""What a strategy recorded, on a run's page: its rows, its numbers, and how it is thinned where not all fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.pages.backtest_page import backtest_page
from pipeline.pages.own_series import MOST_SERIES, is_of_price_size
from tests.pages.invented import DAY_MS, HOUR_MS, MONDAY, invent, record
from tests.pages.reading import read_page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.reading import Page


def stamps_of(count: int, days: int = 3) -> Any:
    """Return times of the first days of an invented run."""
    a_day = -(-count // days)
    within = np.arange(count) % a_day * (4 * HOUR_MS // a_day)
    return ((MONDAY + np.arange(count) // a_day) * DAY_MS + 10 * HOUR_MS + within).astype(np.int64)


def traces_of(page: Page, chart: str) -> list[dict[str, Any]]:
    """Return the lines of series of a panel."""
    shared = page.data["shared"][page.data["charts"][chart]["shared"]]
    return [trace for trace in shared["data"] if "own" in trace]


@pytest.mark.parametrize(
    ("values", "prices", "expected"),
    [
        ([10.0, 11.0], [10.0, 11.0], True),
        ([9.5, 11.5], [10.0, np.nan, 11.0], True),  # by half of the height beside them
        ([9.49], [10.0, 11.0], False),
        ([11.51], [10.0, 11.0], False),
        ([10.1, 9.9], [10.0, 10.0], True),  # by 1 % of a price that stands still
        ([10.11], [10.0, 10.0], False),
        ([-300.0, 300.0], [10.0, 11.0], False),
        ([10.0], [np.nan], False),
        ([10.0], [], False),
    ],
)
def test_a_series_is_of_prices_size_within_half_of_their_range_beside_it(
    values: list[float], prices: list[float], *, expected: bool
) -> None:
    assert is_of_price_size(np.array(values), np.array(prices)) is expected


def test_a_panel_has_every_number_on_the_row_that_it_belongs_to(tmp_path: Path) -> None:
    folder = invent(tmp_path / "run", ["EMAAR", "FAB"], 3, 60)
    stamps, rising = stamps_of(300), np.linspace(109.9, 110.1, 300)
    gappy = np.where(np.arange(300) % 3 == 0, np.nan, np.arange(300) * 1e9)
    record(folder, "FAB", stamps, fair=np.round(rising, 4), load=gappy, small=rising / 1e9, never=stamps * np.nan)
    page = read_page(backtest_page(folder))
    assert traces_of(page, "panel-0") == []
    lines = traces_of(page, "panel-1")
    assert [(line["name"], line["yaxis"]) for line in lines] == [("fair", "y"), ("load", "y5"), ("small", "y6")]
    columns = page.columns("panel-1")
    there = ~np.isnan(gappy)
    assert columns["recorded_0"] == stamps.tolist()
    assert columns["recorded_1"] == stamps[there].tolist()
    assert columns["own_0"] == pytest.approx(np.round(rising, 4).tolist(), rel=1e-9)
    assert columns["own_1"] == pytest.approx(gappy[there].tolist(), abs=3e5)  # seven digits of the largest
    assert columns["own_2"] == pytest.approx((rising / 1e9).tolist(), abs=1e-13)
    panel = page.root.one("details", id="FAB")
    assert "own series fair (with the prices), load, small" in panel.one("summary").text
    assert panel.one("div", data_chart="panel-1").attributes["style"] == "height:840px"
    rows = page.data["shared"][page.data["charts"]["panel-1"]["shared"]]["layout"]
    assert [rows[axis]["title"]["text"] for axis in ("yaxis5", "yaxis6")] == ["load", "small"]
    domains = [rows[axis]["domain"] for axis in ("yaxis4", "yaxis3", "yaxis2", "yaxis6", "yaxis5", "yaxis")]
    edges = [edge for domain in domains for edge in domain]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (0.0, pytest.approx(1.0))


def test_the_clock_of_a_page_has_room_for_what_was_recorded_outside_the_session(tmp_path: Path) -> None:
    folder = invent(tmp_path / "run", ["EMAAR", "FAB"], 3, 60)
    record(folder, "FAB", stamps_of(3) - 2 * HOUR_MS, early=np.arange(3.0))
    page = read_page(backtest_page(folder))
    assert page.data["hours"][0] == 8
    record(folder, "EMAAR", stamps_of(3), early=np.arange(3.0))
    assert read_page(backtest_page(folder)).data["days"] == page.data["days"]


def test_a_page_without_series_is_as_it_was(tmp_path: Path) -> None:
    folder = invent(tmp_path / "run", ["FAB"], 3, 60)
    page = read_page(backtest_page(folder))
    assert "own series" not in page.root.one("details", id="FAB").text
    assert page.root.one("div", data_chart="panel-0").attributes["style"] == "height:620px"
    assert page.data["charts"]["panel-0"]["shared"] == "panel"


def test_series_that_do_not_fit_keep_their_extremes_and_say_how_many_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickers = [f"S{number:02}" for number in range(20)]
    folder = invent(tmp_path / "run", tickers, 3, 60)
    stamps, chance = stamps_of(30_000), np.random.default_rng(1)
    walks = {ticker: np.round(np.cumsum(chance.normal(size=30_000)), 3) for ticker in tickers}
    for ticker, walk in walks.items():
        record(folder, ticker, stamps, walk=walk)
    monkeypatch.setattr("pipeline.pages.backtest_page.MOST_BYTES", 3_200_000)
    content = backtest_page(folder)
    assert len(content) <= 3_200_000
    page = read_page(content)
    for number, (ticker, walk) in enumerate(walks.items()):
        columns = page.columns(f"panel-{number}")
        drawn = columns["own_0"]
        assert 200 < len(drawn) < len(walk)
        assert (min(drawn), max(drawn)) == pytest.approx((walk.min(), walk.max()))
        assert len(columns["stamps"]) == 60  # fills come first
        note = f"{len(drawn):,} of the 30,000 numbers of walk are on this page"
        assert note in page.root.one("details", id=ticker).text


def test_of_many_series_the_first_are_drawn_and_the_others_named(tmp_path: Path) -> None:
    folder = invent(tmp_path / "run", ["FAB"], 3, 60)
    many = {f"s{number}": np.arange(50.0) - number for number in range(MOST_SERIES + 2)}
    record(folder, "FAB", stamps_of(50), **many)
    page = read_page(backtest_page(folder))
    assert [line["name"] for line in traces_of(page, "panel-0")] == [*many][:MOST_SERIES]
    assert f"not drawn: s{MOST_SERIES}, s{MOST_SERIES + 1}; all are in series/FAB.parquet" in page.root.text


@pytest.mark.slow
def test_two_hundred_securities_with_series_of_every_event_are_below_eight_megabytes(tmp_path: Path) -> None:
    tickers = [f"S{number:03}" for number in range(200)]
    folder = invent(tmp_path / "run", tickers, 20, 500)
    stamps, chance = stamps_of(10_000, 20), np.random.default_rng(1)
    for ticker in tickers:
        walk = 110 + np.cumsum(chance.normal(size=10_000)) / 1_000
        record(folder, ticker, stamps, fair=walk, load=walk * 1e6, third=np.sin(walk))
    content = backtest_page(folder)
    assert len(content) < 8_000_000
    page = read_page(content)
    assert all(len(page.columns(f"panel-{number}")["own_2"]) > 50 for number in range(0, 200, 20))

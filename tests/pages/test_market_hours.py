"""What a page knows of its markets is what the run recorded: phases by day, span of a day, name of the clock."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.markets.facts import facts_of
from pipeline.markets.timetable import timetable
from pipeline.pages.backtest_page import backtest_page
from pipeline.pages.compare_page import compare_page
from pipeline.pages.market_hours import clock_words, drawn_span, exchange_of, markets_of, one_of
from pipeline.pages.run_reader import read_contents
from tests.inspection.test_counts import EVENING
from tests.pages.invented import invent
from tests.pages.reading import read_page

if TYPE_CHECKING:
    from pathlib import Path

HOUR: Final = 3_600
ADX: Final = [["pre-open", 34_200, 36_000], ["continuous", 36_000, 53_100], ["closing auction", 53_100, 53_700]]
RUN: Final[dict[str, Any]] = {
    "exchanges": {"FAB": "ADX"},
    "data": {"FAB": {"exchange": "OLD"}, "OLD": {"exchange": "OLD"}},
    "markets": {"ADX": {"time_zone": "Asia/Dubai", "phases": [{"from": "2025-01-13", "phases": ADX}]}},
}


def test_a_half_day_has_a_stretch_of_its_own() -> None:
    london = timetable(facts_of("LSE"), dt.date(2016, 12, 21), dt.date(2016, 12, 28))
    assert [each["from"] for each in london] == ["2016-12-21", "2016-12-23", "2016-12-24"]
    usual, half, after = (each["phases"] for each in london)
    assert (usual, ["continuous", 8 * HOUR, 12 * HOUR + 1_800] in half) == (after, True)


def test_a_day_from_the_evening_before_begins_below_midnight() -> None:
    [block] = timetable(EVENING, dt.date(2025, 1, 13), dt.date(2025, 1, 17))
    assert block["phases"] == [
        ["continuous", -7 * HOUR, 9 * HOUR],
        ["break", 9 * HOUR, 10 * HOUR],
        ["continuous", 10 * HOUR, 16 * HOUR],
    ]


@pytest.mark.parametrize(
    ("phases", "span"),
    [
        (ADX, (34_200_000, 53_699_999)),
        ([["pre-open", 6 * HOUR, 9 * HOUR], ["continuous", 9 * HOUR, 16 * HOUR]], (30_600_000, 57_599_999)),
        ([["continuous", -7 * HOUR, 16 * HOUR]], None),
    ],
)
def test_a_day_is_drawn_from_half_an_hour_before_trading_at_most(phases: Any, span: object) -> None:
    run = RUN | {"markets": {"ADX": {"time_zone": "UTC", "phases": [{"from": "2025-01-13", "phases": phases}]}}}
    assert drawn_span(run) == span


def test_a_run_of_a_former_version_has_no_phases() -> None:
    for markets in ({}, {"markets": None}, {"markets": {"ADX": {"calendar": None}}}):
        run = {"data": RUN["data"]} | markets
        assert (markets_of(run), drawn_span(run), clock_words(run)) == ({}, None, "exchange time")
        assert (exchange_of(run, "FAB"), exchange_of(run, "NEW")) == ("OLD", "")


def test_the_page_has_phases_the_exchange_of_each_panel_and_the_name_of_the_clock(tmp_path: Path) -> None:
    folder = with_phases(invent(tmp_path / "run", ["FAB", "EMAAR"]))
    page = backtest_page(folder).decode("utf-8")
    assert "times in exchange time (Asia/Dubai), amounts" in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["markets"] == {"ADX": {"zone": "Asia/Dubai", "hours": [[20_101, ADX], [20_102, HALF]]}}
    assert {name: chart.get("market") for name, chart in data["charts"].items() if "market" in chart} == {
        "portfolio": "ADX",
        "panel-0": "ADX",
        "panel-1": "ADX",
    }
    assert data["hours"] == [9.5, 15.0]
    assert (exchange_of(RUN, "FAB"), one_of(data["markets"]), one_of({"A": 1, "B": 2})) == ("ADX", "ADX", "")


@pytest.mark.parametrize(
    ("zones", "hours", "clock"),
    [
        (("Asia/Tokyo", "America/New_York"), (-9, 5), "on one clock, UTC; days are those of each exchange."),
        (("Asia/Dubai", "Asia/Dubai"), (0, 0), "on one clock."),
    ],
)
def test_equity_of_exchanges_in_several_zones_is_in_utc_and_says_so(
    zones: tuple[str, str], hours: tuple[int, int], clock: str, tmp_path: Path
) -> None:
    folder = invent(tmp_path / "run", ["EMAAR", "FAB"])
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    markets = {name: {"time_zone": zone, "phases": []} for name, zone in zip(("ONE", "TWO"), zones, strict=True)}
    run |= {"markets": markets, "exchanges": {"EMAAR": "ONE", "FAB": "TWO"}}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    of_each = [read_contents(folder).track(ticker).stamps for ticker in ("EMAAR", "FAB")]
    expected = sorted(
        stamp + ahead * 3_600_000 for stamps, ahead in zip(of_each, hours, strict=True) for stamp in stamps.tolist()
    )
    page = read_page(backtest_page(folder))
    assert page.columns("portfolio")["stamps"] == expected
    for number, stamps in enumerate(of_each):
        assert page.columns(f"panel-{number}")["stamps"] == stamps.tolist()
    assert f"of all securities {clock}" in backtest_page(folder).decode()
    own = [stamp for stamps in of_each for stamp in stamps.tolist()]
    for data, stamps in ((page.data, own), (page.data.get("utc", page.data), expected)):
        of_day = [stamp % 86_400_000 / 3_600_000 for stamp in stamps]
        opens, closes = data["hours"]
        assert opens <= min(of_day) <= max(of_day) < closes
    in_utc = hours != (0, 0)
    axes = {name: page.data["charts"][name]["layout"]["xaxis"]["shared"] for name in ("portfolio", "exposure", "hold")}
    assert set(axes.values()) == {"utc" if in_utc else "clock"}
    assert ("five minutes on one clock, UTC." in backtest_page(folder).decode()) == in_utc
    other = shutil.copytree(folder, tmp_path / "other")
    both = compare_page([folder, other], tmp_path / "page.html")
    for line in (0, 1):
        assert read_page(both).columns("equity")[f"stamps_{line}"] == expected
    assert (b"of a run on UTC;" in both, b"of a run on one clock;" in both) == (hours != (0, 0), hours == (0, 0))


HALF: Final = [["continuous", 10 * HOUR, 12 * HOUR], ["closing auction", 12 * HOUR, 12 * HOUR + 600]]


def with_phases(folder: Path) -> Path:
    """Have an invented run record the phases of its days, the second of which is a half day."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    phases = [{"from": "2025-01-13", "phases": ADX}, {"from": "2025-01-14", "phases": HALF}]
    run |= {"markets": {"ADX": {"time_zone": "Asia/Dubai", "phases": phases}}}
    run |= {"exchanges": dict.fromkeys(run["data"], "ADX")}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return folder

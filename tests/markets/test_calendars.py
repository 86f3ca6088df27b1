"""A market that names a calendar has its closed days, half days and, where it says none itself, its hours."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.errors import BadRequest, MarketFactsError, MissingExtra
from pipeline.markets import calendars
from pipeline.markets.calendars import with_calendar
from pipeline.markets.facts import facts_of
from pipeline.markets.new import new_market
from pipeline.markets.read import read_market
from pipeline.markets.timetable import phases_on, trading_day

if TYPE_CHECKING:
    from pathlib import Path

MINUTE: Final = 60_000_000_000
LONDON: Final[dict[str, Any]] = {
    "exchange": "XYZ",
    "codes": ["XZ"],
    "time_zone": "Europe/London",
    "currency": "GBP",
    "calendar": "XLON",
    "sessions": [{"continuous": ["08:00", "16:30"], "closing_auction": ["16:30", "16:35"]}],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    pytest.importorskip("exchange_calendars")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def market(folder: Path, **changes: object) -> calendars.MarketFacts:
    path = folder / "XYZ.json"
    path.write_text(json.dumps({key: value for key, value in (LONDON | changes).items() if value is not None}))
    return with_calendar(read_market(path))


def test_its_closed_and_half_days_are_the_calendars_and_the_files_own_come_first(here: Path) -> None:
    london = market(here, closed_days=[{"day": "2024-06-04", "why": "of its own"}])
    days = [dt.date(2024, 12, day) for day in (24, 25, 26, 27, 28)]
    assert [london.trades_on(day) for day in days] == [True, False, False, True, False]
    assert london.trades_on(dt.date(2024, 6, 4)) is False
    eve = london.hours_on(days[0])
    assert (eve.continuous, eve.closing_auction) == (((480 * MINUTE, 750 * MINUTE),), (750 * MINUTE, 755 * MINUTE))
    own = market(here, known_from="2024-12-01", known_to="2024-12-31")
    assert [own.trades_on(day) for day in days[:2]] == [True, True]  # the file says that it knows all closed days then
    assert own.hours_on(days[0]) == own.hours_on(days[3])


def test_a_cached_calendar_that_is_not_as_it_was_written_is_computed_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(here))
    whole = calendars.calendar_days("XLON")
    [file] = (here / "calendars").iterdir()
    text = file.read_text()
    for other in (text.replace("2025-04-18", "2025-04-17"), text.partition("\n")[2], text[:-9]):
        file.write_text(other)
        assert calendars.calendar_days("XLON") == whole
        assert file.read_text() == text != other


def test_hours_come_from_the_calendar_where_the_file_has_none(here: Path) -> None:
    tokyo = market(here, calendar="XTKS", time_zone="Asia/Tokyo", sessions=None)
    spans = [tokyo.hours_on(dt.date(2024, 11, day)).continuous for day in (1, 5)]
    assert [[(start // MINUTE, end // MINUTE) for start, end in each] for each in spans] == [
        [(540, 690), (750, 900)],
        [(540, 690), (750, 930)],
    ]
    chicago = market(here, calendar="CMES", time_zone="America/Chicago", sessions=None)
    assert (chicago.day_starts, chicago.hours.continuous) == (1020 * MINUTE, ((0, 1440 * MINUTE),))


def test_without_the_library_only_what_needs_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "LIBRARY", "no_such_library")
    assert market(tmp_path).trades_on(dt.date(2024, 12, 25)) is None
    with pytest.raises(
        MissingExtra, match=r"XLON is of no_such_library.*python\S* -m pip install 'tick-pipeline\[calendars\]'"
    ):
        market(tmp_path, sessions=None)


def test_a_new_market_has_what_its_calendar_knows_and_is_found_once_it_is_filled_in(here: Path) -> None:
    path = new_market("ZZ", "XHKG")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["sessions"][0]["continuous"] == [["09:30", "12:00"], ["13:00", "16:00"]]
    with pytest.raises(MarketFactsError, match='currency is ""; it takes three capitals'):
        read_market(path)
    path.write_text(json.dumps(content | {"currency": "HKD"}), encoding="utf-8")
    assert facts_of.__wrapped__("ZZ").time_zone == "Asia/Hong_Kong"
    with pytest.raises(BadRequest, match="is there already"):
        new_market("ZZ", None)
    with pytest.raises(MarketFactsError, match=r"has no calendar 'XLONN'\. Did you mean 'XLON'"):
        new_market("Z2", "XLONN")
    assert (here / "configs/markets/ZZ.json").is_file()


def test_a_day_is_told_on_its_own_clock_and_begins_on_the_evening_before(tmp_path: Path) -> None:
    evening = [{"day_starts": "17:00", "continuous": [["17:00", "16:00"]]}]
    path = tmp_path / "XYZ.json"
    path.write_text(json.dumps(LONDON | {"time_zone": "America/Chicago", "sessions": evening}), encoding="utf-8")
    chicago = replace(read_market(path), calendar="")
    now = dt.datetime(2025, 3, 10, 22, 30, tzinfo=dt.UTC)  # half past five in Chicago, where summer time began
    assert trading_day(chicago, now) == dt.date(2025, 3, 11)
    [phase] = phases_on(chicago, dt.date(2025, 3, 11))
    assert phase.start.isoformat() == "2025-03-10T17:00:00-05:00"
    assert phase.end.isoformat() == "2025-03-11T16:00:00-05:00"

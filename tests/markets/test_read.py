"""A market's file is read whole, every mistake is named by its key, and the schema for editors says the same."""

from __future__ import annotations

import datetime as dt
import json
import math
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from pipeline.errors import MarketFactsError
from pipeline.folders import config_file
from pipeline.markets.facts import FOLDER, SCHEMA, market_files
from pipeline.markets.read import read_market
from tests.markets.market_files import FIRST_FORM, FORM, LUNCH, SENSE, markets

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts

MINUTE: Final = 60_000_000_000
VALIDATOR: Final = jsonschema.Draft202012Validator(json.loads(config_file(FOLDER / SCHEMA).read_text(encoding="utf-8")))


def read(content: object) -> MarketFacts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "XYZ.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return read_market(path)


def spans(*pairs: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return spans given in minutes."""
    return tuple((start * MINUTE, end * MINUTE) for start, end in pairs)


def test_a_file_with_every_key_is_read() -> None:
    market = read(LUNCH)
    assert (market.name, market.codes, market.tickers) == ("Exchange of Xyz", ("XZ", "XY"), ("VOD", "BT/A"))
    assert (market.time_zone, market.currency, market.price_unit) == ("Europe/London", "GBP", "GBp")
    assert (market.price_units_per_currency, market.calendar, market.cancels_over_break) == (100, "XLON", True)
    before, after = market.sessions
    assert (before.week, before.hours.continuous) == ({6, 0, 1, 2, 3}, spans((600, 840)))
    assert (after.since, after.week) == (dt.date(2024, 11, 5), {0, 1, 2, 3, 4})
    assert after.hours.continuous == spans((540, 690), (750, 925))
    assert (after.hours.pre_open, after.hours.opening_auction) == spans((480, 540), (530, 540))
    assert after.hours.trade_at_last == (930 * MINUTE, 935 * MINUTE + MINUTE // 2)
    assert [market.hours_on(dt.date(2024, 11, day)).opens // MINUTE for day in (4, 5)] == [600, 540]
    eve = market.hours_on(dt.date(2024, 12, 24))
    assert (eve.continuous, eve.closing_auction, eve.prints_from) == (spans((540, 750)), None, 750 * MINUTE)
    assert [market.ticks_on(dt.date(year, 12, 31)) for year in (2024, 2025)] == [
        ((math.inf, 0.5),),
        ((1.0, 0.001), (math.inf, 0.01)),
    ]
    assert [lot.size for lot in market.lot_sizes] == [100, 1]


def test_the_first_form_is_still_read() -> None:
    market = read(FIRST_FORM)
    assert (market.codes, market.tick_sizes) == (("XZ",), ((1.0, 0.001), (math.inf, 0.01)))
    assert market.sessions[0].week == {0, 1, 2, 3, 4}
    assert market.hours.whole == (570 * MINUTE, 900 * MINUTE)
    assert (market.closed_days, market.tentative_days) == ({dt.date(2025, 6, 6)}, {dt.date(2025, 12, 3)})
    assert VALIDATOR.is_valid(FIRST_FORM)


def test_a_day_that_begins_on_the_evening_before_counts_from_there() -> None:
    evening = {"day_starts": "17:00", "pre_open": ["16:45", "17:00"], "continuous": [["17:00", "16:00"]]}
    with pytest.raises(MarketFactsError, match="pre_open ends after continuous trading begins"):
        read(FIRST_FORM | {"sessions": [evening]})
    market = read(FIRST_FORM | {"sessions": [evening | {"pre_open": None}]})
    assert (market.hours.continuous, market.clock_shift) == (spans((0, 1380)), 420 * MINUTE)
    all_day = read(FIRST_FORM | {"sessions": [{"day_starts": "17:00", "continuous": ["17:00", "17:00"]}]})
    assert all_day.hours.continuous == spans((0, 1440))


@pytest.mark.parametrize("name", FORM | SENSE)
def test_a_mistake_is_named_by_file_and_key(name: str) -> None:
    change, message = (FORM | SENSE)[name]
    content = deepcopy(LUNCH)
    change(content)
    with pytest.raises(MarketFactsError, match=rf"XYZ\.json: .*{message}" if "missing" not in message else message):
        read(content)
    assert VALIDATOR.is_valid(content) is (name in SENSE)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"exchange": "XYZ", "exchange": "XYZ"}', '{"lot_size": NaN}'])
def test_a_file_that_is_no_block_is_refused_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "XYZ.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MarketFactsError, match=r"XYZ\.json"):
        read_market(path)


@pytest.mark.parametrize("path", market_files(), ids=lambda path: path.stem)
def test_a_shipped_file_is_as_the_schema_says(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


@settings(max_examples=60, deadline=None)
@given(content=markets())
def test_the_schema_and_the_loader_take_the_same_files(content: dict[str, Any]) -> None:
    VALIDATOR.validate(content)
    market = read(content)
    assert [len(sessions.hours.continuous) for sessions in market.sessions] == [
        1 if isinstance(each["continuous"][0], str) else len(each["continuous"]) for each in content["sessions"]
    ]


@settings(max_examples=80, deadline=None)
@given(content=markets(), data=draw.data())
def test_what_the_schema_refuses_the_loader_refuses(content: dict[str, Any], data: draw.DataObject) -> None:
    """Something at a place drawn at random is replaced by what may not stand there, or may."""
    places = [(content, key) for key in content] + [(each, key) for each in content["sessions"] for key in each]
    block, key = data.draw(draw.sampled_from(places))
    block[key] = data.draw(draw.sampled_from((True, -1, 0, "x", "", [], {}, [[]], [1], ["09:00"], {"a": 1})))
    if not VALIDATOR.is_valid(content):
        with pytest.raises(MarketFactsError):
            read(content)

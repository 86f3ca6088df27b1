"""The shipped markets say what their rules said on days at which these changed, and where each fact is from.

Expected values are read from the sources that the files name, not from the files.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.folders import config_file
from pipeline.markets.facts import FOLDER, market_files
from pipeline.markets.read import read_market
from pipeline.times import MINUTE

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Span


@cache
def facts_of(exchange: str) -> MarketFacts:
    """Return what a file says by itself, without its calendar."""
    return read_market(config_file(FOLDER / f"{exchange}.json"))


FILES: Final[dict[str, dict[str, Any]]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in market_files()
}

MARKETS: Final = {
    "ADX": ("UH", "Asia/Dubai", "AED", 1),
    "DFM": ("DH", "Asia/Dubai", "AED", 1),
    "TADAWUL": ("AB", "Asia/Riyadh", "SAR", 1),
    "QSE": ("QD", "Asia/Qatar", "QAR", 1),
    "BOURSA_KUWAIT": ("KK", "Asia/Kuwait", "KWD", 1000),
    "EGX": ("EY", "Africa/Cairo", "EGP", 1),
    "LSE": ("LN", "Europe/London", "GBP", 100),
    "XETRA": ("GY", "Europe/Berlin", "EUR", 1),
    "EURONEXT_PARIS": ("FP", "Europe/Paris", "EUR", 1),
    "NYSE": ("UN", "America/New_York", "USD", 1),
    "NASDAQ": ("UW", "America/New_York", "USD", 1),
    "US": ("US", "America/New_York", "USD", 1),
    "TSE": ("JT", "Asia/Tokyo", "JPY", 1),
    "HKEX": ("HK", "Asia/Hong_Kong", "HKD", 1),
    "NSE": ("IS", "Asia/Kolkata", "INR", 1),
}

DAYS: Final = (
    # opening auction | continuous trading | closing auction | trade at last
    ("TADAWUL", "2016-03-31", "10:00-11:00 | 11:00-15:30 | - | -"),
    ("TADAWUL", "2018-05-24", "09:30-10:00 | 10:00-15:00 | - | -"),
    ("TADAWUL", "2018-05-27", "09:30-10:00 | 10:00-15:00 | 15:00-15:10 | -"),
    ("TADAWUL", "2020-04-01", "09:30-10:00 | 10:00-13:00 | 13:00-13:10 | 13:10-13:20"),
    ("TADAWUL", "2025-03-10", "09:30-10:00 | 10:00-15:00 | 15:00-15:10 | 15:10-15:20"),
    ("DFM", "2015-06-03", "- | 10:00-13:50 | 13:50-14:00 | -"),
    ("DFM", "2015-06-04", "- | 10:00-13:45 | 13:45-13:55 | 13:55:20-14:00:20"),
    ("DFM", "2021-10-03", "- | 10:00-14:45 | 14:45-14:55 | 14:55-15:00"),
    ("ADX", "2025-06-02", "- | 10:00-14:45 | 14:45-14:55 | 14:55-15:00"),
    ("QSE", "2023-05-07", "09:00-09:30 | 09:30-13:00 | 13:00-13:10 | 13:10-13:15"),
    ("BOURSA_KUWAIT", "2025-10-09", "08:50-09:00 | 09:00-12:30 | 12:30-12:38 | 12:40-12:45"),
    ("BOURSA_KUWAIT", "2025-10-12", "08:50-09:00 | 09:00-13:00 | 13:00-13:09:30 | 13:10-13:15"),
    ("EGX", "2021-09-02", "09:30-10:00 | 10:00-14:30 | - | -"),
    ("EGX", "2024-03-10", "09:30-10:00 | 10:00-14:15 | 14:15-14:23 | 14:25-14:30"),
    ("EGX", "2024-03-12", "09:30-10:00 | 10:00-13:15 | 13:15-13:23 | 13:25-13:30"),
    ("EGX", "2024-04-16", "09:30-10:00 | 10:00-14:15 | 14:15-14:23 | 14:25-14:30"),
    ("LSE", "2012-04-27", "07:50-08:00 | 08:00-16:30 | 16:30-16:35 | -"),
    ("LSE", "2016-03-18", "07:50-08:00 | 08:00-16:30 | 16:30-16:35 | 16:35-16:40"),
    ("LSE", "2016-03-21", "07:50-08:00 | 08:00-12:00 12:02-16:30 | 16:30-16:35 | 16:35-16:40"),
    ("LSE", "2024-12-24", "07:50-08:00 | 08:00-12:30 | 12:30-12:35 | 12:35-12:40"),
    ("XETRA", "2012-12-28", "08:50-09:00 | 09:00-13:00 13:02-14:00 | 14:00-14:05 | -"),
    ("XETRA", "2020-11-23", "08:50-09:00 | 09:00-13:00 13:02-17:30 | 17:30-17:35 | -"),
    ("XETRA", "2025-11-28", "08:50-09:00 | 09:00-13:00 13:02-17:30 | 17:30-17:35 | 17:35-17:45"),
    ("XETRA", "2025-12-01", "08:55-09:00 | 09:00-13:00 13:02-17:30 | 17:30-17:35 | 17:35-17:40"),
    ("EURONEXT_PARIS", "2023-03-17", "07:15-09:00 | 09:00-17:30 | 17:30-17:35 | 17:35-17:40"),
    ("EURONEXT_PARIS", "2023-03-20", "07:30-09:00 | 09:00-17:30 | 17:30-17:35 | 17:35-17:40"),
    ("EURONEXT_PARIS", "2024-12-24", "07:30-09:00 | 09:00-14:00 | 14:00-14:05 | -"),
    ("NYSE", "2025-06-02", "- | 09:30-16:00 | - | -"),
    ("NASDAQ", "2025-06-02", "- | 09:30-16:00 | - | -"),
    ("US", "2025-06-02", "- | 09:30-16:00 | - | -"),
    ("TSE", "2024-11-01", "08:00-09:00 | 09:00-11:30 12:30-15:00 | - | -"),
    ("TSE", "2024-11-05", "08:00-09:00 | 09:00-11:30 12:30-15:25 | 15:25-15:30 | -"),
    ("HKEX", "2012-03-02", "09:00-09:20 | 09:30-12:00 13:30-16:00 | - | -"),
    ("HKEX", "2012-03-05", "09:00-09:20 | 09:30-12:00 13:00-16:00 | - | -"),
    ("HKEX", "2016-07-25", "09:00-09:20 | 09:30-12:00 13:00-16:00 | 16:00-16:08 | -"),
    ("HKEX", "2024-12-24", "09:00-09:20 | 09:30-12:00 | 12:00-12:08 | -"),
    ("NSE", "2023-11-12", "18:00-18:08 | 18:15-19:15 | - | 19:25-19:35"),
    ("NSE", "2026-07-31", "09:00-09:08 | 09:15-15:30 | - | 15:40-16:00"),
    ("NSE", "2026-08-03", "09:00-09:08 | 09:15-15:15 | 15:15-15:28 | 15:50-16:00"),
)

TRADES: Final = (
    ("ADX", "2021-12-10", False),  # a Friday of the week before 2022
    ("ADX", "2021-12-12", None),  # a Sunday of it
    ("DFM", "2022-07-08", False),  # a Friday, Eid al-Adha
    ("TADAWUL", "2022-09-22", False),  # National Day
    ("TADAWUL", "2025-06-27", False),  # a Friday
    ("TADAWUL", "2013-06-27", None),  # before the hours that are known
    ("QSE", "2024-01-01", False),  # banks' closing of the year
    ("QSE", "2024-01-02", None),  # no list of a whole year is public
    ("BOURSA_KUWAIT", "2023-12-18", False),  # mourning
    ("BOURSA_KUWAIT", "2026-03-01", False),  # suspended
    ("BOURSA_KUWAIT", "2026-03-06", False),  # a Friday
    ("EGX", "2024-04-10", False),  # Eid al-Fitr
    ("EGX", "2025-04-02", None),  # the moon's
    ("LSE", "2025-06-07", False),  # a Saturday
    ("LSE", "2025-12-25", None),  # left to the calendar
    ("HKEX", "2024-12-24", True),  # a half day
    ("NSE", "2023-11-12", True),  # Muhurat trading on a Sunday
    ("NSE", "2020-11-14", True),  # and on a Saturday
    ("NSE", "2023-11-19", False),  # the next Sunday
)

TICKS: Final = (
    ("TADAWUL", "2025-06-26", 30.00, 0.05),
    ("TADAWUL", "2025-06-29", 30.00, 0.02),
    ("TADAWUL", "2025-06-26", 600.0, 0.2),
    ("TADAWUL", "2025-06-29", 600.0, 0.5),
    ("QSE", "2017-08-24", 60.0, 0.1),
    ("QSE", "2017-08-27", 60.0, 0.01),
    ("QSE", "2020-02-13", 5.0, 0.01),
    ("QSE", "2020-02-16", 5.0, 0.001),
    ("BOURSA_KUWAIT", "2025-06-01", 100.9, 0.1),
    ("BOURSA_KUWAIT", "2025-06-01", 101.0, 1.0),
    ("EGX", "2023-06-01", 1.99, 0.001),
    ("EGX", "2023-06-01", 2.00, 0.01),
    ("NYSE", "2025-06-02", 0.99, 0.0001),
    ("NASDAQ", "2025-06-02", 1.00, 0.01),
    ("US", "2025-11-03", 150.0, 0.01),  # half pennies were put off
    ("HKEX", "2025-08-01", 15.0, 0.02),
    ("HKEX", "2025-08-04", 15.0, 0.01),
    ("HKEX", "2025-08-01", 30.0, 0.05),
    ("HKEX", "2025-08-04", 30.0, 0.02),
    ("HKEX", "2026-07-31", 5.0, 0.01),
    ("HKEX", "2026-08-03", 5.0, 0.005),
    ("NSE", "2024-06-07", 200.0, 0.05),
    ("NSE", "2024-06-10", 200.0, 0.01),
    ("NSE", "2025-04-11", 2000.0, 0.05),
    ("NSE", "2025-04-15", 2000.0, 0.1),
    *((market, "2025-06-02", 10.0, None) for market in ("LSE", "XETRA", "EURONEXT_PARIS", "TSE")),
)

LOTS: Final = (
    ("TADAWUL", "2025-06-02", 1),
    ("TSE", "2018-09-28", None),
    ("TSE", "2018-10-01", 100),
    ("HKEX", "2025-06-02", None),
)

FACTS: Final = {
    *("codes", "time_zone", "currency", "price_unit", "calendar", "orders_over_break"),
    *("sessions", "half_days", "closed_days", "tick_sizes", "lot_size", "tickers"),
}
OPTIONAL: Final = {"closed_days", "tick_sizes", "lot_size"}
"""What a file may leave out, if it says why."""
UNLINKED: Final = {("XETRA", "codes"), ("ADX", "known"), ("DFM", "known")}
"""What a sentence alone is the source of."""


def clock(of_day: int) -> str:
    seconds = of_day * 60 // MINUTE
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text.removesuffix(":00")


def words(*spans: Span | None) -> str:
    return " ".join(f"{clock(span[0])}-{clock(span[1])}" if span else "-" for span in spans)


def test_a_market_has_its_code_its_clock_and_its_money() -> None:
    facts = [facts_of(name) for name in FILES]
    said = {m.exchange: (*m.codes, m.time_zone, m.currency, m.price_units_per_currency) for m in facts}
    assert said == MARKETS


@pytest.mark.parametrize(("market", "day", "phases"), DAYS)
def test_a_day_has_the_phases_of_its_time(market: str, day: str, phases: str) -> None:
    hours = facts_of(market).hours_on(dt.date.fromisoformat(day))
    parts = ((hours.opening_auction,), hours.continuous, (hours.closing_auction,), (hours.trade_at_last,))
    assert " | ".join(words(*part) for part in parts) == phases


@pytest.mark.parametrize(("market", "day", "trades"), TRADES)
def test_a_day_is_one_of_trading_as_far_as_is_public(market: str, day: str, *, trades: bool | None) -> None:
    assert facts_of(market).trades_on(dt.date.fromisoformat(day)) is trades


@pytest.mark.parametrize(("market", "day", "price", "tick"), TICKS)
def test_a_price_has_the_tick_of_its_time(market: str, day: str, price: float, tick: float | None) -> None:
    levels = facts_of(market).ticks_on(dt.date.fromisoformat(day))
    assert (None if levels is None else next(step for below, step in levels if price < below)) == tick


@pytest.mark.parametrize(("market", "day", "lot"), LOTS)
def test_a_market_has_the_lot_of_its_time(market: str, day: str, lot: int | None) -> None:
    in_force = [one.size for one in facts_of(market).lot_sizes if one.since <= dt.date.fromisoformat(day)]
    assert in_force[-1:] == ([] if lot is None else [lot])


@pytest.mark.parametrize("market", FILES)
def test_every_fact_has_its_source_and_what_is_left_out_its_reason(market: str) -> None:
    file = FILES[market]
    stated = {name for name in FACTS if file.get(name) is not None} | {"week"}
    stated |= {"known"} if "known_from" in file else set()
    assert file["sources"].keys() - {"half_days"} == (stated | OPTIONAL) - {"half_days"}
    assert {name for name in stated if "http" not in source(file, name) and (market, name) not in UNLINKED} == set()
    assert {name for name in OPTIONAL - stated if source(file, name).startswith("http")} == set()


@pytest.mark.parametrize("market", FILES)
def test_every_day_and_every_year_of_a_change_is_in_its_source(market: str) -> None:
    file = FILES[market]
    days = {name: [each["day"] for each in file.get(name, ())] for name in ("half_days", "closed_days")}
    assert days == {name: sorted(of_name) for name, of_name in days.items()}
    assert [day for day in days["closed_days"] if day not in source(file, "closed_days")] == []
    assert all(facts_of(market).is_of_week(dt.date.fromisoformat(day)) for day in days["closed_days"])
    assert all(each["why"] for each in (*file.get("half_days", ()), *file.get("closed_days", ())))
    assert [day for day in days["half_days"] if day[:4] not in source(file, "half_days")] == []
    for name in ("sessions", "tick_sizes", "lot_size"):
        blocks = file.get(name)
        changes = [block["from"] for block in blocks if "from" in block] if isinstance(blocks, list) else []
        assert [day for day in changes if day[:4] not in source(file, name)] == []


def test_every_ticker_that_a_file_lists_is_in_its_source() -> None:
    listed = {market: file["tickers"] for market, file in FILES.items() if "tickers" in file}
    assert "EMAAR" in listed["DFM"]
    for market, tickers in listed.items():
        said = source(FILES[market], "tickers").upper()
        assert [ticker for ticker in tickers if ticker not in said] == []


def source(file: dict[str, Any], name: str) -> str:
    """Return what a file says of a fact's sources."""
    said = file["sources"][name]
    return said if isinstance(said, str) else " ".join(said)

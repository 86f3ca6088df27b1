"""Figures in time of the session, by the hours of each day and without breaks: a lunch-break market's half day."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pytest

from pipeline.markets.exchange_clock import UTC
from pipeline.markets.market import MarketFacts
from pipeline.markets.phases import EVER, WORKING_WEEK, Hours, Sessions
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.sessions import session_hours, session_table
from pipeline.times import HOUR, MINUTE
from tests.metrics.booked import FIRST, Fill, booked, days, ledger_of

MORNING, AFTERNOON = (9 * HOUR, 11 * HOUR + 30 * MINUTE), (12 * HOUR + 30 * MINUTE, 15 * HOUR)
HALF_DAY: Final = dt.date(1970, 1, 1) + dt.timedelta(days=FIRST + 1)
MARKET: Final = MarketFacts(
    "TYO",
    (Sessions(EVER, WORKING_WEEK, Hours((MORNING, AFTERNOON))),),
    half_days=((HALF_DAY, Hours((MORNING,))),),
)
EARLIER: Final = ((-100_000, ((8 * HOUR, 10 * HOUR),)),)


def test_half_days_have_hours_of_their_own() -> None:
    both = (MORNING, AFTERNOON)
    hours = session_hours(MARKET)
    assert [spans for _, spans in hours] == [both, (MORNING,), both]
    assert [since for since, _ in hours][1:] == [FIRST + 1, FIRST + 2]


@pytest.mark.parametrize(
    ("fills", "share"),
    [
        # Bought at 11:00, sold at 13:00: half an hour before the break and half an hour after it, of five hours.
        ([("1 11:00:00", 100), ("1 13:00:00", -100)], 1 / 5),
        # Bought within the break, when none of its time passes: the 150 minutes of the afternoon.
        ([("1 11:45:00", 100), ("1 15:00:00", -100)], 2.5 / 5),
        # Carried from 14:00 over a half day, which has no afternoon, to 9:30: 60 + 150 + 30 of 300 + 150 + 300 minutes.
        ([("1 14:00:00", 100), ("3 09:30:00", -100)], 240 / 750),
    ],
)
def test_time_in_market_by_hand(fills: Any, share: float) -> None:
    market_days = sorted({int(time[0]) for time, _ in fills} | ({2} if fills[-1][0][0] == "3" else set()))
    of = [Fill(time, shares, 10.0) for time, shares in fills]
    account = booked(of, market_days, [("1 09:05:00", 10.0, 10.0)], sessions=session_hours(MARKET))
    assert portfolio_figures({"": [ledger_of(account)]})["time_in_market"] == pytest.approx(share, rel=1e-15)


def test_orders_wait_in_time_of_the_session_by_hand() -> None:
    fills = [
        # From 11:20 to 12:40 are 10 minutes before the break and 10 after it.
        Fill("1 12:40:00", 100, 10.0, placed=(1, "1 11:20:00")),
        # From 14:50 over the half day's 150 minutes to 9:05: 10 + 150 + 5.
        Fill("3 09:05:00", -100, 10.0, placed=(2, "1 14:50:00")),
    ]
    account = booked(fills, [1, 2, 3], sessions=session_hours(MARKET))
    figures = portfolio_figures({"": [ledger_of(account)]})
    assert figures["time_to_fill_mean"] == (20 + 165) * 60 / 2
    assert figures["time_to_fill_median"] == (20 + 165) * 60 / 2


def test_a_limit_counts_at_marks_of_each_days_own_session() -> None:
    path = [
        ("2 11:30:00", 10.0, 10.0),
        ("2 14:00:00", 10.0, 10.0),
        ("3 14:00:00", 10.0, 10.0),
        ("3 15:00:00", 10.0, 10.0),
    ]
    fills = [Fill("2 09:30:00", 100, 10.0), Fill("3 14:30:00", -50, 10.0)]
    account = booked(fills, [2, 3], path, shares_limit=100, sessions=session_hours(MARKET))
    # The half day's mark at 14:00 is that of its closing print; of the other three, two are at the limit.
    assert ledger_of(account).figures["time_at_limit"] == 2 / 3


def test_securities_together_trade_when_any_does() -> None:
    several = [(hours, UTC) for hours in (session_hours(MARKET), EARLIER, ())]
    table = session_table(several, days(1, 2))
    day, next_day = ((FIRST + number) * 24 * HOUR for number in (0, 1))
    spans = [(day + 8 * HOUR, day + MORNING[1]), (day + AFTERNOON[0], day + AFTERNOON[1])]
    spans.append((next_day + 8 * HOUR, next_day + MORNING[1]))
    assert table[:-1, :2].tolist() == [list(span) for span in spans]
    assert table[:, 2].tolist() == [0, 210 * MINUTE, 360 * MINUTE, 570 * MINUTE]

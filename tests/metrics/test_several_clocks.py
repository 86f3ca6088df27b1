"""A portfolio over Tokyo and New York, worked out by hand: in UTC, over a week in which New York's clock changes.

Days are from 2025-01-06 on: 60 is Thursday 2025-03-06, 61 Friday, 64 Monday, when New York is four hours behind UTC and
no longer five, and 65 Tuesday. Tokyo is nine hours ahead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.markets.exchange_clock import UTC, ExchangeClock
from pipeline.metrics import clock
from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.portfolio import portfolio_of
from tests.metrics.booked import HOUR, MINUTE, Fill, booked, ledger_of
from tests.metrics.test_ledgers import several

if TYPE_CHECKING:
    from pipeline.metrics.accounts import AccountHistory
    from pipeline.metrics.portfolio import Portfolio

TOKYO: Final = ExchangeClock("Asia/Tokyo")
NEW_YORK: Final = ExchangeClock("America/New_York")
DAYS: Final = (60, 61, 64, 65)
IN_TOKYO: Final = ((-100_000, ((9 * HOUR, 11 * HOUR + 30 * MINUTE), (12 * HOUR + 30 * MINUTE, 15 * HOUR))),)
IN_NEW_YORK: Final = ((-100_000, ((9 * HOUR + 30 * MINUTE, 16 * HOUR),)),)
CLOCKS: Final = (NEW_YORK, TOKYO, UTC, ExchangeClock("America/Chicago", 7 * HOUR))


def together(
    tokyo: Any, new_york: Any, paths: Any = ((), ()), days: Any = DAYS, *, is_local: bool = False
) -> Portfolio:
    """Return a portfolio of fills in both, by their clocks or as if both were on one."""
    clocks = (UTC, UTC) if is_local else (TOKYO, NEW_YORK)
    parts = zip("TN", (tokyo, new_york), paths, (IN_TOKYO, IN_NEW_YORK), clocks, strict=True)
    return portfolio_of(
        [
            ledger_of(booked(fills, days, path, ticker=ticker, sessions=sessions, exchange_clock=on))
            for ticker, fills, path, sessions, on in parts
        ]
    )


def bought_and_sold(day: int) -> list[Fill]:
    """Return fills that hold 1,000 until 19:30."""
    return [Fill(f"{day} 15:00:00", 50, 20.0), Fill(f"{day} 19:30:00", -50, 20.0)]


@pytest.mark.parametrize(
    ("tokyo", "new_york", "in_utc", "on_one"),
    [
        # UTC: Tokyo 00:30 to 05:00 loses 300; New York 15:00 to 16:00 gains 200, 20:00 to 20:30 loses 150.
        (
            [Fill("61 09:30:00", 100, 10.0), Fill("61 14:00:00", -100, 7.0, -300.0)],
            [
                *(Fill("61 10:00:00", 50, 20.0), Fill("61 11:00:00", -50, 24.0, 200.0)),
                *(Fill("61 15:00:00", 50, 20.0), Fill("61 15:30:00", -50, 17.0, -150.0)),
            ],
            (300.0, 1_000.0),
            (450.0, 2_000.0),
        ),
        # Friday 09:10 in Tokyo is 00:10, New York's Thursday 19:30 is 00:30.
        ([Fill("61 09:10:00", 100, 10.0)], bought_and_sold(60), (0.0, 2_000.0), (0.0, 1_000.0)),
        # Tuesday 09:10 in Tokyo is 00:10, New York's Monday 19:30 is 23:30 by then.
        ([Fill("65 09:10:00", 100, 10.0)], bought_and_sold(64), (0.0, 1_000.0), (0.0, 1_000.0)),
        # Tuesday 08:20 in Tokyo is Monday 23:20.
        ([Fill("65 08:20:00", 100, 10.0)], bought_and_sold(64), (0.0, 2_000.0), (0.0, 1_000.0)),
    ],
)
def test_drawdown_and_capital_are_of_the_order_in_utc(
    tokyo: list[Fill], new_york: list[Fill], in_utc: tuple[float, float], on_one: tuple[float, float]
) -> None:
    for is_local, expected in ((False, in_utc), (True, on_one)):
        portfolio = together(tokyo, new_york, is_local=is_local)
        assert (portfolio.max_drawdown, portfolio.clock.peak_capital) == expected


def test_time_in_the_market_is_of_all_sessions_and_marks_count_by_their_own() -> None:
    """Tokyo trades five hours, New York six and a half, never both; 15:05 in Tokyo is after its close, 06:05 in UTC."""
    held = [Fill("61 14:00:00", 100, 10.0), Fill("64 10:00:00", -100, 10.0)]
    of_tokyo = [("61 14:05:00", 10.0, 10.0), ("61 15:05:00", 10.5, 10.5), ("64 09:05:00", 11.0, 11.0)]
    of_new_york = [("61 10:05:00", 20.0, 20.0), ("61 15:30:00", 20.0, 20.0), ("61 16:05:00", 20.0, 20.0)]
    portfolio = together(held, [], (of_tokyo, of_new_york), (61, 64))
    assert portfolio.time_in_market == (1 + 6.5 + 1) / (2 * 11.5)
    assert portfolio.inventory.tolist() == [1_000.0, 1_050.0, 1_050.0, 1_100.0]
    assert together(held, [], days=(61, 64), is_local=True).time_in_market == (2 + 1) / (2 * 7)


def test_the_length_of_a_drawdown_is_by_days_in_utc() -> None:
    """New York falls from Thursday 18:00, 23:00 in UTC; Tokyo makes it good on Tuesday at 08:20, Monday in UTC."""
    lost = [Fill("60 18:00:00", 50, 20.0, 10.0), Fill("60 19:30:00", -50, 19.0, -50.0)]
    regained = [Fill("64 09:00:00", 100, 10.0), Fill("65 08:20:00", -100, 11.0, 100.0)]
    assert together(regained, lost).max_drawdown_days == 3
    assert together(regained, lost, is_local=True).max_drawdown_days == 4


@settings(max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=several(), on=st.lists(st.sampled_from(CLOCKS), min_size=4, max_size=4))
def test_a_portfolio_over_zones_is_the_same_in_whatever_stretches_it_is_walked(
    histories: list[AccountHistory], on: list[ExchangeClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = [replace(each, exchange_clock=its) for each, its in zip(histories, on, strict=False)]
    ledgers = [ledger_of(account) for account in accounts]
    whole = portfolio_figures({"AED": ledgers})
    for at_a_time in (1, 7):
        with monkeypatch.context() as patched:
            patched.setattr(clock, "AT_A_TIME", at_a_time)
            assert portfolio_figures({"AED": ledgers}) == whole

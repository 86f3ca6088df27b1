"""What an account holds at any time, by the reference: position, equity, cash, marks, limits, the sessions' clock."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest

from pipeline.ticks import union_of
from tests.metrics.booked import NONE, SESSIONS, Fill, at, days
from tests.metrics.booked import booked as booked_history
from tests.reference.account_history import Account, account, session_clock

TRADES: Final = (
    Fill("1 10:00:10", 100, 10.0),
    Fill("1 11:00:00", -60, 10.5, 30.0),
    Fill("2 10:30:00", -100, 9.5, -20.0),  # closes 40 at a loss of 0.5 each, opens 60 short
    Fill("2 14:55:00", 60, 9.0, 30.0),
)
PATH: Final = (
    ("1 10:05:00", 10.2, 10.1),
    ("1 14:45:00", NONE, 10.4),
    ("1 14:56:00", NONE, 10.6),
    ("2 10:05:00", NONE, NONE),
    ("2 10:35:00", 9.4, 9.6),
    ("2 14:56:00", NONE, 9.1),
)


def booked(*arguments: Any, **options: Any) -> Account:
    return account(booked_history(*arguments, **options))


def times(*texts: str) -> Any:
    return np.array([at(text) for text in texts], np.int64)


def test_what_is_held_counts_from_the_instant_of_a_fill_on() -> None:
    history = booked(TRADES, (1, 2), PATH)
    when = times("1 10:00:09", "1 10:00:10", "1 10:59:59", "1 11:00:00", "2 09:00:00", "2 10:30:00", "3 10:00:00")
    assert history.position_at(when).tolist() == [0, 100, 100, 40, 40, -60, 0]
    assert history.equity_at(when).tolist() == [0, 0, 0, 30, 30, 10, 40]
    assert history.capital.tolist() == [1_000, 420, 570, 0]


def test_fees_come_off_equity_and_cash_at_their_fill() -> None:
    history = booked(TRADES, (1, 2), PATH, fees_bps=10)
    assert history.fees.tolist() == pytest.approx([1.0, 0.63, 0.95, 0.54])
    assert history.equity.tolist() == pytest.approx([-1.0, 28.37, 7.42, 36.88])
    assert history.cash.tolist() == pytest.approx([-1_001, -371.63, 577.42, 36.88])


def test_marked_equity_values_what_is_open_long_and_short() -> None:
    history = booked(TRADES, (1, 2), PATH)
    when = times("1 10:00:00", "1 10:05:00", "1 14:45:00", "2 10:05:00", "2 10:35:00", "2 15:00:00")
    # nothing; 100 at 10.2 for 1,000; 40 at 10.4, then at 10.6, for 370; 60 short at 9.4 for 580; flat: 40 earned
    assert history.marked_equity_at(when).tolist() == pytest.approx([0, 20, 46, 54, 16, 40])


def test_marked_equity_is_equity_to_the_last_bit_while_flat() -> None:
    fills = [Fill("1 10:00:10", 3, 0.1), Fill("1 10:00:20", -3, 0.3, 0.6), Fill("1 10:00:30", 3, 0.7)]
    history = booked(fills, path=[("1 10:05:00", 0.7, 0.7)])
    assert history.cash[1] != history.equity[1]
    assert history.marked_equity_at(times("1 10:00:25")).tolist() == history.equity_at(times("1 10:00:25")).tolist()


MARKS: Final = {
    "1 09:59:59": 0.0,  # before anything is known
    "1 10:00:10": 10.0,  # the last fill's price
    "1 10:05:00": 10.2,  # the mid
    "1 14:45:00": 10.4,  # no mid: the day's last print
    "1 20:00:00": 10.6,
    "2 10:05:00": 10.6,  # neither yet: the last that is known
    "2 10:35:00": 9.4,
    "3 10:00:00": 9.1,
}


@pytest.mark.parametrize("when", MARKS)
def test_a_mark_is_the_mid_else_the_last_print_else_the_last_known_else_the_last_fill(when: str) -> None:
    assert booked(TRADES, (1, 2), PATH).mark_at(times(when)).tolist() == [MARKS[when]]


def test_without_a_price_path_marks_are_fills() -> None:
    history = booked(TRADES, ())
    assert history.mark_at(times("1 09:00:00", "1 10:30:00", "2 10:30:00")).tolist() == [0.0, 10.0, 9.5]
    assert history.marks.tolist() == []


def test_a_clock_that_steps_back_leaves_fills_in_their_order() -> None:
    fills = [Fill("1 10:00:10", 100, 10.0), Fill("1 10:00:08", -100, 10.1, 10.0), Fill("1 10:00:20", 50, 10.0)]
    history = booked(fills)
    assert history.clock.tolist() == times("1 10:00:10", "1 10:00:10", "1 10:00:20").tolist()
    assert history.position_at(times("1 10:00:09", "1 10:00:10")).tolist() == [0, 0]
    assert history.equity_at(times("1 10:00:10")).tolist() == [10.0]


def test_five_minute_marks_are_those_of_the_session() -> None:
    assert booked((), (1, 2), PATH).marks.tolist() == times(*(PATH[n][0] for n in (0, 1, 3, 4))).tolist()


LIMITS: Final[dict[str, tuple[dict[str, Any], list[float] | None]]] = {
    "none": ({}, None),
    "shares": ({"shares_limit": 500}, [500, 500, 500]),
    "notional, at the mark": ({"notional_limit": 1_000.0}, [np.inf, 100, 98]),
    "the smaller": ({"shares_limit": 99, "notional_limit": 1_000.0}, [99, 99, 98]),
    "a notional that the strategy does not keep to": (
        {"shares_limit": 99, "notional_limit": 10.0, "notional_binds": False},
        [99, 99, 99],
    ),
    "only such a one": ({"notional_limit": 10.0, "notional_binds": False}, None),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_limit_is_in_shares_and_a_notional_one_is_worth_fewer_the_higher_the_mark(case: str) -> None:
    limits, expected = LIMITS[case]
    history = booked(TRADES, (1, 2), PATH, **limits)
    limits = history.limit_at(times("1 09:00:00", "1 10:00:10", "1 10:05:00"))
    assert (None if limits is None else limits.tolist()) == expected


HOURS: Final = {  # days 1 and 3 have prints; seconds of session since the first opened
    "0 12:00:00": 0,  # the day before
    "1 09:00:00": 0,
    "1 10:00:00": 0,
    "1 10:00:05": 5,
    "1 14:45:00": 17_100,
    "1 23:59:59": 17_100,
    "2 12:00:00": 17_100,  # a day without a print
    "3 09:59:00": 17_100,
    "3 10:01:00": 17_160,
    "3 14:55:00": 34_200,
    "4 11:00:00": 34_200,  # after the last
}


def test_the_session_clock_stands_still_at_night_and_on_days_without_a_print() -> None:
    passed = session_clock(times(*HOURS), days(1, 3), [SESSIONS])
    assert (passed / 1e9).tolist() == list(HOURS.values())


def test_no_market_day_has_no_session_time() -> None:
    assert session_clock(times("1 11:00:00"), days(), [SESSIONS]).tolist() == [0]


def test_a_union_is_each_time_once_ascending() -> None:
    assert union_of([np.array([3, 5]), np.array([1, 3]), np.array([], np.int64)]).tolist() == [1, 3, 5]
    assert union_of([]).tolist() == []
    assert union_of([np.array([], np.int64)]).tolist() == []

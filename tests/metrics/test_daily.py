"""daily.csv by hand: a row a market day, what it earned and what stood at its end, and the securities' sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.metrics.daily import COLUMNS
from tests.metrics.booked import NONE, Fill, booked, daily_rows, ledger_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.metrics.accounts import AccountHistory

PATH: Final = (
    ("1 10:05:00", 10.2, 10.1),
    ("1 14:56:00", NONE, 10.6),
    ("3 10:05:00", 9.4, 9.6),
    ("3 14:56:00", NONE, 9.1),
)
HELD: Final = (Fill("1 10:00:10", 100, 10.0), Fill("1 11:00:00", -60, 10.5, 30.0))
CLOSED: Final = (*HELD, Fill("3 14:55:00", -40, 9.0, -40.0))


def rows(accounts: Sequence[AccountHistory]) -> list[tuple[Any, ...]]:
    """Return the rows as tuples, in the order of the file's columns after the day."""
    daily = []
    for row in daily_rows(
        [ledger_of(account) for account in accounts], {"AED": [ledger_of(account) for account in accounts]}
    ):
        assert set(row) | {"position"} == set(COLUMNS)
        daily.append((row["security"], row["day"], *(row.get(name) for name in COLUMNS[2:])))
    return daily


def near(*values: Any) -> tuple[Any, ...]:
    return tuple(pytest.approx(value) if isinstance(value, float) else value for value in values)


def test_each_market_day_has_what_it_earned_and_what_stood_at_its_end() -> None:
    assert rows([booked(CLOSED, (1, 2, 3), PATH, fees_bps=10)]) == [
        # 40 held at 10.6, bought for 400: 24 more than the equity
        near("FAB", "2025-01-06", 2, 30.0, 1.63, 28.37, 28.37, 40, 52.37),
        near("FAB", "2025-01-07", 0, 0.0, 0.0, 0.0, 28.37, 40, 52.37),
        near("FAB", "2025-01-08", 1, -40.0, 0.36, -40.36, -11.99, 0, -11.99),
        near("total", "2025-01-06", 2, 30.0, 1.63, 28.37, 28.37, None, 52.37),
        near("total", "2025-01-07", 0, 0.0, 0.0, 0.0, 28.37, None, 52.37),
        near("total", "2025-01-08", 1, -40.0, 0.36, -40.36, -11.99, None, -11.99),
    ]


def test_the_total_has_the_days_of_any_and_each_counts_what_it_holds() -> None:
    other = booked([Fill("2 10:00:10", -10, 5.0)], (2,), [("2 10:05:00", 5.5, 5.0)], ticker="MODON")
    assert rows([booked(CLOSED, (1, 3), PATH), other]) == [
        near("FAB", "2025-01-06", 2, 30.0, 0.0, 30.0, 30.0, 40, 54.0),
        near("FAB", "2025-01-08", 1, -40.0, 0.0, -40.0, -10.0, 0, -10.0),
        near("MODON", "2025-01-07", 1, 0.0, 0.0, 0.0, 0.0, -10, -5.0),
        near("total", "2025-01-06", 2, 30.0, 0.0, 30.0, 30.0, None, 54.0),
        near("total", "2025-01-07", 1, 0.0, 0.0, 0.0, 30.0, None, 49.0),
        near("total", "2025-01-08", 1, -40.0, 0.0, -40.0, -10.0, None, -15.0),
    ]


def test_a_day_without_a_print_counts_to_the_market_day_before_and_the_first_takes_what_is_earlier() -> None:
    fills = [
        Fill("1 14:45:00", 100, 10.0),  # bought from the touch, before there was any print
        Fill("3 14:45:00", -50, 10.2, 10.0),  # sold to the touch on a day of quotes alone
        Fill("5 10:30:00", -50, 10.1, 5.0),
        Fill("6 14:45:00", 20, 10.0),
    ]
    daily = rows([booked(fills, (2, 4, 5), [("2 10:05:00", 10.3, 10.3), ("5 10:35:00", 10.1, 10.1)])])
    assert daily[:3] == [
        near("FAB", "2025-01-07", 2, 10.0, 0.0, 10.0, 10.0, 50, 25.0),
        near("FAB", "2025-01-09", 0, 0.0, 0.0, 0.0, 10.0, 50, 25.0),
        near("FAB", "2025-01-10", 2, 5.0, 0.0, 5.0, 15.0, 20, 17.0),
    ]
    assert [(sum(column)) for column in list(zip(*daily[:3], strict=True))[2:6]] == [4, 15.0, 0.0, 15.0]


def test_no_fill_stands_at_zero_and_no_market_day_has_no_row() -> None:
    assert rows([booked((), (1, 2), PATH)])[:2] == [
        ("FAB", "2025-01-06", 0, 0.0, 0.0, 0.0, 0.0, 0, 0.0),
        ("FAB", "2025-01-07", 0, 0.0, 0.0, 0.0, 0.0, 0, 0.0),
    ]
    assert rows([]) == rows([booked(HELD, ())]) == []
    some = rows([booked(HELD, (), ticker="AAA"), booked((), (1,), PATH)])
    assert [(row[0], row[2], row[5]) for row in some] == [("FAB", 0, 0.0), ("total", 2, 30.0)]

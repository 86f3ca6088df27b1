"""Months, falls, best days, rolling ratios and the spread of days: by hand, and against slow definitions."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics.formulas import max_drawdown
from pipeline.metrics.track_record import (
    Drawdown,
    Month,
    best_and_worst,
    drawdowns,
    months,
    rolling,
    rolling_window,
    spread_of_days,
)

FIRST = 20_101  # 2025-01-13
AMOUNTS = st.lists(st.integers(-50, 50), min_size=1, max_size=60)


def of(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return FIRST + np.arange(len(values), dtype=np.int64), np.array(values, np.float64)


def test_months_are_those_of_the_calendar() -> None:
    days = np.array([20_088, 20_089, 20_147, 20_454], np.int64)  # 2024-12-31, 2025-01-01, 2025-02-28, 2026-01-01
    found = months(days, np.array([1.0, 2.0, 4.0, 8.0]))
    assert found == [Month(2024, 12, 1, 1.0), Month(2025, 1, 1, 2.0), Month(2025, 2, 1, 4.0), Month(2026, 1, 1, 8.0)]


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(-9, 9)), unique_by=lambda one: one[0], max_size=50))
def test_each_month_has_its_days(rows: list[tuple[int, int]]) -> None:
    rows.sort()
    days, net = (np.array([row[place] for row in rows], kind) for place, kind in ((0, np.int64), (1, np.float64)))
    wanted: dict[tuple[int, int], list[int]] = {}
    for day, made in rows:
        date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
        wanted.setdefault((date.year, date.month), []).append(made)
    assert {(one.year, one.month): (one.days, one.net_pnl) for one in months(days, net)} == {
        month: (len(made), sum(made)) for month, made in wanted.items()
    }


def test_falls_are_from_peak_to_peak_with_their_dates() -> None:
    days, net = of([-1.0, 3.0, -2.0, -1.0, 1.0, 2.0, 1.0, -4.0])  # equity -1 2 0 -1 0 2 3 -1
    at = days.tolist()
    assert drawdowns(days, net, 9) == [
        Drawdown(begins=at[6], lowest=at[7], ends=None, depth=4.0, days=1),
        Drawdown(begins=at[1], lowest=at[3], ends=at[5], depth=3.0, days=4),
        Drawdown(begins=None, lowest=at[0], ends=at[1], depth=1.0, days=2),
    ]
    assert len(drawdowns(days, net, 2)) == 2
    assert drawdowns(*of([1.0, 0.0, 2.0]), 5) == []


@given(AMOUNTS)
def test_falls_do_not_overlap_and_the_worst_is_the_maximum_drawdown(values: list[int]) -> None:
    days, net = of([float(value) for value in values])
    falls = drawdowns(days, net, 99)
    assert max((fall.depth for fall in falls), default=0.0) == max_drawdown(np.cumsum(net))
    by_time = sorted(falls, key=lambda fall: fall.lowest)
    assert all(one.ends is not None and one.ends <= (other.begins or FIRST) for one, other in pairwise(by_time))
    below = [
        equity < max([0, *all_equity[:at]])
        for all_equity in [np.cumsum(net).tolist()]
        for at, equity in enumerate(all_equity)
    ]
    assert sum(fall.days - (fall.ends is not None) for fall in falls) == sum(below)


@given(AMOUNTS, st.integers(1, 9))
def test_best_and_worst_days_are_those_that_gained_and_lost_most(values: list[int], most: int) -> None:
    best, worst = best_and_worst(np.array(values, np.float64), most)
    gains = sorted(((-value, at) for at, value in enumerate(values) if value > 0))
    losses = sorted((value, at) for at, value in enumerate(values) if value < 0)
    assert (best, worst) == ([at for _, at in gains[:most]], [at for _, at in losses[:most]])


@pytest.mark.parametrize(("days", "window"), [(1, None), (41, None), (42, 21), (125, 21), (126, 63), (900, 63)])
def test_ratios_roll_over_a_month_or_a_quarter_where_there_are_days_enough(days: int, window: int | None) -> None:
    assert rolling_window(days) == window
    values = np.random.default_rng(1).normal(3, 9, days).tolist()
    found = rolling(*of(values))
    assert (found is None) == (window is None)
    if found is not None and window is not None:
        parts = [values[end - window : end] for end in range(window, days + 1)]
        assert found.days.tolist() == [FIRST + end - 1 for end in range(window, days + 1)]
        spread = [statistics.stdev(part) * math.sqrt(252) for part in parts]
        assert found.volatility.tolist() == pytest.approx(spread)
        assert found.sharpe.tolist() == pytest.approx(
            [statistics.fmean(part) * 252 / each for part, each in zip(parts, spread, strict=True)]
        )


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 2)), max_size=80))
def test_every_day_is_in_one_bin_and_none_has_gains_and_losses(values: list[float]) -> None:
    edges, counts = spread_of_days(np.array(values, np.float64))
    assert counts.sum() == len(values)
    assert len(counts) <= 122
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        assert low >= -1e-6 * (high - low) or high <= 1e-6 * (high - low)
        within = sum(low <= value < high for value in values)
        assert abs(within - count) <= sum(
            abs(value - edge) <= 1e-9 * abs(edge) for value in values for edge in (low, high)
        )

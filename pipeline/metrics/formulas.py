"""Formulas of performance figures, from fills and market days: pure functions, each with its convention and source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int64s

TRADING_DAYS_A_YEAR: Final = 252
FEWEST_DAYS: Final = 2
"""The fewest days from which a deviation is computed."""

ROUNDING: Final = 1e-9
"""As a share of the mean: days that vary by less earned the same, but for rounding in differences of prices."""


def first_of_each_day(days: Int64s) -> Int64s:
    """Return the index of the first entry of each day.

    Args:
        days: Days since 1970-01-01, shape (n,), ascending.

    Returns:
        Indices into `days`, shape (distinct days,), ascending.
    """
    if not len(days):
        return days[:0]
    indices: Int64s = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1])))
    return indices


def market_day_indices(days: Int64s, market_days: Int64s) -> Int64s:
    """Return the index of the market day that each day counts to.

    A day without a print, on which a position may be closed against the touch, counts to the market day before it, or
    to the first market day where there is none before.

    Args:
        days: Days since 1970-01-01, shape (n,).
        market_days: Market days, shape (days,), ascending, at least one, as days since 1970-01-01.

    Returns:
        Indices into `market_days`, shape (n,).
    """
    indices: Int64s = np.maximum(np.searchsorted(market_days, days, side="right") - 1, 0)
    return indices


def sharpe(daily: Float64s) -> float | None:
    """Return the annualised Sharpe ratio of daily P&L, as `sharpe_of_each` computes it.

    Args:
        daily: P&L of each market day, shape (days,), money.

    Returns:
        The ratio, a number without unit; None with fewer than two days or without variation.
    """
    ratio = float(sharpe_of_each(daily[np.newaxis])[0])
    return None if math.isnan(ratio) else ratio


def sharpe_of_each(daily: Float64s) -> Float64s:
    """Return the annualised Sharpe ratio of several rows of daily P&L.

    It is mean / standard deviation (n - 1) · √252, risk-free rate 0. Source: W. F. Sharpe, The Sharpe Ratio, J.
    Portfolio Management 21 (1994), taken on P&L instead of returns, since a market maker's capital is a choice.

    Args:
        daily: P&L of each market day, shape (rows, days), money.

    Returns:
        The ratios, shape (rows,), numbers without unit; NaN with fewer than two days or without variation.
    """
    days = daily.shape[1]
    if days < FEWEST_DAYS:
        return np.full(len(daily), np.nan)
    mean = daily.sum(axis=1) / days
    deviations = daily - mean[:, np.newaxis]
    deviation = np.sqrt((deviations * deviations).sum(axis=1) / (days - 1))
    varies = deviation > ROUNDING * np.abs(mean)
    ratios: Float64s = np.where(
        varies, mean / np.where(varies, deviation, 1.0) * math.sqrt(TRADING_DAYS_A_YEAR), np.nan
    )
    return ratios


def sortino(daily: Float64s) -> float | None:
    """Return the annualised Sortino ratio of daily P&L: mean / downside deviation · √252, target 0.

    The downside deviation is √(Σ min(P&L, 0)² / n) over all n days. Source: F. A. Sortino and L. N. Price, Performance
    Measurement in a Downside Risk Framework, J. Investing 3 (1994), taken on money as the Sharpe ratio is.

    Args:
        daily: P&L of each market day, shape (days,), money.

    Returns:
        The ratio, a number without unit; None with fewer than two days or without a losing one.
    """
    if len(daily) < FEWEST_DAYS:
        return None
    losses = np.minimum(daily, 0.0)
    downside = math.sqrt(float((losses * losses).sum()) / len(daily))
    return float(daily.sum()) / len(daily) / downside * math.sqrt(TRADING_DAYS_A_YEAR) if downside > 0.0 else None


def calmar(daily: Float64s, drawdown: float) -> float | None:
    """Return annualised P&L over the maximum drawdown: mean daily P&L · 252 / drawdown.

    Source: T. W. Young, Calmar Ratio: A Smoother Tool, Futures (October 1991), over the whole run instead of three
    years.

    Args:
        daily: P&L of each market day, shape (days,), money.
        drawdown: Maximum drawdown, money, at least 0.

    Returns:
        The ratio, a number without unit; None without a day or a drawdown.
    """
    if not len(daily) or drawdown <= 0.0:
        return None
    return float(daily.sum()) / len(daily) * TRADING_DAYS_A_YEAR / drawdown


def drawdown_days(fall: tuple[int, int | None] | None, market_days: Int64s) -> int | None:
    """Return how many market days the maximum drawdown lasted, including those of its peak and of its end.

    Args:
        fall: When equity was last at its peak before it, ns since 1970-01-01 (the first fill if it fell from the 0 it
            starts from), and when it was back there, None if it never was; None without a drawdown.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.

    Returns:
        Number of market days; 0 without a drawdown, None without a market day.
    """
    if fall is None:
        return 0
    if not len(market_days):
        return None
    begins, ends = fall
    first = int(market_day_indices(np.array([begins // DAY]), market_days)[0])
    last = len(market_days) - 1 if ends is None else int(market_day_indices(np.array([ends // DAY]), market_days)[0])
    return last - first + 1


def max_drawdown(equity: Float64s) -> float:
    """Return the largest fall of equity from its running peak; equity starts from 0.

    Args:
        equity: Running total of P&L, shape (n,), money.

    Returns:
        The fall in money, at least 0.
    """
    return float(max_drawdown_of_each(equity[np.newaxis])[0])


def max_drawdown_of_each(equity: Float64s) -> Float64s:
    """Return the largest fall of several rows of equity from their running peaks; equity starts from 0.

    Args:
        equity: Running totals of P&L, shape (rows, n), money.

    Returns:
        The falls, shape (rows,), money, at least 0.
    """
    falls: Float64s = (running_peak(equity) - equity).max(axis=1, initial=0.0)
    return falls


def running_peak(equity: Float64s) -> Float64s:
    """Return the highest that equity has been at each entry, at least the 0 that it starts from.

    Args:
        equity: Running total of P&L, shape (n,), or several in rows, money.

    Returns:
        The peaks, of the same shape, money.
    """
    peaks: Float64s = np.maximum(np.maximum.accumulate(equity, axis=-1), 0.0)
    return peaks


def percentile(values: Float64s, percent: float) -> float:
    """Return a percentile, linear between the two nearest values.

    numpy's own gives the same and would load its masked arrays for it, which takes 8 ms.

    Args:
        values: At least one value, shape (n,).
        percent: From 0 to 100.

    Returns:
        The percentile, in the unit of the values.
    """
    rank = (len(values) - 1) * percent / 100
    below = int(rank)
    above = min(below + 1, len(values) - 1)
    low, high = np.partition(values, (below, above))[[below, above]]
    return float(low + (high - low) * (rank - below))

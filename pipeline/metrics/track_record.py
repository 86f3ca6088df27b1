"""What a portfolio manager asks of daily P&L: months, rolling ratios, how days are spread, worst falls, best days.

Pure functions over days since 1970-01-01, ascending, shape (days,), and the net P&L of each in money.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.formulas import TRADING_DAYS_A_YEAR, first_of_each_day, percentile, sharpe_of_each

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int64s

WINDOWS: Final = (63, 21)
"""Market days of a rolling window: a quarter of a year, a month where there are too few days for that."""

WINDOWS_NEEDED: Final = 2
"""How many windows the days must hold, so that at least two values have no day in common."""

MOST_BINS: Final = 60


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its first market day's year and month, how many market days it has, and their net P&L, money."""

    year: int
    month: int
    days: int
    net_pnl: float


@dataclass(frozen=True, slots=True)
class Drawdown:
    """A fall of equity as market days end, from a peak to the day that it is back there.

    Attributes:
        begins: The day of the peak; None where equity fell from the 0 that it starts from.
        lowest: The first day on which equity was lowest.
        ends: The day on which equity was back at the peak; None where it never was.
        depth: How far equity fell, money, above 0.
        days: Market days after the peak until equity was back, or until the last.
    """

    begins: int | None
    lowest: int
    ends: int | None
    depth: float
    days: int


@dataclass(frozen=True, slots=True)
class Rolling:
    """Ratios of each stretch of so many market days: at `days`, the last of each.

    Attributes:
        window: Market days of a stretch.
        days: Shape (stretches,).
        sharpe: Annualised Sharpe ratio; NaN where all days of a stretch earned the same.
        volatility: Annualised standard deviation of daily net P&L, money.
    """

    window: int
    days: Int64s
    sharpe: Float64s
    volatility: Float64s


def months(days: Int64s, net_pnl: Float64s) -> list[Month]:
    """Return what each calendar month with a market day made."""
    if not len(days):
        return []
    numbers = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts = first_of_each_day(numbers)
    ends = np.append(starts[1:], len(days))
    return [
        Month(
            int(numbers[start]) // 12 + 1970, int(numbers[start]) % 12 + 1, int(end - start), _sum(net_pnl[start:end])
        )
        for start, end in zip(starts, ends, strict=True)
    ]


def drawdowns(days: Int64s, net_pnl: Float64s, most: int) -> list[Drawdown]:
    """Return the deepest falls of equity, the deepest first, of equal ones the earlier; none overlaps another."""
    equity = np.concatenate([[0.0], np.cumsum(net_pnl)])
    peaks = np.maximum.accumulate(equity)
    below = equity < peaks
    starts = np.flatnonzero(below[1:] & ~below[:-1])
    ends = [int(np.argmin(below[start + 1 :])) + start + 1 for start in starts]
    falls = []
    for start, end in zip(starts.tolist(), ends, strict=True):
        is_back = end > start + 1
        after = equity[start + 1 : end] if is_back else equity[start + 1 :]
        lowest = start + int(np.argmin(after))
        falls.append(
            Drawdown(
                begins=int(days[start - 1]) if start else None,
                lowest=int(days[lowest]),
                ends=int(days[end - 1]) if is_back else None,
                depth=float(peaks[start] - after.min()),
                days=int(end - start if is_back else len(net_pnl) - start),
            )
        )
    return sorted(falls, key=lambda fall: -fall.depth)[:most]


def best_and_worst(net_pnl: Float64s, most: int) -> tuple[list[int], list[int]]:
    """Return which days gained the most, the best first, and which lost the most; of equal ones the earlier first."""
    order = np.argsort(net_pnl, kind="stable").tolist()
    best = np.argsort(-net_pnl, kind="stable").tolist()
    return [at for at in best if net_pnl[at] > 0.0][:most], [at for at in order if net_pnl[at] < 0.0][:most]


def rolling_window(days: int) -> int | None:
    """Return over how many market days rolling ratios are taken; None where there are too few days for any."""
    return next((window for window in WINDOWS if days >= WINDOWS_NEEDED * window), None)


def rolling(days: Int64s, net_pnl: Float64s) -> Rolling | None:
    """Return ratios of stretches of `rolling_window` days, each a day later; None for too few days."""
    window = rolling_window(len(days))
    if window is None:
        return None
    stretches = np.lib.stride_tricks.sliding_window_view(net_pnl, window)
    volatility = stretches.std(axis=1, ddof=1) * math.sqrt(TRADING_DAYS_A_YEAR)
    return Rolling(window, days[window - 1 :], sharpe_of_each(stretches), volatility)


def spread_of_days(net_pnl: Float64s) -> tuple[Float64s, Int64s]:
    """Return edges (money) and counts of days in bins of equal width, 0 being an edge.

    A bin is about as wide as the rule of D. Freedman and P. Diaconis, On the Histogram as a Density Estimator, Z.
    Wahrscheinlichkeitstheorie 57 (1981): 2 · interquartile range / ∛n; there are at most MOST_BINS on either side of 0.
    """
    if not len(net_pnl):
        return np.empty(0), np.empty(0, np.int64)
    low, high = min(float(net_pnl.min()), 0.0), max(float(net_pnl.max()), 0.0)
    widest = max(high, -low)
    between = percentile(net_pnl, 75) - percentile(net_pnl, 25)
    width = max(2.0 * between / len(net_pnl) ** (1 / 3), widest / MOST_BINS) or 1.0
    edges = np.arange(math.floor(low / width), max(math.ceil(high / width), 1) + 1) * width
    counts = np.bincount(
        np.clip(np.searchsorted(edges, net_pnl, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1
    )
    return edges, counts


def _sum(values: Float64s) -> float:
    return float(values.sum())

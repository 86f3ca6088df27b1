"""Formulas of figures from all fills at once, in arrays: what ledgers are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.metrics.formulas import market_day_indices, running_peak
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.ticks import Float64s, Int64s


def on_one_clock(fills: Sequence[Fills], fees: Sequence[Float64s] | None = None) -> tuple[Int64s, Float64s]:
    """Return times and realised P&L of all fills in time order; equal times keep the order given.

    Args:
        fills: Fills of each security, in execution order.
        fees: Fee of each fill in AED, one array per security, subtracted from what it realised; none by default.

    Returns:
        Times in ns since 1970-01-01 and P&L in AED, both of shape (fills of all securities,).
    """
    if not fills:
        return np.empty(0, np.int64), np.empty(0, np.float64)
    # A clock that steps back inside one security must not reorder its fills: its own running maximum is its clock.
    times: Int64s = joined([np.maximum.accumulate(each.timestamp) if len(each) else each.timestamp for each in fills])
    realized = joined([each.realized for each in fills])
    net = realized if fees is None else realized - joined(fees)
    if len(fills) == 1:
        return times, net
    order = np.argsort(times, kind="stable")
    return times[order], net[order]


def daily_pnl(timestamps: Int64s, realized: Float64s, market_days: Int64s) -> Float64s:
    """Return realised P&L by market day; a day without fills has a P&L of zero.

    Fills are assigned to days as `market_day_indices` says, so that the days add up to all P&L.

    Args:
        timestamps: Times of the fills, shape (fills,), ns since 1970-01-01.
        realized: P&L that each fill realised, shape (fills,), AED.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.

    Returns:
        P&L of each market day, shape (days,), AED; empty without a market day.
    """
    if not len(market_days):
        return np.zeros(0)
    totals = np.bincount(market_day_indices(timestamps // DAY, market_days), realized, len(market_days))
    return totals.astype(np.float64)


def drawdown_days(equity: Float64s, times: Int64s, market_days: Int64s) -> int | None:
    """Return how many market days the maximum drawdown lasted, including those of its peak and of its end.

    It begins with the first entry if equity fell from the 0 it starts from, and ends on the last market day if equity
    never came back. Of drawdowns equally deep it is the first.

    Args:
        equity: Running total of P&L, shape (n,), AED.
        times: Times of the entries of equity, shape (n,), ns since 1970-01-01.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.

    Returns:
        Number of market days; 0 without a drawdown, None without a market day.
    """
    peaks = running_peak(equity)
    falls = peaks - equity
    if not falls.any():
        return 0
    if not len(market_days):
        return None
    trough = int(np.argmax(falls))
    at_peak = np.flatnonzero(equity[: trough + 1] == peaks[trough])
    recovered = np.flatnonzero(equity[trough:] >= peaks[trough])
    ends = [at_peak[-1] if len(at_peak) else 0, trough + recovered[0] if len(recovered) else -1]
    first, last = market_day_indices(times[ends] // DAY, market_days).tolist()
    return (int(last) if len(recovered) else len(market_days) - 1) - int(first) + 1


def joined(columns: Sequence[Any]) -> Any:
    """Return columns one after the other.

    Args:
        columns: Arrays of one dimension.

    Returns:
        The concatenation; a single column itself, not a copy; an empty float64 array of no columns.
    """
    if len(columns) == 1:
        return columns[0]
    return np.concatenate(columns) if len(columns) else np.empty(0)

"""Formulas of the figures of a run from its fills and market days: pure functions, each with its convention."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.ticks import Float64s, Int64s

TRADING_DAYS_A_YEAR: Final = 252
FEWEST_DAYS: Final = 2
"""The fewest days from which a deviation is computed."""

ROUNDING: Final = 1e-9
"""As a share of the mean: days that vary by less earned the same, but for rounding in differences of prices."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawdown:
    """The largest fall of equity from its running peak, AED, and where it stands among the entries of equity.

    peak: the last entry at that peak, -1 for the 0 it starts from. back: the first entry that is back at the peak, None
    where equity never came back.
    """

    depth: float
    peak: int
    back: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The figures of one security or of the portfolio; None where a figure cannot be computed.

    AED: realized_pnl, turnover (Σ price · quantity), max_drawdown, average_win, average_loss (below 0). Counts: fills,
    closing_fills (those that realise a gain or a loss), market_days, strategy_days (days with a fill). Ratios: win_rate
    (gaining / closing fills, 0 to 1), profit_factor (Σ gains / Σ losses), sharpe (annualised).
    """

    fills: int
    closing_fills: int
    realized_pnl: float
    turnover: float
    max_drawdown: float
    win_rate: float | None
    profit_factor: float | None
    average_win: float | None
    average_loss: float | None
    sharpe: float | None
    market_days: int
    strategy_days: int


def compute_metrics(fills: Sequence[Fills], market_days: Int64s, fees: Sequence[Float64s] | None = None) -> Metrics:
    """Return the figures of one or more securities' fills taken together.

    Equity is the sum of the securities' realised P&L on one clock; fills of one instant keep the order given.

    Args:
        fills: Fills of each security, in execution order.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.
        fees: Fee of each fill in AED, one array per security; none by default. max_drawdown and sharpe are after fees,
            figures over single fills (win_rate, profit_factor, average_win, average_loss) and realized_pnl before.

    Returns:
        The figures; a field is None where it cannot be computed.
    """
    times, net = on_one_clock(fills, fees)
    return metrics_on_one_clock(fills, times, net, daily_pnl(times, net, market_days))


def metrics_on_one_clock(fills: Sequence[Fills], times: Int64s, net: Float64s, daily: Float64s) -> Metrics:
    """Return what `compute_metrics` does, for fills that are already on one clock.

    Args:
        fills: Fills of each security, in execution order.
        times: Times of all fills in time order, shape (fills,), ns since 1970-01-01.
        net: P&L after fees of the same fills, shape (fills,), AED.
        daily: P&L after fees of each market day, shape (days,), AED.

    Returns:
        The figures; a field is None where it cannot be computed.
    """
    realized = joined([one.realized for one in fills])
    wins, losses = realized[realized > 0.0], realized[realized < 0.0]
    closing = len(wins) + len(losses)
    return Metrics(
        fills=len(times),
        closing_fills=closing,
        realized_pnl=float(sum(one.pnl[-1] for one in fills if len(one))),
        turnover=float(sum(np.dot(one.price, one.quantity) for one in fills)),
        max_drawdown=max_drawdown(np.cumsum(net)),
        win_rate=len(wins) / closing if closing else None,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        average_win=float(wins.sum() / len(wins)) if len(wins) else None,
        average_loss=float(losses.sum() / len(losses)) if len(losses) else None,
        sharpe=sharpe(daily),
        market_days=len(daily),
        strategy_days=len(first_of_each_day(times // DAY)),
    )


def first_of_each_day(days: Int64s) -> Int64s:
    """Return the index of the first entry of each day.

    Args:
        days: Days since 1970-01-01, shape (n,), ascending.

    Returns:
        Indices into `days`, shape (distinct days,), ascending.
    """
    places: Int64s = np.flatnonzero(np.concatenate(([True], days[1:] != days[:-1]))) if len(days) else days[:0]
    return places


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
    together: Int64s = joined([np.maximum.accumulate(one.timestamp) if len(one) else one.timestamp for one in fills])
    realized = joined([one.realized for one in fills])
    net = realized if fees is None else realized - joined(fees)
    if len(fills) == 1:
        return together, net
    order = np.argsort(together, kind="stable")
    return together[order], net[order]


def daily_pnl(timestamps: Int64s, realized: Float64s, market_days: Int64s) -> Float64s:
    """Return realised P&L by market day; a day without fills has a P&L of zero.

    Fills are assigned to days as `places_of_days` says, so that the days add up to all P&L.

    Args:
        timestamps: Times of the fills, shape (fills,), ns since 1970-01-01.
        realized: P&L that each fill realised, shape (fills,), AED.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.

    Returns:
        P&L of each market day, shape (days,), AED; empty without a market day.
    """
    if not len(market_days):
        return np.zeros(0)
    totals = np.bincount(places_of_days(timestamps // DAY, market_days), realized, len(market_days))
    return totals.astype(np.float64)


def places_of_days(days: Int64s, market_days: Int64s) -> Int64s:
    """Return the index of the market day that each day counts to.

    A day without a print, on which a position may be closed against the touch, counts to the market day before it, or
    to the first market day where there is none before.

    Args:
        days: Days since 1970-01-01, shape (n,).
        market_days: Market days, shape (days,), ascending, at least one, as days since 1970-01-01.

    Returns:
        Indices into `market_days`, shape (n,).
    """
    places: Int64s = np.maximum(np.searchsorted(market_days, days, side="right") - 1, 0)
    return places


def sharpe(daily: Float64s) -> float | None:
    """Return the annualised Sharpe ratio of daily P&L: mean / standard deviation (n - 1) · √252, risk-free rate 0.

    Source: W. F. Sharpe, The Sharpe Ratio, J. Portfolio Management 21 (1994), taken on AED of P&L instead of returns,
    since a market maker's capital is a choice.

    Args:
        daily: P&L of each market day, shape (days,), AED.

    Returns:
        The ratio, a number without unit; None with fewer than two days or without variation.
    """
    if len(daily) < FEWEST_DAYS:
        return None
    mean = float(daily.sum()) / len(daily)
    apart = daily - mean
    spread = math.sqrt(float((apart * apart).sum()) / (len(daily) - 1))
    return mean / spread * math.sqrt(TRADING_DAYS_A_YEAR) if spread > ROUNDING * abs(mean) else None


def sortino(daily: Float64s) -> float | None:
    """Return the annualised Sortino ratio of daily P&L: mean / downside deviation · √252, target 0.

    The downside deviation is √(Σ min(P&L, 0)² / n) over all n days. Source: F. A. Sortino and L. N. Price, Performance
    Measurement in a Downside Risk Framework, J. Investing 3 (1994), taken on AED as the Sharpe ratio is.

    Args:
        daily: P&L of each market day, shape (days,), AED.

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
        daily: P&L of each market day, shape (days,), AED.
        drawdown: Maximum drawdown, AED, at least 0.

    Returns:
        The ratio, a number without unit; None without a day or a drawdown.
    """
    if not len(daily) or drawdown <= 0.0:
        return None
    return float(daily.sum()) / len(daily) * TRADING_DAYS_A_YEAR / drawdown


def deepest_drawdown(equity: Float64s) -> Drawdown:
    """Return the largest fall of equity from its running peak, the first of equals; equity starts from 0.

    Args:
        equity: Running total of P&L, shape (n,), AED.

    Returns:
        The fall in AED, and the entries of `equity` where it begins and is made good.
    """
    if not len(equity):
        return Drawdown(0.0, -1, None)
    peaks = np.maximum(np.maximum.accumulate(equity), 0.0)
    trough = int(np.argmax(peaks - equity))
    peak = peaks[trough]
    at_peak = np.flatnonzero(equity[: trough + 1] == peak)
    back = np.flatnonzero(equity[trough:] >= peak)
    return Drawdown(
        depth=float(peak - equity[trough]),
        peak=int(at_peak[-1]) if len(at_peak) else -1,
        back=trough + int(back[0]) if len(back) else None,
    )


def drawdown_days(drawdown: Drawdown, times: Int64s, market_days: Int64s) -> int | None:
    """Return how many market days a drawdown lasted, including those of its peak and its end.

    It begins with the first entry if equity fell from the 0 it starts from, and ends on the last market day if equity
    never came back.

    Args:
        drawdown: As `deepest_drawdown` returns it.
        times: Times of the entries of equity, shape (n,), ns since 1970-01-01.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.

    Returns:
        Number of market days; 0 without a drawdown, None without a market day.
    """
    if drawdown.depth == 0.0:
        return 0
    if not len(market_days):
        return None
    entries = np.array([max(drawdown.peak, 0), -1 if drawdown.back is None else drawdown.back])
    first, last = places_of_days(times[entries] // DAY, market_days).tolist()
    if drawdown.back is None:
        last = len(market_days) - 1
    return int(last) - int(first) + 1


def max_drawdown(equity: Float64s) -> float:
    """Return the largest fall of equity from its running peak; equity starts from 0.

    Args:
        equity: Running total of P&L, shape (n,), AED.

    Returns:
        The fall in AED, at least 0.
    """
    if not len(equity):
        return 0.0
    peak = np.maximum(np.maximum.accumulate(equity), 0.0)
    return float((peak - equity).max())


def named(figures: Any) -> dict[str, Any]:
    """Return a dataclass's figures by name, in a tenth of the time of `asdict`, which copies each.

    Args:
        figures: An instance of a dataclass with slots.

    Returns:
        The value of each field, in the order of the fields.
    """
    return {name: getattr(figures, name) for name in figures.__slots__}


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

"""Fills and market days in, the figures of a run out: pure functions, each with its formula and convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.backtest.simulate import distinct
from pipeline.engine.tape import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.ticks import Float64s, Int64s

TRADING_DAYS_A_YEAR: Final = 252


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one security or of the portfolio; None where a figure cannot be computed.

    AED: realized_pnl, turnover, max_drawdown, average_win, average_loss. Counts: fills, closing_fills, market_days,
    strategy_days. Ratios: win_rate (0 to 1), profit_factor, sharpe (annualised).
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


def compute_metrics(fills: Sequence[Fills], market_days: Int64s) -> Metrics:
    """Return the figures of one or more securities' fills together on the market days given (days since 1970-01-01).

    Equity is the sum of the securities' realised P&L on one clock; fills of one instant keep the order given.
    """
    timestamps, realized = on_one_clock(fills)
    closing = realized[realized != 0.0]
    wins, losses = closing[closing > 0], closing[closing < 0]
    days = distinct(timestamps // DAY)
    return Metrics(
        fills=len(timestamps),
        closing_fills=len(closing),
        realized_pnl=float(sum(one.pnl[-1] for one in fills if len(one))),
        turnover=float(sum(np.dot(one.price, one.quantity) for one in fills)),
        max_drawdown=max_drawdown(np.cumsum(realized)),
        win_rate=len(wins) / len(closing) if len(closing) else None,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        average_win=float(wins.mean()) if len(wins) else None,
        average_loss=float(losses.mean()) if len(losses) else None,
        sharpe=sharpe(daily_pnl(timestamps, realized, market_days)),
        market_days=len(market_days),
        strategy_days=len(days),
    )


def on_one_clock(fills: Sequence[Fills]) -> tuple[Int64s, Float64s]:
    """Return timestamps (ns) and realised P&L (AED) of all fills in time order, equal times in the order given."""
    if not fills:
        return np.empty(0, np.int64), np.empty(0, np.float64)
    # A clock that steps back inside one security must not reorder its fills: its own running maximum is its clock.
    clocks = np.concatenate([np.maximum.accumulate(one.timestamp) for one in fills])
    order = np.argsort(clocks, kind="stable")
    return clocks[order], np.concatenate([one.realized for one in fills])[order]


def daily_pnl(timestamps: Int64s, realized: Float64s, market_days: Int64s) -> Float64s:
    """Return realised P&L by market day, AED; a day without fills is a day with zero P&L."""
    totals = np.zeros(len(market_days))
    places = np.searchsorted(market_days, timestamps // DAY)
    known = places < len(market_days)
    known[known] = market_days[places[known]] == timestamps[known] // DAY
    np.add.at(totals, places[known], realized[known])
    return totals


def sharpe(daily: Float64s) -> float | None:
    """Return the annualised Sharpe ratio of daily P&L: mean / standard deviation (n - 1) · √252, riskless rate 0.

    None with fewer than two days or without variation. Source: W. F. Sharpe, The Sharpe Ratio, J. Portfolio
    Management 21 (1994), taken on AED of P&L instead of returns, since a market maker's capital is a choice.
    """
    if len(daily) < 2 or not (spread := float(np.std(daily, ddof=1))) > 0.0:  # noqa: PLR2004
        return None
    return float(np.mean(daily)) / spread * float(np.sqrt(TRADING_DAYS_A_YEAR))


def max_drawdown(equity: Float64s) -> float:
    """Return the largest fall of equity from its running peak, AED, at least 0; equity starts from 0."""
    if not len(equity):
        return 0.0
    peak = np.maximum(np.maximum.accumulate(equity), 0.0)
    return float(np.max(peak - equity))

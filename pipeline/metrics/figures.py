"""Every figure of one security, or of several on one clock, with the reason where one cannot be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.accounts import session_clock, union_of
from pipeline.metrics.formulas import (
    FEWEST_DAYS,
    calmar,
    daily_pnl,
    deepest_drawdown,
    drawdown_days,
    joined,
    max_drawdown,
    metrics_on_one_clock,
    named,
    on_one_clock,
    sortino,
)
from pipeline.metrics.market_making import markouts, spread_captured, times_to_fill
from pipeline.times import DAY, HOUR, WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.accounts import Account
    from pipeline.ticks import Float64s, Int64s

THURSDAY: Final = 3
"""The weekday of 1970-01-01."""

MOSTLY: Final = 95
"""The percentile of inventory that is reported beside its mean."""

HALF: Final = 50
"""The median's percentile."""

NO_MARK: Final = "No five-minute mark in the continuous session."
NO_MID: Final = "No fill in the continuous session with both sides of the book quoted."
NO_DAY: Final = "No market day."
ONE_DAY: Final = "One market day only."
NOTHING: Final = "No security was replayed to its end."
OWN_ORDERS: Final = "The strategy keeps its own orders, which the engine does not see."
OF_DAYS: Final = (
    *("fills_a_day", "sharpe", "sortino", "calmar", "max_drawdown_days", "max_drawdown_marked"),
    *("time_in_market", "inventory_mean", "inventory_p95", "time_at_limit"),
)
"""What is missing where there is no market day."""

REASONS: Final[Mapping[str, str]] = {
    "sharpe": "Every market day earned the same.",
    "sortino": "No market day lost anything.",
    "calmar": "Equity never fell.",
    "max_drawdown_pct": "No capital was used.",
    "max_drawdown_marked": NO_MARK,
    "win_rate": "No fill closed a position at a gain or a loss.",
    "profit_factor": "No closing fill lost anything.",
    "average_win": "No closing fill gained anything.",
    "average_loss": "No closing fill lost anything.",
    "return_on_limit": "No notional limit is set.",
    "time_in_market": NO_MARK,
    "inventory_mean": NO_MARK,
    "inventory_p95": NO_MARK,
    "time_at_limit": "The strategy has no position limit.",
    "spread_captured": NO_MID,
    "spread_captured_bps": NO_MID,
    "orders": OWN_ORDERS,
    "fill_ratio": "No order was placed.",
    "time_to_fill_median": "No resting order was filled.",
    "time_to_fill_mean": "No resting order was filled.",
    "markouts": "No fill with a mid both at the fill and so long after it, in one continuous session.",
}
"""Why a figure can be missing although there are market days enough."""


def security_figures(account: Account) -> dict[str, Any]:
    """Return the figures of one security by name, null where one cannot be computed, and `reasons` by name.

    Money in AED, times in seconds, shares of time from 0 to 1; all but `realized_pnl`, `turnover` and what is over
    single fills (win rate, profit factor, average win and loss) are after fees. Formulas: docs/reference/metrics.md.
    """
    figures = _figures([account], account.replayed.market_days)
    limit = account.limit_at(account.marks)
    if limit is not None and len(limit):
        held = np.abs(account.position_at(account.marks))
        figures["time_at_limit"] = float(((held >= limit) & (held > 0)).mean())
    if account.notional_limit:
        figures["return_on_limit"] = figures["net_pnl"] / account.notional_limit
    return _with_reasons(figures, None if limit is None else {"time_at_limit": NO_MARK})


def portfolio_figures(accounts: Sequence[Account]) -> dict[str, Any]:
    """Return the figures of several securities together on one clock; market days are those of any of them.

    Of none, all are null: a sum of nothing would pass for a result.
    """
    figures = _figures(accounts, union_of([one.replayed.market_days for one in accounts]))
    if not accounts:
        nothing = {name: None for name, value in figures.items() if not isinstance(value, dict)}
        return figures | nothing | {"reasons": dict.fromkeys((*nothing, "markouts"), NOTHING)}
    limits = [one.notional_limit for one in accounts]
    reasons = {"time_at_limit": "Limits are each security's own."}
    if limits and all(limits):
        figures["return_on_limit"] = figures["net_pnl"] / sum(limit for limit in limits if limit)
    else:
        reasons["return_on_limit"] = "Not every security has a notional limit."
    return _with_reasons(figures, reasons)


def _figures(accounts: Sequence[Account], market_days: Int64s) -> dict[str, Any]:
    """Return what is computed alike for one security and for several."""
    fills, fees = [one.replayed.fills for one in accounts], [one.fees for one in accounts]
    times, net = on_one_clock(fills, fees)
    daily = daily_pnl(times, net, market_days)
    drawdown = deepest_drawdown(np.cumsum(net))
    peak_capital = _peak_capital(accounts)
    total_fees = float(sum(one.sum() for one in fees))
    basic = named(metrics_on_one_clock(fills, times, net, daily))
    spread, waited = spread_captured(accounts), joined([times_to_fill(one) for one in accounts])
    orders = [one.replayed.orders for one in accounts]
    placed = None if any(one is None for one in orders) else sum(one or 0 for one in orders)
    return basic | {
        "fees": total_fees,
        "net_pnl": basic["realized_pnl"] - total_fees,
        "fills_a_day": basic["fills"] / len(market_days) if len(market_days) else None,
        "sortino": sortino(daily),
        "calmar": calmar(daily, drawdown.depth),
        "max_drawdown_pct": drawdown.depth / peak_capital * 100 if peak_capital > 0.0 else None,
        "max_drawdown_days": drawdown_days(drawdown, times, market_days),
        "max_drawdown_marked": _marked_drawdown(accounts),
        "peak_capital": peak_capital,
        "return_on_limit": None,
        **_inventory(accounts, market_days),
        "time_at_limit": None,
        "spread_captured": spread.aed,
        "spread_captured_bps": spread.bps,
        "markouts": {name: named(one) for name, one in markouts(accounts).items()},
        "orders": placed,
        "fill_ratio": len(waited) / placed if placed else None,
        "time_to_fill_median": _percentile(waited, HALF) if len(waited) else None,
        "time_to_fill_mean": float(waited.mean()) if len(waited) else None,
        "pnl_by_hour": _by_hour(times, net),
        "pnl_by_weekday": _by_weekday(daily, market_days),
    }


def _with_reasons(figures: dict[str, Any], special: Mapping[str, str] | None = None) -> dict[str, Any]:
    reasons = {**REASONS, **(special or {})}
    if figures["market_days"] < FEWEST_DAYS:
        reasons |= dict.fromkeys(("sharpe", "sortino"), ONE_DAY)
    if not figures["market_days"]:
        reasons |= dict.fromkeys(OF_DAYS, NO_DAY)
    if figures["orders"] is None:
        reasons |= dict.fromkeys(("fill_ratio", "time_to_fill_median", "time_to_fill_mean"), OWN_ORDERS)
    missing = {name: reasons[name] for name, value in figures.items() if value is None}
    if any(one["aed"] is None for one in figures["markouts"].values()):
        missing["markouts"] = reasons["markouts"]
    return figures | {"reasons": missing}


def _peak_capital(accounts: Sequence[Account]) -> float:
    """Return the largest Σ |position| · price of its latest fill over all securities at one moment, AED."""
    if not any(len(one.capital) for one in accounts):
        return 0.0
    if len(accounts) == 1:
        return float(accounts[0].capital.max())
    clock = np.concatenate([one.clock for one in accounts])
    changes = np.concatenate([np.diff(one.capital, prepend=0.0) for one in accounts])
    return float(np.cumsum(changes[np.argsort(clock, kind="stable")]).max())


def _marked_drawdown(accounts: Sequence[Account]) -> float | None:
    """Return the largest fall of net equity with open positions at their marks, AED, seen at the times of the paths."""
    times = union_of([one.observed.path_time for one in accounts])
    curve: Float64s = sum((one.marked_equity_at(times) for one in accounts), np.zeros(len(times)))
    return max_drawdown(curve) if len(curve) else None


def _inventory(accounts: Sequence[Account], market_days: Int64s) -> dict[str, float | None]:
    """Return the share of session time with a position (0 to 1), and Σ |position| · mark at the five-minute marks, AED.

    The percentile is linear between the two nearest marks.
    """
    marks = union_of([one.marks for one in accounts])
    if not len(marks) or not len(market_days):
        return dict.fromkeys(("time_in_market", "inventory_mean", "inventory_p95"))
    worth = sum((one.worth_at(marks) for one in accounts), np.zeros(len(marks)))
    return {
        "time_in_market": _time_in_market(accounts, market_days),
        "inventory_mean": float(worth.mean()),
        "inventory_p95": _percentile(worth, MOSTLY),
    }


def _percentile(values: Float64s, percent: float) -> float:
    """Return a percentile, linear between the two nearest; numpy's own would load masked arrays for it, 8 ms."""
    ordered = np.sort(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return float(low + (high - low) * (place - below))


def _time_in_market(accounts: Sequence[Account], market_days: Int64s) -> float:
    """Return time of continuous session with a position of any / all of it; what is held over night is held in both."""
    opens = min(one.session[0] for one in accounts)
    closes = max(one.session[1] for one in accounts)
    clocks = [session_clock(one.clock, market_days, (opens, closes)) for one in accounts]
    held = [(one.replayed.fills.position != 0).astype(np.int64) for one in accounts]
    clock = np.concatenate(clocks)
    order = np.argsort(clock, kind="stable")
    clock = clock[order]
    holding = np.cumsum(np.concatenate([np.diff(one, prepend=0) for one in held])[order])
    whole = len(market_days) * (closes - opens)
    lasting = np.diff(clock, append=whole)
    return float(lasting[holding > 0].sum() / whole)


def _by_hour(times: Int64s, net: Float64s) -> dict[str, float]:
    """Return Σ net P&L by hour of day of the fills, AED; hours without a fill are left out."""
    hours = times % DAY // HOUR
    totals = np.bincount(hours, net) if len(hours) else np.empty(0)
    return {str(hour): float(totals[hour]) for hour in sorted(set(hours.tolist()))}


def _by_weekday(daily: Float64s, market_days: Int64s) -> dict[str, float]:
    """Return Σ net P&L by weekday of the market days, AED; weekdays without one are left out."""
    weekdays = (market_days + THURSDAY) % len(WEEKDAYS)
    return {WEEKDAYS[day]: float(daily[weekdays == day].sum()) for day in sorted(set(weekdays.tolist()))}

"""Figures of one security or several from all their fills at once: what ledgers are held against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.formulas import calmar, first_of_each_day, max_drawdown, percentile, sharpe, sortino
from pipeline.replay.observe import HORIZONS
from pipeline.replay.prints import MARKETABLE, OFF_GRID, THROUGH
from pipeline.ticks import union_of
from pipeline.times import DAY, HOUR, WEEKDAYS
from tests.reference import fill_sums
from tests.reference.account_history import Account, account, session_clock
from tests.reference.fill_formulas import daily_pnl, drawdown_days, joined, on_one_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.metrics.accounts import AccountHistory
    from pipeline.replay.simulate import Replayed
    from pipeline.ticks import Float64s, Int64s

THURSDAY = 3
"""The weekday of 1970-01-01."""


@dataclass(frozen=True, eq=False, repr=False)
class FillsPortfolio:
    """One security, or several together; money in AED, times in ns on the exchange's clock.

    Attributes:
        replays: What each security's replay gave.
        market_days: Market days of any of them, shape (days,), ascending, as days since 1970-01-01.
        histories: The same securities with the mids around their fills; None in a sweep, which does not look at mids.
        is_one_security: Whether this is one security by itself, which has a position limit.
    """

    replays: Sequence[Replayed]
    market_days: Int64s
    histories: Sequence[Account] | None = None
    is_one_security: bool = False

    @property
    def accounts(self) -> Sequence[Account]:
        """The accounts of the securities, with the mids around their fills."""
        assert self.histories is not None, "A figure of sweeps needs no mid."
        return self.histories

    @cached_property
    def fills(self) -> Sequence[Fills]:
        """The fills of each security."""
        return [replay.fills for replay in self.replays]

    @cached_property
    def fees(self) -> Sequence[Float64s]:
        """The fee of each fill, one array a security."""
        return [replay.fill_fees for replay in self.replays]

    @cached_property
    def _clock(self) -> tuple[Int64s, Float64s]:
        return on_one_clock(self.fills, self.fees)

    @property
    def times(self) -> Int64s:
        """The times of all fills, ascending."""
        return self._clock[0]

    @property
    def net(self) -> Float64s:
        """Net P&L of each fill in order of time."""
        return self._clock[1]

    @cached_property
    def equity(self) -> Float64s:
        """Net realised P&L after each fill in order of time."""
        return np.cumsum(self.net)

    @cached_property
    def daily(self) -> Float64s:
        """Net P&L of each market day."""
        return daily_pnl(self.times, self.net, self.market_days)

    @cached_property
    def realized(self) -> Float64s:
        """Realised P&L of each fill, before fees."""
        realized: Float64s = joined([fills.realized for fills in self.fills])
        return realized

    @cached_property
    def gains(self) -> Float64s:
        """What the fills that gained realised, before fees."""
        return self.realized[self.realized > 0.0]

    @cached_property
    def losses(self) -> Float64s:
        """What the fills that lost realised, before fees, below 0."""
        return self.realized[self.realized < 0.0]

    @cached_property
    def realized_pnl(self) -> float:
        """Realised P&L before fees."""
        return float(sum(fills.pnl[-1] for fills in self.fills if len(fills)))

    @cached_property
    def total_fees(self) -> float:
        """All fees."""
        return float(sum(fees.sum() for fees in self.fees))

    @property
    def net_pnl(self) -> float:
        """Realised P&L after fees."""
        return self.realized_pnl - self.total_fees

    @cached_property
    def max_drawdown(self) -> float:
        """Largest fall of net realised equity from its running peak."""
        return max_drawdown(self.equity)

    @cached_property
    def peak_capital(self) -> float:
        """Largest Σ |position| · price of its latest fill over all securities at one moment."""
        accounts = self.accounts
        if not any(len(account.capital) for account in accounts):
            return 0.0
        if len(accounts) == 1:
            return float(accounts[0].capital.max())
        clock = np.concatenate([account.clock for account in accounts])
        changes = np.concatenate([np.diff(account.capital, prepend=0.0) for account in accounts])
        return float(np.cumsum(changes[np.argsort(clock, kind="stable")]).max())

    @cached_property
    def max_drawdown_marked(self) -> float | None:
        """Largest fall of net equity with open positions at their marks, seen at the times of the price paths."""
        times = union_of([account.observed.path_time for account in self.accounts])
        equity: Float64s = sum((account.marked_equity_at(times) for account in self.accounts), np.zeros(len(times)))
        return max_drawdown(equity) if len(equity) else None

    @cached_property
    def inventory(self) -> Float64s:
        """Σ |position| · mark at each five-minute mark of the sessions; empty without a mark or a market day."""
        marks = union_of([account.marks for account in self.accounts])
        if not len(self.market_days):
            return np.empty(0)
        inventory: Float64s = sum((account.inventory_at(marks) for account in self.accounts), np.zeros(len(marks)))
        return inventory

    @cached_property
    def time_in_market(self) -> float:
        """Share of continuous session time with a position of any; one held over night counts on both days.

        There is at least one market day.
        """
        accounts = self.accounts
        sessions = [each.sessions for each in accounts]
        clock = np.concatenate([session_clock(each.clock, self.market_days, sessions) for each in accounts])
        is_open = [(account.replayed.fills.position != 0).astype(np.int64) for account in accounts]
        order = np.argsort(clock, kind="stable")
        open_positions = np.cumsum(np.concatenate([np.diff(each, prepend=0) for each in is_open])[order])
        session_time = int(session_clock(np.array([2**62]), self.market_days, sessions)[0])
        durations = np.diff(clock[order], append=session_time)
        return float(durations[open_positions > 0].sum() / session_time)

    @cached_property
    def position_limits(self) -> Float64s | None:
        """The largest position allowed at each five-minute mark, shares; None where there is no limit."""
        if not self.is_one_security:
            return None
        account = self.accounts[0]
        return account.limit_at(account.marks)

    @cached_property
    def time_at_limit(self) -> float | None:
        """Share of the five-minute marks at which one security's position is at its limit."""
        limits = self.position_limits
        if limits is None or not len(limits):
            return None
        account = self.accounts[0]
        positions = np.abs(account.position_at(account.marks))
        return float(((positions >= limits) & (positions > 0)).mean())

    @cached_property
    def notional_limit(self) -> float | None:
        """The sum of the securities' notional limits; None unless each has one."""
        limits = [account.notional_limit or 0 for account in self.accounts]
        return sum(limits) if limits and all(limits) else None

    @cached_property
    def days_not_flat(self) -> Int64s:
        """Market days that ended with an open position of any, as days since 1970-01-01, ascending."""
        if len(self.replays) == 1:
            return self.replays[0].days_not_flat
        return union_of([replay.days_not_flat for replay in self.replays])

    @cached_property
    def orders(self) -> int | None:
        """How many orders were placed; None where a strategy keeps its own."""
        counts = [replay.orders for replay in self.replays]
        return None if None in counts else sum(count or 0 for count in counts)

    @cached_property
    def times_to_fill(self) -> Float64s:
        """How long each order that was filled had stood by its first fill, seconds of continuous session."""
        seconds: Float64s = joined([fill_sums.times_to_fill(account) for account in self.accounts])
        return seconds

    @cached_property
    def spread(self) -> fill_sums.Spread:
        """What the fills earned against the mid at the fill."""
        return fill_sums.spread_captured(self.accounts)

    @cached_property
    def markouts(self) -> Mapping[str, fill_sums.Markout]:
        """What the fills were worth at each horizon after them."""
        return fill_sums.markouts(self.accounts)

    def fills_by_kind(self) -> dict[str, dict[str, float | None]]:
        """Return what each kind of print or act filled and gained, kinds without a fill left out."""
        return fill_sums.fills_by_kind(self.accounts) if any(len(fills) for fills in self.fills) else {}

    def fills_by_condition(self) -> dict[str, dict[str, float | None]]:
        """Return what prints of each condition filled and gained; empty where no tick has a code."""
        return fill_sums.fills_by_condition(self.accounts) if any(len(fills) for fills in self.fills) else {}

    def pnl_by_hour(self) -> dict[str, float]:
        """Return Σ net P&L by hour of day of the fills; hours without a fill are left out."""
        hours = self.times % DAY // HOUR
        totals = np.bincount(hours, self.net) if len(hours) else np.empty(0)
        return {str(hour): float(totals[hour]) for hour in sorted(set(hours.tolist()))}

    def pnl_by_weekday(self) -> dict[str, float]:
        """Return Σ net P&L by weekday of the market days; weekdays without one are left out."""
        weekdays = (self.market_days + THURSDAY) % len(WEEKDAYS)
        return {WEEKDAYS[day]: float(self.daily[weekdays == day].sum()) for day in sorted(set(weekdays.tolist()))}


VALUES: Final[Mapping[str, Callable[[FillsPortfolio], Any]]] = {
    "fills": lambda p: len(p.times),
    "closing_fills": lambda p: len(p.gains) + len(p.losses),
    "fills_per_day": lambda p: len(p.times) / len(p.market_days) if len(p.market_days) else None,
    "realized_pnl": lambda p: p.realized_pnl,
    "fees": lambda p: p.total_fees,
    "net_pnl": lambda p: p.net_pnl,
    "turnover": lambda p: float(sum(fills.price.dot(fills.quantity) for fills in p.fills)),
    "return_on_limit": lambda p: p.net_pnl / p.notional_limit if p.notional_limit else None,
    "max_drawdown": lambda p: p.max_drawdown,
    "sharpe": lambda p: sharpe(p.daily),
    "sortino": lambda p: sortino(p.daily),
    "calmar": lambda p: calmar(p.daily, p.max_drawdown),
    "max_drawdown_pct": lambda p: p.max_drawdown / p.peak_capital * 100 if p.peak_capital > 0.0 else None,
    "max_drawdown_days": lambda p: drawdown_days(p.equity, p.times, p.market_days),
    "max_drawdown_marked": lambda p: p.max_drawdown_marked,
    "peak_capital": lambda p: p.peak_capital,
    "win_rate": lambda p: len(p.gains) / (len(p.gains) + len(p.losses)) if len(p.gains) + len(p.losses) else None,
    "profit_factor": lambda p: float(p.gains.sum() / -p.losses.sum()) if len(p.losses) else None,
    "average_win": lambda p: float(p.gains.sum() / len(p.gains)) if len(p.gains) else None,
    "average_loss": lambda p: float(p.losses.sum() / len(p.losses)) if len(p.losses) else None,
    "market_days": lambda p: len(p.market_days),
    "strategy_days": lambda p: len(first_of_each_day(p.times // DAY)),
    "days_not_flat": lambda p: p.days_not_flat,
    "pnl_by_hour": FillsPortfolio.pnl_by_hour,
    "pnl_by_weekday": FillsPortfolio.pnl_by_weekday,
    "position": lambda p: sum(replay.position for replay in p.replays),
    "time_in_market": lambda p: p.time_in_market if len(p.inventory) else None,
    "inventory_mean": lambda p: float(p.inventory.mean()) if len(p.inventory) else None,
    "inventory_p95": lambda p: percentile(p.inventory, 95) if len(p.inventory) else None,
    "time_at_limit": lambda p: p.time_at_limit,
    "orders": lambda p: p.orders,
    "fill_ratio": lambda p: len(p.times_to_fill) / p.orders if p.orders else None,
    "time_to_fill_median": lambda p: percentile(p.times_to_fill, 50) if len(p.times_to_fill) else None,
    "time_to_fill_mean": lambda p: float(p.times_to_fill.mean()) if len(p.times_to_fill) else None,
    "spread_captured_bps": lambda p: p.spread.bps,
    "spread_captured": lambda p: p.spread.amount,
    "through_fills": lambda p: None if p.orders is None else fill_sums.traits(p.accounts, THROUGH),
    "through_pnl": lambda p: None if p.orders is None else fill_sums.through_pnl(p.accounts),
    "off_grid_fills": lambda p: None if p.orders is None else fill_sums.traits(p.accounts, OFF_GRID),
    "marketable_fills": lambda p: None if p.orders is None else fill_sums.traits(p.accounts, MARKETABLE),
    "shares_beyond_shown": lambda p: (
        None if p.orders is None else sum(int(account.observed.beyond_shown.sum()) for account in p.accounts)
    ),
    "fills_by_kind": FillsPortfolio.fills_by_kind,
    "fills_by_condition": FillsPortfolio.fills_by_condition,
}


def reference_figures(histories: Sequence[AccountHistory], *, is_one_security: bool = False) -> dict[str, Any]:
    """Return every figure by its name, mark-outs by horizon and field."""
    accounts = [account(history) for history in histories]
    replays = [each.replayed for each in accounts]
    market_days = union_of([replay.market_days for replay in replays])
    portfolio = FillsPortfolio(replays, market_days, accounts, is_one_security)
    figures = {name: compute(portfolio) for name, compute in VALUES.items()}
    for horizon in HORIZONS:
        for field in ("amount", "bps", "adverse_amount", "adverse_bps", "fills"):
            figures[f"markouts.{horizon}.{field}"] = getattr(portfolio.markouts[horizon], field)
    return figures

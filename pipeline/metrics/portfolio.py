"""What figures are computed from: the ledgers of one security or of several, each part worked out once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.metrics.clock import Clock, clock_of
from pipeline.metrics.formulas import drawdown_days, market_day_indices, sharpe
from pipeline.metrics.loop_fills import AMOUNTS, COUNTS, DAY_FIELDS
from pipeline.metrics.rebasing import rebased
from pipeline.metrics.sharpe import shape_of
from pipeline.ticks import union_of
from pipeline.times import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.ledger import Ledger
    from pipeline.metrics.sharpe import Shape
    from pipeline.ticks import Float64s, Int64s

THURSDAY = 3
"""The weekday of 1970-01-01."""


@dataclass(frozen=True, eq=False, repr=False)
class Portfolio:
    """One security, or several together; money in the market's currency, times in ns on the exchange's clock.

    Where the securities are on several clocks, what they have on one is in UTC, and days are each exchange's own.

    Attributes:
        ledgers: The ledger of each security.
        market_days: Market days of any of them, shape (days,), ascending, as days since 1970-01-01.
        walked: What they have on one clock, where that is known already.
        is_one_security: Whether this is one security by itself, which has a position limit.
        is_mixed: Whether they are in several currencies, so that no amounts of them add up.
    """

    ledgers: Sequence[Ledger]
    market_days: Int64s
    walked: Clock | None = None
    is_one_security: bool = False
    is_mixed: bool = False

    @cached_property
    def clock(self) -> Clock:
        """What the securities have on one clock."""
        return self.walked or clock_of([rebased(ledger) for ledger in self.ledgers], self.market_days)

    @cached_property
    def sums(self) -> Mapping[str, Any]:
        """Sums over all fills, by the names of `loop_fills.COUNTS` and `loop_fills.AMOUNTS`."""
        sums = [ledger.sums for ledger in self.ledgers]
        if len(sums) == 1:
            return sums[0]
        counts = {name: sum(each[name] for each in sums) for name in COUNTS}
        return counts | {name: math.fsum(each[name] for each in sums) for name in AMOUNTS}

    @cached_property
    def realized_pnl(self) -> float:
        """Realised P&L before fees."""
        return math.fsum(ledger.realized_pnl for ledger in self.ledgers)

    @property
    def net_pnl(self) -> float:
        """Realised P&L after fees."""
        return self.realized_pnl - float(self.sums["fees"])

    @property
    def closing_fills(self) -> int:
        """How many fills realised a gain or a loss."""
        return int(self.sums["gains"] + self.sums["losses"])

    @property
    def position(self) -> int:
        """Shares after the last event."""
        return sum(ledger.position for ledger in self.ledgers)

    @property
    def max_drawdown(self) -> float:
        """Largest fall of net realised equity from its running peak."""
        return self.clock.max_drawdown

    @cached_property
    def daily(self) -> Float64s:
        """Net P&L of each market day."""
        daily = np.zeros(len(self.market_days))
        if len(daily):
            for ledger in self.ledgers:
                days = ledger.days[:]
                net = days.view(np.float64)[:, DAY_FIELDS.index("net")]
                daily += np.bincount(market_day_indices(days[:, 0], self.market_days), net, len(daily))
        return daily

    @property
    def sharpe(self) -> float | None:
        """The annualised Sharpe ratio of daily net P&L."""
        return sharpe(self.daily)

    @cached_property
    def shape(self) -> Shape | None:
        """How daily net P&L is distributed; None for too few days."""
        return shape_of(self.daily)

    @cached_property
    def strategy_days(self) -> int:
        """How many calendar days have a fill."""
        with_fills = [days[days[:, 1] > 0, 0] for days in (ledger.days[:] for ledger in self.ledgers)]
        return len(union_of(with_fills))

    @property
    def max_drawdown_days(self) -> int | None:
        """How many market days, by dates of `clock`, the maximum drawdown lasted, its peak's and its end's included."""
        return drawdown_days(self.clock.fall, self.market_days)

    @property
    def inventory(self) -> Float64s:
        """Σ |position| · mark at each five-minute mark of the sessions; empty without a mark or a market day."""
        return self.clock.inventory if len(self.market_days) else np.empty(0)

    @property
    def time_in_market(self) -> float:
        """Share of continuous session time with a position of any; one held over night counts on both days.

        There is at least one market day.
        """
        return self.clock.in_market / self.clock.session

    @cached_property
    def notional_limit(self) -> float | None:
        """The sum of the securities' notional limits; None unless each has one."""
        limits = [ledger.notional_limit or 0 for ledger in self.ledgers]
        return sum(limits) if limits and all(limits) else None

    @cached_property
    def days_not_flat(self) -> Int64s:
        """Market days that ended with an open position of any, as days since 1970-01-01, ascending."""
        return union_of([ledger.days_not_flat for ledger in self.ledgers])

    @cached_property
    def orders(self) -> int | None:
        """How many orders were placed; None where a strategy keeps its own."""
        counts = [ledger.orders for ledger in self.ledgers]
        return None if None in counts else sum(count or 0 for count in counts)

    def pnl_by_hour(self) -> dict[str, float]:
        """Return Σ net P&L by hour of day of the fills; hours without a fill are left out."""
        hours = sorted({hour for ledger in self.ledgers for hour in ledger.hours}, key=int)
        return {hour: float(sum(ledger.hours.get(hour, 0.0) for ledger in self.ledgers)) for hour in hours}

    def pnl_by_weekday(self) -> dict[str, float]:
        """Return Σ net P&L by weekday of the market days; weekdays without one are left out."""
        weekdays = (self.market_days + THURSDAY) % len(WEEKDAYS)
        return {WEEKDAYS[day]: float(self.daily[weekdays == day].sum()) for day in sorted(set(weekdays.tolist()))}


def portfolio_of(ledgers: Sequence[Ledger], *, is_mixed: bool = False) -> Portfolio:
    """Return several securities together; market days are those of any of them.

    Args:
        ledgers: The ledgers of the securities that were replayed to their end, in any order.
        is_mixed: Whether they are in several currencies.

    Returns:
        What the portfolio's figures are computed from.
    """
    ordered = sorted(ledgers, key=lambda ledger: ledger.ticker)
    return Portfolio(ordered, union_of([ledger.market_days for ledger in ordered]), is_mixed=is_mixed)

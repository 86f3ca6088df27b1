"""What one security's figures are made from: its fills, what the market did around them, its session and limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.markets.exchange_clock import UTC, ExchangeClock
from pipeline.metrics.sessions import session_hours
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from pipeline.engine.outcome import Fills
    from pipeline.markets.market import MarketFacts
    from pipeline.metrics.sessions import SessionHours
    from pipeline.replay.observe import Observed
    from pipeline.replay.simulate import Replayed
    from pipeline.replay.task import Task
    from pipeline.settings import Value


@dataclass(frozen=True, eq=False, repr=False)
class AccountHistory:
    """One security's fills and what the market did around them; prices, too, are in its market's currency.

    Times are in ns on its clock.

    Attributes:
        ticker: The security.
        replayed: What its replay gave.
        observed: The mids around its fills, and its price path; None in a sweep, which does not look at mids.
        sessions: Its hours of continuous trading, by day.
        shares_limit: The strategy's largest position in shares, None without such a limit.
        notional_limit: The same in money.
        notional_binds: Whether the strategy keeps to the notional limit.
        exchange_clock: The clock that its times are on.
    """

    ticker: str
    replayed: Replayed
    observed: Observed | None
    sessions: SessionHours
    shares_limit: float | None = None
    notional_limit: float | None = None
    notional_binds: bool = True
    exchange_clock: ExchangeClock = UTC


def account_of(task: Task, replayed: Replayed, observed: Observed | None) -> AccountHistory:
    """Return what a task's replay, or some days of it, gave as an account."""
    strategy, values, market = load_strategy(task.strategy), task.parameters, task.market
    return AccountHistory(
        ticker=task.ticker,
        replayed=replace(replayed, fills=_fills_in_currency(replayed.fills, market)),
        observed=None if observed is None else _observed_in_currency(observed, market),
        sessions=session_hours(market),
        shares_limit=_number(values.get(strategy.shares_limit_key)),
        notional_limit=_number(values.get(strategy.notional_limit_key)),
        notional_binds=strategy.notional_binds,
        exchange_clock=ExchangeClock(market.time_zone, market.clock_shift),
    )


def _fills_in_currency(fills: Fills, market: MarketFacts) -> Fills:
    limit = None if fills.limit is None else market.in_currency(fills.limit)
    return replace(fills, price=market.in_currency(fills.price), limit=limit)


def _observed_in_currency(observed: Observed, market: MarketFacts) -> Observed:
    return replace(
        observed,
        mid=market.in_currency(observed.mid),
        mid_later=market.in_currency(observed.mid_later),
        path_mid=market.in_currency(observed.path_mid),
        path_last=market.in_currency(observed.path_last),
    )


def _number(value: Value) -> float | None:
    return None if isinstance(value, (str, tuple)) else value

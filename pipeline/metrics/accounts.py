"""What one security's figures are made from: its fills, what the market did around them, its session and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.markets.facts import facts_of
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from pipeline.replay.observe import Observed
    from pipeline.replay.simulate import Replayed
    from pipeline.replay.task import SecurityResult


@dataclass(frozen=True, eq=False, repr=False)
class AccountHistory:
    """One security's fills and what the market did around them; money in AED, times in ns on the exchange's clock.

    Attributes:
        ticker: The security.
        replayed: What its replay gave.
        observed: The mids around its fills, and its price path; None in a sweep, which does not look at mids.
        session: The continuous session, ns since midnight.
        shares_limit: The strategy's largest position in shares, None without such a limit.
        notional_limit: The same in AED.
        notional_binds: Whether the strategy keeps to the notional limit.
    """

    ticker: str
    replayed: Replayed
    observed: Observed | None
    session: tuple[int, int]
    shares_limit: float | None = None
    notional_limit: float | None = None
    notional_binds: bool = True


def account_of(result: SecurityResult) -> AccountHistory:
    """Return the account of a security that was replayed."""
    assert result.replayed is not None  # noqa: S101 - the caller leaves out what failed
    strategy, values = load_strategy(result.task.strategy), result.task.parameters
    return AccountHistory(
        ticker=result.ticker,
        replayed=result.replayed,
        observed=result.observed,
        session=facts_of(result.task.exchange).continuous,
        shares_limit=values.get(strategy.shares_limit_key),
        notional_limit=values.get(strategy.notional_limit_key),
        notional_binds=strategy.notional_binds,
    )

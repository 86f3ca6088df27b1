"""Computes the figures of one security, of several on one clock, and of one setting of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.portfolio import Portfolio, portfolio_of
from pipeline.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.metrics.accounts import AccountHistory
    from pipeline.metrics.figure import Figure
    from pipeline.replay.simulate import Replayed

NOTHING: Final = "No security was replayed to its end."


def security_figures(account: AccountHistory) -> dict[str, Any]:
    """Return the figures of one security as metrics.json has them.

    Args:
        account: The account of a security that was replayed.

    Returns:
        Each figure by its key, None where it cannot be computed; `reasons`, why, by key; `counters`, what the strategy
        itself counted. Money in AED, times in seconds, shares of time from 0 to 1, days as ISO dates.
    """
    replayed = account.replayed
    portfolio = Portfolio([replayed], replayed.market_days, [account], is_one_security=True)
    return _figures(portfolio) | {"counters": dict(replayed.counters)}


def portfolio_figures(accounts: Sequence[AccountHistory]) -> dict[str, Any]:
    """Return the figures of several securities together, as metrics.json has them.

    Args:
        accounts: The accounts of the securities that were replayed. Of none, every number is None: a sum of nothing
            would pass for a result.

    Returns:
        As for one security, without counters.
    """
    return _figures(portfolio_of(accounts))


def replay_figures(replayed: Replayed, figures: Iterable[Figure]) -> dict[str, Any]:
    """Return figures of one security's replay that need no mid.

    Args:
        replayed: What the replay gave.
        figures: Figures that a sweep keeps.

    Returns:
        Each number by the figure's name, None where it cannot be computed; of days how many.
    """
    return numbers_of(Portfolio([replayed], replayed.market_days), figures)


def numbers_of(portfolio: Portfolio, figures: Iterable[Figure]) -> dict[str, Any]:
    """Return figures that are one number, as `replay_figures` does, of a portfolio that its caller needs as well."""
    values = {figure.name: figure.compute(portfolio) for figure in figures}
    return {name: len(value) if isinstance(value, np.ndarray) else value for name, value in values.items()}


def day_names(days: Any) -> list[str]:
    """Return days since 1970-01-01, shape (n,), as ISO dates."""
    names: list[str] = days.astype("datetime64[D]").astype(str).tolist()
    return names


def _figures(portfolio: Portfolio) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for figure in METRICS:
        *keys, last = figure.name.split(".")
        value = figure.compute(portfolio)
        if not portfolio.replays and not keys and isinstance(value, (int, float)):
            value = None
        if value is None:
            reasons[figure.key] = figure.why_missing(portfolio) if portfolio.replays else NOTHING
        level = figures
        for key in keys:
            level = level.setdefault(key, {})
        level[last] = day_names(value) if isinstance(value, np.ndarray) else value
    return figures | {"reasons": reasons}

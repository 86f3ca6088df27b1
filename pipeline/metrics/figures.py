"""Computes the figures of one security and of several, from their ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.figure import SEVERAL_CURRENCIES
from pipeline.metrics.portfolio import portfolio_of
from pipeline.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.metrics.ledger import Ledger
    from pipeline.metrics.portfolio import Portfolio

NOTHING: Final = "No security was replayed to its end."
PATHS: Final = [(figure, figure.name.split(".")) for figure in METRICS]


def portfolio_figures(totals: Mapping[str, Sequence[Ledger]]) -> dict[str, Any]:
    """Return the figures of several securities together, as metrics.json has them.

    Args:
        totals: By currency the ledgers of the securities that were replayed, in any order. Of none, every number is
            None: a sum of nothing would pass for a result. Of several currencies, which do not add up, the figures are
            those of counts and times, and `currencies` has all of each currency.

    Returns:
        As a ledger has them for one security, without counters.
    """
    every = [ledger for ledgers in totals.values() for ledger in ledgers]
    figures = figures_of(portfolio_of(every, is_mixed=len(totals) > 1))
    if len(totals) <= 1:
        return figures
    return figures | {"currencies": {unit: figures_of(portfolio_of(totals[unit])) for unit in sorted(totals)}}


def numbers_of(portfolio: Portfolio, figures: Iterable[Figure]) -> dict[str, Any]:
    """Return figures that are one number, each by the figure's name; of days how many."""
    values = {figure.name: figure.compute(portfolio) for figure in figures}
    return {name: len(value) if isinstance(value, np.ndarray) else value for name, value in values.items()}


def day_names(days: Any) -> list[str]:
    """Return days since 1970-01-01, shape (n,), as ISO dates."""
    names: list[str] = days.astype("datetime64[D]").astype(str).tolist()
    return names


def figures_of(portfolio: Portfolio) -> dict[str, Any]:
    """Return the figures of a portfolio as metrics.json has them.

    Args:
        portfolio: One security, or several.

    Returns:
        Each figure by its key, None where it cannot be computed, those of all securities together for these alone;
        `reasons`, why, by key. Money in the market's currency, times in
        seconds, shares of time from 0 to 1, days as ISO dates.
    """
    figures: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for figure, (*keys, last) in PATHS:
        if figure.of_all and portfolio.is_one_security:
            continue
        apart = portfolio.is_mixed and not figure.adds_up
        value = None if apart else figure.compute(portfolio)
        if not portfolio.ledgers and not keys and isinstance(value, (int, float)):
            value = None
        if value is None:
            reasons[figure.key] = _why_missing(figure, portfolio, apart=apart)
        level = figures
        for key in keys:
            level = level.setdefault(key, {})
        level[last] = day_names(value) if isinstance(value, np.ndarray) else value
    return figures | {"reasons": reasons}


def _why_missing(figure: Figure, portfolio: Portfolio, *, apart: bool) -> str:
    if not portfolio.ledgers:
        return NOTHING
    return SEVERAL_CURRENCIES if apart else figure.why_missing(portfolio)

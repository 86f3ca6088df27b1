"""Figures that need a whole replay: of the settings with the highest net P&L, of each security and of all together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.registry import BY_NAME
from pipeline.runs.own_figures import own_values
from pipeline.runs.replaying import run
from pipeline.runs.security import totals_of
from pipeline.sweeps.results import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.runs.security import SecurityResult
    from pipeline.store.result_cache import ResultCache
    from pipeline.sweeps.results import SweepResults

SHORTLIST: Final = 20
"""How many settings of each security, and of all together, are replayed whole."""


def whole_figures(results: SweepResults, name: str, cache: ResultCache, *, fresh: bool) -> dict[tuple[str, int], float]:
    """Return a figure of the settings on the shortlist, by view and number; those without it are left out.

    Args:
        results: Of the sweep.
        name: The figure's, in the registry or among the strategy's own, which all together have none of.
        cache: Where results of whole replays are looked up and stored: those of single backtests are the same.
        fresh: Whether what is cached is replayed all the same.
    """
    wanted: dict[int, set[str]] = {}
    for view, numbers in _highest(results).items():
        for number in numbers:
            wanted.setdefault(number, set()).add(view)
    figures: dict[tuple[str, int], float] = {}
    for number in sorted(wanted):
        tickers = results.plan.tickers if ALL in wanted[number] else wanted[number]
        replayed = _replayed(results, number, tickers, cache, fresh=fresh)
        for view in wanted[number]:
            known = portfolio_figures(totals_of(replayed.values())) if view == ALL else _figures(replayed[view])
            value = BY_NAME[name].value_in(known) if name in BY_NAME else own_values(known).get(name)
            if value is not None:
                figures[view, number] = float(value)
    return figures


def _highest(results: SweepResults) -> dict[str, list[int]]:
    """Return the settings with the highest net P&L of each view, of those that can be chosen."""
    best: dict[str, tuple[Any, Any]] = {}
    for block in results.blocks(by_day=False):
        allowed = block.columns.having(results.plan.assumed)
        for view in results.views:
            may = allowed & block.good(view)
            net, numbers = best.get(view, (np.empty(0), np.empty(0, np.int64)))
            net = np.concatenate([net, block.net_pnl(view)[may]])
            numbers = np.concatenate([numbers, block.columns.numbers[may]])
            first = np.argsort(-net, kind="stable")[:SHORTLIST]
            best[view] = net[first], numbers[first]
    return {view: numbers.tolist() for view, (_, numbers) in best.items()}


def _replayed(
    results: SweepResults, number: int, tickers: Iterable[str], cache: ResultCache, *, fresh: bool
) -> Mapping[str, SecurityResult]:
    """Return what a setting came to on securities."""
    trial, wanted = results.trials[number], {*tickers}
    base = results.plan.bases[trial.strategy]
    tasks = tuple(
        replace(task, parameters={**task.parameters, **trial.changes}, execution=trial.execution, alternatives={})
        for task in base.tasks
        if task.ticker in wanted
    )
    securities = tuple(security for security in base.securities if security.ticker in wanted)
    plan = replace(base, tasks=tasks, securities=securities, execution=trial.execution)
    done = run(plan, None, None if base.engine == "python" else cache, fresh=fresh)
    return {each.ticker: each for each in done if each.ledger is not None}


def _figures(result: SecurityResult) -> Mapping[str, Any]:
    return {} if result.ledger is None else result.ledger.figures

"""Figures that need a whole replay: of every setting, or of those with the highest net P&L of each view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.figures import portfolio_figures
from pipeline.metrics.registry import BY_NAME
from pipeline.runs.own_figures import own_values, with_own_of_all
from pipeline.runs.replaying import run
from pipeline.runs.security import totals_of
from pipeline.strategies.loading.load import load_strategy
from pipeline.sweeps.results import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.runs.security import SecurityResult
    from pipeline.store.result_cache import ResultCache
    from pipeline.sweeps.results import SweepResults

SHORTLIST: Final = 20
"""How many settings of each security, and of all together, are replayed whole."""


def whole_figures(
    results: SweepResults,
    names: Sequence[str],
    numbers: Mapping[str, Sequence[int]],
    cache: ResultCache,
    *,
    fresh: bool,
    on_whole: Callable[[int, int], None] | None,
) -> dict[str, dict[tuple[str, int], float]]:
    """Return figures of settings replayed whole, by name, then by view and number; those without one are left out.

    Args:
        results: Of the sweep.
        names: The figures', in the registry or among those of the strategies' own.
        numbers: The settings, by view.
        cache: Where results of whole replays are looked up and stored: those of single backtests are the same.
        fresh: Whether what is cached is replayed all the same.
        on_whole: Called with how many settings are done, and of how many.
    """
    wanted: dict[int, set[str]] = {}
    for view, of_view in numbers.items():
        for number in of_view:
            wanted.setdefault(number, set()).add(view)
    figures: dict[str, dict[tuple[str, int], float]] = {name: {} for name in names}
    of_registry = any(name in BY_NAME for name in names)
    for done, number in enumerate(sorted(wanted)):
        if on_whole:
            on_whole(done, len(wanted))
        tickers = results.plan.tickers if ALL in wanted[number] else wanted[number]
        replayed = _replayed(results, number, tickers, cache, fresh=fresh)
        for view in wanted[number]:
            known = (
                _of_all(results, number, replayed, of_registry=of_registry) if view == ALL else _figures(replayed[view])
            )
            own = own_values(known)
            for name in names:
                value = BY_NAME[name].value_in(known) if name in BY_NAME else own.get(name)
                if value is not None:
                    figures[name][view, number] = float(value)
    if on_whole:
        on_whole(len(wanted), len(wanted))
    return figures


def finished(results: SweepResults) -> dict[str, list[int]]:
    """Return the settings that came to an end on each view."""
    numbers: dict[str, list[int]] = {view: [] for view in results.views}
    for block in results.blocks(by_day=False):
        for view in results.views:
            numbers[view] += block.columns.numbers[block.good(view)].tolist()
    return numbers


def _of_all(
    results: SweepResults, number: int, replayed: Mapping[str, SecurityResult], *, of_registry: bool
) -> Mapping[str, Any]:
    """Return the figures of all securities together, those of every run only if one of them is wanted."""
    base = results.plan.bases[results.trials[number].strategy]
    ledgers = [result.ledger for result in replayed.values() if result.ledger is not None]
    figures = portfolio_figures(totals_of(replayed.values())) if of_registry else {}
    units = {*base.currencies.of.values()}
    return with_own_of_all(figures, load_strategy(base.tasks[0].strategy), ledgers, currencies=len(units))


def shortlist(results: SweepResults) -> dict[str, list[int]]:
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

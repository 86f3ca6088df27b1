"""How a sweep shows itself in a notebook: the best setting of each security, what it made, and maps of all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import BadRequest, nearest
from pipeline.metrics.figure import ANNUALISED_FROM, are_few_days
from pipeline.notebook import html_line, html_table
from pipeline.notebook_charts import heatmap_chart
from pipeline.numbers import counted, currency, money
from pipeline.sweeps.axes import STRATEGY
from pipeline.sweeps.date_windows import WHOLE
from pipeline.sweeps.objectives import BAND_LOW, Objective, objective_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.date_windows import Window
    from pipeline.sweeps.run import SweepRun


def sweep_html(sweep: SweepRun) -> str:
    """Return the best settings as HTML; where days were parted, with what they made on either part."""
    results, parted = sweep.results, sweep.split is not None
    heads = [
        "security",
        "setting",
        "values",
        *(f"{name}, {currency()}" for name in (("train", "test") if parted else ("net P&L", "max drawdown"))),
    ]
    title = f"{counted(len(results.trials), 'setting')} of {counted(len(results.plan.tickers), 'security')}"
    notes = [html_line(counted(len(sweep.warnings), "warning"), ())]
    if sweep.failed:
        notes.append(html_line(f"{results.failed:,} results failed", ()))
    return html_table(f"{title}, the best of each", heads, [_row(best, parted=parted) for best in sweep.best], notes)


def _row(best: Best, *, parted: bool) -> list[str]:
    values = ", ".join(f"{name} {value}" for name, value in best.trial.combination.items())
    row = [best.security, f"{best.trial.number:,}", values or best.trial.strategy]
    if parted:
        return [*row, *(money(part.net_pnl if part else None) for part in (best.train, best.test))]
    return [*row, *(money(best.figures.get(name)) for name in ("net_pnl", "max_drawdown"))]


BEST: Final = "best"
MEDIAN: Final = "median"


def sweep_heatmap(sweep: SweepRun, across: str, up: str, figure: str | None, security: str | None, others: str) -> Any:
    """Return a map of a figure over two axes; raises BadRequest."""
    plan = sweep.results.plan
    axes = [STRATEGY, *plan.axes] if len(plan.bases) > 1 else [*plan.axes]
    for name in (across, up):
        _check(name, axes, "axis")
    view = _check(security or sweep.results.views[-1], sweep.results.views, "security")
    _check(others, (BEST, MEDIAN), "way to put settings together")
    objective = sweep.objective if figure is None else objective_of(figure, sweep.results.own)
    if figure in sweep.results.own:
        objective = replace(objective, whole=sweep.results.own[objective.name])
    if objective.name == BAND_LOW and not plan.band:
        raise BadRequest("The band of these settings was not asked for: sweep(..., band=True).")
    window = sweep.split[0] if figure is None and sweep.split else None
    groups = _grouped(sweep, objective, view, window, (across, up))
    values = [list(dict.fromkeys(pair[at] for pair in groups)) for at in (0, 1)]
    x, y = (sorted(some, key=float) if all(map(_is_number, some)) else some for some in values)
    cells = np.full((len(y), len(x)), np.nan)
    best = np.nanmin if objective.better < 0 else np.nanmax
    for (of_x, of_y), scores in groups.items():
        if not np.isnan(scores).all():
            cells[y.index(of_y), x.index(of_x)] = (np.nanmedian if others == MEDIAN else best)(scores)
    several = f", {others} of several settings" if max(map(len, groups.values())) > 1 else ""
    part = f", {window}" if window else ""
    return heatmap_chart(f"{objective.label}, {view}{part}{several}", (across, x), (up, y), cells)


def _grouped(
    sweep: SweepRun, objective: Objective, view: str, window: Window | None, pair: tuple[str, str]
) -> Mapping[tuple[str, str], Sequence[float]]:
    """Return the figures of settings by the values of two axes, as text, those that are chosen among only."""
    assumed = {name: value for name, value in sweep.results.plan.assumed.items() if name not in pair}
    groups: dict[tuple[str, str], list[float]] = {}
    for block in sweep.results.blocks(by_day=objective.by_day or window is not None):
        columns = block.columns
        if objective.annualised and are_few_days(len(block.window(view, window or WHOLE).market_days)):
            raise BadRequest(f"{objective.label}: {ANNUALISED_FROM}")
        scores = np.where(block.good(view), objective.values(block, view, window), np.nan)
        named = {axis.name: (axis.values, codes) for axis, codes in zip(columns.axes, columns.codes, strict=True)}
        for at in np.flatnonzero(columns.having(assumed)).tolist():
            of_pair = (
                columns.strategy if name == STRATEGY else _text(named[name][0][named[name][1][at]])
                for name in pair
                if name == STRATEGY or name in named
            )
            key = tuple(of_pair)
            if len(key) == len(pair):
                groups.setdefault((key[0], key[1]), []).append(float(scores[at]))
    return groups


def _check(name: str, known: Sequence[str], what: str) -> str:
    if name not in known:
        raise BadRequest(f"There is no {what} '{name}'; there are {', '.join(known)}.{nearest(name, known)}")
    return name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

"""How a sweep shows itself in a notebook: the best setting of each security, and what it made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.notebook import html_line, html_table
from pipeline.numbers import counted, money

if TYPE_CHECKING:
    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.run import SweepRun


def sweep_html(sweep: SweepRun) -> str:
    """Return the best settings as HTML; where days were parted, with what they made on either part."""
    results, parted = sweep.results, sweep.split is not None
    heads = [
        "security",
        "setting",
        "values",
        *(("train, AED", "test, AED") if parted else ("net P&L, AED", "max drawdown, AED")),
    ]
    title = f"{counted(len(results.trials), 'setting')} of {counted(len(results.plan.tickers), 'security')}"
    notes = [html_line(counted(len(sweep.warnings), "warning"), ())]
    if sweep.failed:
        notes.append(html_line(f"{results.failed:,} results failed", ()))
    return html_table(f"{title}, the best of each", heads, [_row(best, parted=parted) for best in sweep.best], notes)


def _row(best: Best, *, parted: bool) -> list[str]:
    values = ", ".join(f"{name} {value}" for name, value in best.trial.combination.values.items())
    row = [best.security, f"{best.trial.number:,}", values or best.trial.strategy]
    if parted:
        return [*row, *(money(part.net_pnl if part else None) for part in (best.train, best.test))]
    return [*row, *(money(best.figures.get(name)) for name in ("net_pnl", "max_drawdown"))]

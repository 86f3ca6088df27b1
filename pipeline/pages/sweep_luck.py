"""The block of a sweep's page that says how much of the best setting is luck: sentences and the numbers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.numbers import counted, currency
from pipeline.pages.cells import Cell, lines
from pipeline.sweeps.choice import under
from pipeline.sweeps.luck_words import in_words, too_few
from pipeline.sweeps.objectives import SHARPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.pages.sweep_reader import RecordedSweep

MOST_ROWS: Final = 100
FIGURE: Final = "figure"
"""Stands for the form of the figure that settings were chosen by."""

ROWS: Final = {
    "best": ("The best, on the days it was chosen on", FIGURE),
    "by_chance": ("The best of as many settings without merit, as expected", FIGURE),
    "out_of_sample": ("What the choice made out of sample", FIGURE),
    "p_value": ("Probability that these do as well (reality check), %", "share"),
    "sharpe": ("Sharpe ratio of the best, annualised", "ratio"),
    "sharpe_by_chance": ("Sharpe ratio that luck gives the best of the trials, annualised", "ratio"),
    "probabilistic_sharpe": ("Probabilistic Sharpe ratio, had it been the only one, %", "share"),
    "deflated_sharpe": ("Deflated Sharpe ratio, %", "share"),
    "settings_ever": ("Settings tried on these ticks", "count"),
    "sweeps": ("Sweeps that tried them", "count"),
    "independent_trials": ("Independent trials that they count as", "ratio"),
    "average_correlation": ("Mean correlation of two settings' daily P&L", "ratio"),
    "overfitting_probability": ("Probability of backtest overfitting, %", "share"),
    "rank_correlation": ("Rank correlation of settings between halves of the days", "ratio"),
    "settings_used": ("Settings that these statistics are of", "count"),
    "market_days": ("Market days", "count"),
    "block_days": ("Mean length of the blocks of days drawn", "ratio"),
}
"""The numbers of sweep.json as they are shown: label and form."""


BY_SECURITY: Final = {
    "best": "The best",
    "by_chance": "Luck alone",
    "out_of_sample": "Out of sample",
    "p_value": "As good by luck (%)",
    "sharpe": "Sharpe ratio (annualised)",
    "deflated_sharpe": "Deflated Sharpe ratio (%)",
    "overfitting_probability": "Overfitting (%)",
    "settings_ever": "Settings tried",
    "market_days": "Market days",
}
"""What is shown of each security by itself, under these headings."""


def luck_by_security(sweep: RecordedSweep) -> dict[str, Any]:
    """Return headings, unit and rows, each a ticker and cells, of how much is luck of each security's own choice."""
    known = {ticker: luck for ticker, luck in (sweep.manifest.get("luck_by_security") or {}).items() if luck}
    each = ((ticker, _cells(luck)) for ticker, luck in known.items())
    rows = [(ticker, [cells[name][1] for name in BY_SECURITY]) for ticker, cells in each]
    unit = next((_unit(luck) for luck in known.values()), "")
    return {"headings": BY_SECURITY.values(), "unit": unit, "rows": lines(rows, MOST_ROWS)}


def luck_block(sweep: RecordedSweep) -> dict[str, Any]:
    """Return the sentences, the table's caption and its rows of name, label and cell; nothing of an older sweep's."""
    luck = sweep.manifest.get("luck")
    if not luck:
        days = sweep.manifest.get("market_days")
        few = "" if days is None else too_few(len(sweep.settings), days)
        return {"sentences": [few] if few else [], "rows": []}
    rows = [(name, *of_name) for name, of_name in _cells(luck).items()]
    return {"sentences": in_words(luck), "caption": _caption(sweep, luck["settings"]), "rows": rows}


def _caption(sweep: RecordedSweep, settings: int) -> str:
    """Return among which settings was chosen: not among those that failed or are of another execution model."""
    every = len(sweep.settings)
    of = f"{settings:,} of {counted(every, 'setting')}" if settings < every else counted(every, "setting")
    model = under(sweep.manifest.get("chosen_under") or {})
    return f"The choice among {of}{f', those under {model}' if model else ''}, in numbers"


def _unit(luck: Mapping[str, Any]) -> str:
    return "Sharpe ratio, annualised" if luck["figure"] == SHARPE else f"{currency()} a market day"


def _cells(luck: Mapping[str, Any]) -> dict[str, tuple[str, Cell]]:
    """Return each number with its label."""
    is_ratio = luck["figure"] == SHARPE
    unit = _unit(luck)
    cells = {}
    for name, (label, form) in ROWS.items():
        of_figure = form == FIGURE
        shown = ("ratio" if is_ratio else "money") if of_figure else form
        cell = Cell(luck[name], shown, "No figure on these days.")
        cells[name] = f"{label}, {unit}" if of_figure else label, cell
    return cells

"""Every figure in the order of files, which metrics.json, sweeps, pages, terminal and documents read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.metrics.chance_figures import CHANCE, CHANCE_FIGURES
from pipeline.metrics.fill_figures import FILL_FIGURES, FILLED_BY
from pipeline.metrics.market_making_figures import AMOUNTS, BPS, INVENTORY, MARKET_MAKING_FIGURES
from pipeline.metrics.performance_figures import ACTIVITY, CLOSING, DAYS, PERFORMANCE_FIGURES, PNL, RISK
from pipeline.metrics.return_figures import RETURN_FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.metrics.figure import Figure

FIGURES: Final = (*PERFORMANCE_FIGURES, *RETURN_FIGURES, *CHANCE_FIGURES, *MARKET_MAKING_FIGURES, *FILL_FIGURES)
BY_NAME: Final[Mapping[str, Figure]] = {figure.name: figure for figure in FIGURES}

METRICS: Final = tuple(figure for figure in FIGURES if figure.in_metrics)
"""The figures of metrics.json."""

GROUPS: Final[Mapping[str, tuple[Figure, ...]]] = {
    group: tuple(figure for figure in METRICS if figure.group == group and figure.is_number)
    for group in (PNL, CLOSING, RISK, CHANCE, ACTIVITY, DAYS, INVENTORY, BPS, AMOUNTS, FILLED_BY)
}
"""The tables of the figures that are one number, in the order in which they are shown."""

SWEEP_FIGURES: Final = tuple(figure for figure in FIGURES if figure.in_sweep)

SUMMARY_FIGURES: Final[Mapping[str, Figure]] = {
    figure.summary[1]: figure
    for figure in sorted(FIGURES, key=lambda figure: figure.summary or (0, ""))
    if figure.summary
}
"""The figures of backtest_summary.csv by their headings there."""

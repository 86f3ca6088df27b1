"""The rows of a sweep page's tables: the best settings, what choosing them was worth out of sample, what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.pages.cells import Cell
from pipeline.pages.sweep_reader import part_pnl
from pipeline.sweeps.choice import walked_pnl
from pipeline.sweeps.choice_statistics import mean_ranks
from pipeline.sweeps.tables import OWN_PREFIX, own_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_reader import RecordedSweep
    from pipeline.ticks import Float64s

FEW: Final = 12
"""Values, errors and folds up to which a table lists them one by one."""

ALIKE: Final = ", same execution"
"""Said of what is over the settings that fill orders, and pay, as the chosen one."""

NO_FIGURE: Final = "cannot be computed: no day in this part, too few days, or no variation"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: of which view, the setting it names, that setting's values, and numbers.

    values: as text, and as a number where all that the axis has are numbers.
    """

    view: str
    setting: int | None
    values: Sequence[tuple[str, float | None]]
    cells: tuple[Cell, ...]


def tiles(sweep: RecordedSweep, choice: Sequence[Row]) -> list[tuple[str, Cell]]:
    """Return the figures that say most of the sweep, of its first view, each with its name; choice as in `verdict`."""
    view, main = sweep.views[0], sweep.figure(sweep.main)
    middle, above = _spread(sweep, view)
    of = ALIKE if sweep.assumptions else ""
    tiles = [
        ("Settings", Cell(len(sweep.settings), "count")),
        (f"Best: {main.label}", Cell(sweep.value(view, main.name, sweep.chosen(view)), main.form, NO_FIGURE)),
        (f"Median{of}: {main.label}", middle),
        (f"Settings above 0{of} (%)", above),
    ]
    if sweep.parted:
        name = sweep.main.removeprefix("train_")
        test = sweep.figure(f"test_{name}")
        correlation, _, of_chosen, _, median, _ = choice[0].cells
        tiles += [
            (f"The best: {test.label}", of_chosen),
            (f"Median{of}: {test.label}", median),
            ("Rank correlation, train and test", correlation),
        ]
    return tiles


def best_rows(sweep: RecordedSweep) -> tuple[list[str], list[Row]]:
    """Return the headings and rows of the best setting of each view."""
    names = [figure.name for figure in sweep.figures]
    wanted: tuple[str, ...] = ("train_score", "test_score", "score")
    wanted += ("train_net_pnl", "test_net_pnl", "train_sharpe", "test_sharpe") if sweep.parted else ()
    own = own_column(str(sweep.manifest["chosen_by"]))  # which stands as the score
    wanted = (*wanted, "net_pnl", "sharpe", "drawdown", "fills", "win_rate", "fees")
    wanted += tuple(name for name in names if name.startswith(OWN_PREFIX) and name != own)
    figures = [sweep.figure(name) for name in wanted if name in names]
    rows = []
    for view in sweep.views:
        at = sweep.chosen(view)
        if at is None:
            continue
        cells = [Cell(sweep.value(view, figure.name, at), figure.form, NO_FIGURE) for figure in figures]
        rows.append(Row(view, int(sweep.settings[at]), values_of(sweep, at), (*cells, *_spread(sweep, view))))
    main = sweep.figure(sweep.main)
    of = ALIKE if sweep.assumptions else ""
    medians = [f"Median of all settings{of}: {main.label}", f"Settings above 0{of} (%)"]
    return [*(figure.label for figure in figures), *medians], rows


def choice_rows(sweep: RecordedSweep, figure: str) -> list[Row]:
    """Return, for each view, what choosing by a figure on train was worth on test.

    The cells: rank correlation, the chosen setting on train and test, its rank on test, the median and best on test.
    """
    rows = []
    for view in sweep.views:
        peers = sweep.peers(view)
        train, test = (sweep.values(view, f"{part}_{figure}") for part in ("train", "test"))
        at = sweep.chosen(view)
        of_test = sweep.figure(f"test_{figure}")
        form = of_test.form
        known, of_chosen = test[peers & ~np.isnan(test)], sweep.value(view, f"test_{figure}", at)
        rank = None
        if of_chosen is not None:
            rank = 1 + int((known < of_chosen if of_test.better < 0 else known > of_chosen).sum())
        correlation = rank_correlation(train[peers], test[peers])
        cells = (
            Cell(correlation, "ratio", "cannot be computed: too few settings or no variation"),
            Cell(sweep.value(view, f"train_{figure}", at), form, NO_FIGURE),
            Cell(of_chosen, form, NO_FIGURE),
            Cell(rank, "count", NO_FIGURE),
            Cell(float(np.median(known)) if len(known) else None, form, NO_FIGURE),
            Cell(of_test.best(known) if len(known) else None, form, NO_FIGURE),
        )
        rows.append(Row(view, None if at is None else int(sweep.settings[at]), (), cells))
    return rows


def walk_rows(sweep: RecordedSweep) -> list[Row]:
    """Return, for each view, the settings of a walk forward, what they made in total, and in how many of its parts.

    A part without a market day counts for nothing.
    """
    rows = []
    for view in sweep.views:
        folds = sweep.folds.get(view, [])
        after = [value for row in folds if (value := part_pnl(row)) is not None]
        chosen = ", ".join(row["setting"] for row in folds)
        cells = (
            Cell(walked_pnl(after), "money", "no market day in any part"),
            Cell(len(after), "count"),
            Cell(sum(value > 0 for value in after), "count"),
        )
        rows += [Row(view, None, [(chosen, None)], cells)] if folds else []
    return rows


def axis_rows(sweep: RecordedSweep) -> list[tuple[str, str, str]]:
    """Return what was varied: the name, how many values, and which."""
    rows = [(axis.label, f"{len(axis.values):,}", _values(axis)) for axis in sweep.axes]
    return rows + [(name, "1", value) for name, value in sweep.fixed.items()]


def values_of(sweep: RecordedSweep, at: int) -> list[tuple[str, float | None]]:
    """Return the value of each axis of one setting, empty where it says nothing to its strategy."""
    codes = [(axis, int(axis.codes[at])) for axis in sweep.axes]
    return [
        ("", None) if code < 0 else (axis.values[code], axis.numbers[code] if axis.numbers else None)
        for axis, code in codes
    ]


def _spread(sweep: RecordedSweep, view: str) -> tuple[Cell, Cell]:
    known = sweep.known(view, sweep.main)
    if not len(known):
        return Cell(None, sweep.figure(sweep.main).form, NO_FIGURE), Cell(None, "share", NO_FIGURE)
    return Cell(float(np.median(known)), sweep.figure(sweep.main).form), Cell(float((known > 0).mean()), "share")


def _values(axis: Axis) -> str:
    if len(axis.values) <= FEW:
        return ", ".join(axis.values)
    if axis.numbers is None:
        return f"{', '.join(axis.values[:FEW])} and {len(axis.values) - FEW} more"
    return f"{axis.values[0]} to {axis.values[-1]}"


def rank_correlation(first: Float64s, second: Float64s) -> float | None:
    """Return Spearman's rank correlation, equal values sharing their mean rank; None for fewer than three settings.

    Source: C. Spearman, The Proof and Measurement of Association between Two Things, Am. J. Psychology 15 (1904).
    """
    known = ~(np.isnan(first) | np.isnan(second))
    if known.sum() < 3:  # noqa: PLR2004 - two are always in line
        return None
    x, y = (ranks - ranks.mean() for ranks in mean_ranks(np.stack([first[known], second[known]])))
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / scale if scale > 0 else None

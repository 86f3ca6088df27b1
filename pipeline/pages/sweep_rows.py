"""The rows of a sweep page's tables: the best settings, what choosing them was worth out of sample, what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages.sweep_block import walked
from pipeline.pages.sweep_figures import BY_NAME
from pipeline.pages.sweep_fold import rank_correlation, sample
from pipeline.sweeps.choice import walked_pnl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_data import Swept
    from pipeline.ticks import Float64s

FEW: Final = 12
"""Values, errors and folds up to which a table lists them one by one."""


MOST_RANKED: Final = 200_000
"""Settings up to which all are ranked; of more, a sample of as many."""


ALIKE: Final = ", same execution"
"""Said of what is over the settings that fill orders, and pay, as the chosen one."""

NO_FIGURE: Final = "cannot be computed: no day in this part, too few days, or no variation"


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table: its value, how it is shown, and why it is missing if it is."""

    value: float | None
    form: str
    reason: str = NO_FIGURE


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an axis: as text, and as a number if all the axis has are numbers."""

    text: str
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: of which view, the setting it names, that setting's values, and numbers."""

    view: str
    setting: int | None
    values: tuple[Value, ...]
    cells: tuple[Cell, ...]


def tiles(swept: Swept, choice: Sequence[Row]) -> list[tuple[str, Cell]]:
    """Return the figures that say most of the sweep, of its first view, each with its name; choice as in `verdict`."""
    view, main = swept.views[0], BY_NAME[swept.main]
    known, chosen = swept.known(view, main.name), swept.chosen(view)
    middle = float(np.median(known)) if len(known) else None
    above = float((known > 0).mean()) if len(known) else None
    of = ALIKE if swept.assumptions else ""
    found = [
        ("Settings", Cell(len(swept.settings), "count")),
        (f"Best: {main.label}", Cell(swept.value(view, main.name, chosen), main.form)),
        (f"Median{of}: {main.label}", Cell(middle, main.form)),
        (f"Settings above 0{of} (%)", Cell(above, "share")),
    ]
    if swept.parted:
        name = swept.main.removeprefix("train_")
        test = BY_NAME[f"test_{name}"]
        correlation, _, mine, _, median, _ = choice[0].cells
        found += [
            (f"The best: {test.label}", mine),
            (f"Median{of}: {test.label}", median),
            ("Rank correlation, train and test", correlation),
        ]
    return found


def best_rows(swept: Swept) -> tuple[list[str], list[Row]]:
    """Return the headings and rows of the best setting of each view."""
    names = [one.name for one in swept.figures]
    wanted = ("train_net_pnl", "test_net_pnl", "train_sharpe", "test_sharpe") if swept.parted else ()
    wanted = (*wanted, "net_pnl", "sharpe", "drawdown", "fills", "win_rate", "fees")
    figures = [BY_NAME[name] for name in wanted if name in names]
    rows = []
    for view in swept.views:
        at = swept.chosen(view)
        if at is None:
            continue
        cells = [Cell(swept.value(view, one.name, at), one.form) for one in figures]
        rows.append(Row(view, int(swept.settings[at]), values_of(swept, at), (*cells, *_spread(swept, view))))
    main = BY_NAME[swept.main]
    of = ALIKE if swept.assumptions else ""
    medians = [f"Median of all settings{of}: {main.label}", f"Settings above 0{of} (%)"]
    return [*(one.label for one in figures), *medians], rows


def choice_rows(swept: Swept, figure: str) -> list[Row]:
    """Return, for each view, what choosing by a figure on train was worth on test.

    The cells: rank correlation, the chosen setting on train and test, its place on test, the median and best on test.
    """
    rows = []
    for view in swept.views:
        peers = swept.peers(view)
        ranked = np.flatnonzero(peers)
        ranked = ranked[sample(swept.settings[ranked], MOST_RANKED)]
        train, test = (swept.values(view, f"{part}_{figure}") for part in ("train", "test"))
        at = swept.chosen(view)
        form = BY_NAME[f"test_{figure}"].form
        known, mine = test[peers & ~np.isnan(test)], swept.value(view, f"test_{figure}", at)
        place = None if mine is None else 1 + int((known > mine).sum())
        cells = (
            Cell(
                rank_correlation(train[ranked], test[ranked]),
                "ratio",
                "cannot be computed: too few settings or no variation",
            ),
            Cell(swept.value(view, f"train_{figure}", at), form),
            Cell(mine, form),
            Cell(place, "count"),
            Cell(float(np.median(known)) if len(known) else None, form),
            Cell(float(known.max()) if len(known) else None, form),
        )
        rows.append(Row(view, None if at is None else int(swept.settings[at]), (), cells))
    return rows


def walk_rows(swept: Swept) -> list[Row]:
    """Return, for each view, the settings of a walk forward, what they made in total, and in how many of its parts.

    A part without a market day counts for nothing.
    """
    rows = []
    for view in swept.views:
        folds = swept.folds.get(view, [])
        after = [value for row in folds if (value := walked(row)) is not None]
        chosen = ", ".join(row["setting"] for row in folds)
        cells = (
            Cell(walked_pnl(after), "money", "no market day in any part"),
            Cell(len(after), "count"),
            Cell(sum(value > 0 for value in after), "count"),
        )
        rows += [Row(view, None, (Value(chosen),), cells)] if folds else []
    return rows


def axis_rows(swept: Swept) -> list[tuple[str, str, str]]:
    """Return what was varied: the name, how many values, and which."""
    rows = [(axis.label, f"{len(axis.values):,}", _values(axis)) for axis in swept.axes]
    return rows + [(name, "1", value) for name, value in swept.fixed.items()]


def values_of(swept: Swept, at: int) -> tuple[Value, ...]:
    """Return the value of each axis of one setting, empty where it says nothing to its strategy."""
    found = []
    for axis in swept.axes:
        code = int(axis.codes[at])
        number = None if axis.numbers is None or code < 0 else axis.numbers[code]
        found.append(Value("" if code < 0 else axis.values[code], number))
    return tuple(found)


def top_places(values: Float64s, better: int, count: int) -> list[int]:
    """Return the places of the best settings, the first of equals first."""
    order = np.argsort(-values if better >= 0 else values, kind="stable")
    return [int(at) for at in order[:count] if not np.isnan(values[at])]


def _spread(swept: Swept, view: str) -> tuple[Cell, Cell]:
    known = swept.known(view, swept.main)
    if not len(known):
        return Cell(None, BY_NAME[swept.main].form), Cell(None, "share")
    return Cell(float(np.median(known)), BY_NAME[swept.main].form), Cell(float((known > 0).mean()), "share")


def _values(axis: Axis) -> str:
    if len(axis.values) <= FEW:
        return ", ".join(axis.values)
    if axis.numbers is None:
        return f"{', '.join(axis.values[:FEW])} and {len(axis.values) - FEW} more"
    return f"{axis.values[0]} to {axis.values[-1]}"


def failure_rows(swept: Swept) -> Sequence[Mapping[str, Any]]:
    """Return the errors as they are told, the commonest first, and no more than a table holds."""
    return [
        {"text": one.text, "count": one.count, "where": f"setting {one.setting:,} on {one.security}"}
        for one in swept.failures[:FEW]
    ]

"""A sweep in, what its page says of it out: the verdict in sentences, and the rows of its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.results.report.numbers import FORMS
from pipeline.results.report.sweep_block import walked
from pipeline.results.report.sweep_figures import BY_NAME
from pipeline.results.report.sweep_fold import HELD, rank_correlation, sample
from pipeline.results.sweeps import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.results.report.sweep_axes import Axis
    from pipeline.results.report.sweep_data import Swept
    from pipeline.results.report.sweep_figures import Figure
    from pipeline.ticks import Float64s

FEW: Final = 12
"""Values, errors and folds up to which a table lists them one by one."""

MOST_RANKED: Final = 200_000
"""Settings up to which all are ranked; of more, a sample of as many."""

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


def view_name(view: str) -> str:
    """Return a view as people say it."""
    return "all together" if view == ALL else view


def joined(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def counted(number: int, word: str) -> str:
    """Return a number with its word, in the plural unless it is one."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def shown(figure: Figure, value: float | None) -> str:
    """Return a figure as it stands in a sentence."""
    unit = " AED" if figure.form == "whole_money" else ""
    return f"{FORMS[figure.form](value)}{unit}"


def named(figure: Figure) -> str:
    """Return the name of a figure as it stands in a sentence."""
    name = figure.label.removesuffix(" (AED)")
    return name if name.startswith("Sharpe") else f"{name[0].lower()}{name[1:]}"


def summary(swept: Swept) -> str:
    """Return in a sentence what was swept."""
    told = swept.told
    axes = [axis.label for axis in swept.axes]
    of = f" of {joined(axes)}" if axes else ""
    by = "Sharpe ratio" if told["chosen_by"] == "sharpe" else "net P&L"
    on = f" on {told['train']}" if swept.parted else ""
    many = f"{counted(len(swept.settings), 'setting')}{of} on {counted(swept.securities, 'security')}"
    return f"{many}, the best chosen by {by}{on}."


def verdict(swept: Swept, choice: Sequence[Row]) -> list[str]:
    """Return what is to be made of the best setting: on all securities together, or on the only one.

    choice: what `choice_rows` returns for the figure chosen by, if there is a train and a test.
    """
    view = swept.views[0]
    chosen = swept.chosen(view)
    if chosen is None:
        why = "see what failed below" if swept.failures else f"none has a {named(BY_NAME[swept.main])}"
        return [f"No setting could be chosen: {why}."]
    figure = BY_NAME[swept.main]
    score, known = swept.value(view, figure.name, chosen), swept.known(view, figure.name)
    where = "" if view != ALL else "on all securities together "
    best = (
        f"The best setting, number {swept.settings[chosen]:,}, {where}has a {named(figure)} of {shown(figure, score)}"
    )
    median = shown(figure, float(np.median(known))) if len(known) else NO_FIGURE
    above = f"{int((known > 0).sum()):,} of {counted(len(known), 'setting')}{same_execution(swept)} are above 0"
    told = [f"{best}; the median is {median}, and {above}."]
    if swept.parted:
        told += _after(swept, choice[0])
    elif len(known) > 1:
        told.append(
            f"It was chosen and judged on the same days. The best of {len(known):,} settings is too good, also where "
            "none is any good: what lies between the best and the median may be luck. Choose on one part of the days "
            "and judge on the other: add --train-until DATE, or --walk-forward 4."
        )
    return [*told, *_by_assumption(swept, view)]


def same_execution(swept: Swept) -> str:
    """Return how settings that are counted are limited, as words after them."""
    return f" with the same {joined([axis.label for axis in swept.assumptions])}" if swept.assumptions else ""


def _by_assumption(swept: Swept, view: str) -> list[str]:
    """Say what the best is under each execution model, or under each value of the first switch varied."""
    if not swept.assumptions or len(swept.assumptions[0].values) > FEW:
        return []
    axis, figure = swept.assumptions[0], BY_NAME[swept.main]
    values = swept.values(view, figure.name)
    told = []
    for code, value in enumerate(axis.values):
        own = values[(axis.codes == code) & ~np.isnan(values)]
        told.append(f"{shown(figure, float(own.max())) if len(own) else 'none'} with {axis.label} {value}")
    return [f"How orders fill and what they cost is no choice of a desk. The best {named(figure)} is {joined(told)}."]


def tiles(swept: Swept, choice: Sequence[Row]) -> list[tuple[str, Cell]]:
    """Return the figures that say most of the sweep, of its first view, each with its name; choice as in `verdict`."""
    view, main = swept.views[0], BY_NAME[swept.main]
    known, chosen = swept.known(view, main.name), swept.chosen(view)
    middle = float(np.median(known)) if len(known) else None
    above = float((known > 0).mean()) if len(known) else None
    found = [
        ("Settings", Cell(len(swept.settings), "count")),
        (f"Best: {main.label}", Cell(swept.value(view, main.name, chosen), main.form)),
        (f"Median: {main.label}", Cell(middle, main.form)),
        ("Settings above 0 (%)", Cell(above, "share")),
    ]
    if swept.parted:
        name = swept.main.removeprefix("train_")
        test = BY_NAME[f"test_{name}"]
        correlation, _, mine, _, median, _ = choice[0].cells
        found += [
            (f"The best: {test.label}", mine),
            (f"Median: {test.label}", median),
            ("Rank correlation, train and test", correlation),
        ]
    return found


def correlation_words(value: float | None) -> str:
    """Return what a rank correlation between train and test means."""
    if value is None:
        return "too few settings to tell whether their order held"
    said = next(words for least, words in HELD if value >= least)
    return f"the rank correlation between train and test is {FORMS['ratio'](value)}: {said}"


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
    return [*(one.label for one in figures), f"Median of all settings: {main.label}", "Settings above 0 (%)"], rows


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

    A part without a market day counts for nothing, and a setting chosen on no day at all is not named.
    """
    rows = []
    for view in swept.views:
        folds = swept.folds.get(view, [])
        after = [value for row in folds if (value := walked(row)) is not None]
        chosen = ", ".join(row["setting"] if int(row["train_market_days"]) else "none" for row in folds)
        cells = (
            Cell(sum(after) if after else None, "whole_money", "no market day in any part"),
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


def _after(swept: Swept, row: Row) -> list[str]:
    """Return what came of the choice on the days after."""
    figure = swept.main.removeprefix("train_")
    test = BY_NAME[f"test_{figure}"]
    correlation, _, mine, place, median, _ = row.cells
    after = swept.told["test"]
    if mine.value is None:
        said = f"On the days after, {after}, it has none."
    else:
        known = len(swept.known(row.view, test.name))
        said = (
            f"On the days it was not chosen on, {after}, it has {shown(test, mine.value)}, place {place.value:,} of "
            f"{known:,}; the median there is {shown(test, median.value)}."
        )
    words = correlation_words(correlation.value)
    over = f"Over {counted(int(swept.peers(row.view).sum()), 'setting')}{same_execution(swept)} "
    return [said, f"{over}{words}." if correlation.value is not None else f"There are {words}."]


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

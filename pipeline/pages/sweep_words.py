"""The sentences of a sweep's page: what was swept, and what to make of the best setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.numbers import FORMS, counted
from pipeline.pages.sweep_figures import BY_NAME
from pipeline.pages.sweep_fold import HELD
from pipeline.pages.sweep_rows import FEW, NO_FIGURE
from pipeline.sweeps.choice import ALL, under

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.sweep_data import Swept
    from pipeline.pages.sweep_figures import Figure
    from pipeline.pages.sweep_rows import Row


def view_name(view: str) -> str:
    """Return a view as people say it."""
    return "all together" if view == ALL else view


def joined(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def shown(figure: Figure, value: float | None) -> str:
    """Return a figure as it stands in a sentence."""
    unit = " AED" if figure.form == "money" else ""
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
    model = under(told.get("chosen_under") or {})
    return f"{many}, the best chosen by {by}{on}{f' under {model}' if model else ''}."


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


def correlation_words(value: float | None) -> str:
    """Return what a rank correlation between train and test means."""
    if value is None:
        return "too few settings to tell whether their order held"
    said = next(words for least, words in HELD if value >= least)
    return f"the rank correlation between train and test is {FORMS['ratio'](value)}: {said}"


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

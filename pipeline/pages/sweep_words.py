"""The sentences of a sweep's page: what was sweep, and what to make of the best setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.figure import ANNUALISED_FROM
from pipeline.numbers import FORMS, counted, currency
from pipeline.pages.sweep_tables import FEW, NO_FIGURE
from pipeline.sweeps.choice import under
from pipeline.sweeps.results import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.sweep_figures import SweepFigure
    from pipeline.pages.sweep_reader import RecordedSweep
    from pipeline.pages.sweep_tables import Row


HELD: Final = (
    (0.7, "the order of the settings mostly held"),
    (0.3, "the order of the settings held in part"),
    (-0.3, "the order of the settings did not hold: what was best before says next to nothing about after"),
    (-0.7, "the order of the settings was reversed in part: what was better before tended to be worse after"),
    (-1.0, "the order of the settings was mostly reversed"),
)
"""What a rank correlation from this value on means."""


def view_name(view: str) -> str:
    """Return a view as people say it."""
    return "all together" if view == ALL else view


def joined(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def shown(figure: SweepFigure, value: float | None) -> str:
    """Return a figure as it stands in a sentence."""
    unit = f" {currency()}" if figure.form == "money" else ""
    return f"{FORMS[figure.form](value)}{unit}"


def named(figure: SweepFigure) -> str:
    """Return the name of a figure as it stands in a sentence."""
    name = figure.label.partition(" (")[0]
    return name if name.startswith("Sharpe") else f"{name[0].lower()}{name[1:]}"


def summary(sweep: RecordedSweep) -> str:
    """Return in a sentence what was sweep."""
    manifest = sweep.manifest
    axes = [axis.label for axis in sweep.axes]
    of = f" of {joined(axes)}" if axes else ""
    by = named(sweep.figure(sweep.objective))
    on = f" on {manifest['train']}" if sweep.parted else ""
    many = f"{counted(len(sweep.settings), 'setting')}{of} on {counted(sweep.securities, 'security')}"
    model = under(manifest.get("chosen_under") or {})
    return f"{many}, the best chosen by {by}{on}{f' under {model}' if model else ''}."


def verdict(sweep: RecordedSweep, choice: Sequence[Row]) -> list[str]:
    """Return what is to be made of the best setting: on all securities together, or on the only one.

    choice: what `choice_rows` returns for the figure chosen by, if there is a train and a test.
    """
    view = sweep.views[0]
    chosen = sweep.chosen(view)
    if chosen is None:
        why = "see what failed below" if sweep.failures else f"none has a {named(sweep.figure(sweep.main))}"
        return [f"No setting could be chosen: {why}."]
    figure = sweep.figure(sweep.main)
    score, known = sweep.value(view, figure.name, chosen), sweep.known(view, figure.name)
    if (view, figure.part) in sweep.few_days and figure.annualised:
        best = f"The best setting, number {sweep.settings[chosen]:,}, was chosen by too few days to say more."
        return [f"{best} {ANNUALISED_FROM}"]
    where = "" if view != ALL else "on all securities together "
    best = (
        f"The best setting, number {sweep.settings[chosen]:,}, {where}has a {named(figure)} of {shown(figure, score)}"
    )
    median = shown(figure, float(np.median(known))) if len(known) else NO_FIGURE
    above = f"{int((known > 0).sum()):,} of {counted(len(known), 'setting')}{same_execution(sweep)} are above 0"
    sentences = [f"{best}; the median is {median}, and {above}."]
    if sweep.parted:
        sentences += _after(sweep, choice[0])
    elif len(known) > 1:
        sentences.append(
            f"It was chosen and judged on the same days. The best of {len(known):,} settings flatters, even where none "
            "is any good: what lies between the best and the median may be luck. Choose on one part of the days and "
            "judge on the other: add --train-until DATE, or --walk-forward 4."
        )
    return [*sentences, *_by_assumption(sweep, view)]


def same_execution(sweep: RecordedSweep) -> str:
    """Return how settings that are counted are limited, as words after them."""
    return f" with the same {joined([axis.label for axis in sweep.assumptions])}" if sweep.assumptions else ""


def _by_assumption(sweep: RecordedSweep, view: str) -> list[str]:
    """Say what the best is under each execution model, or under each value of the first switch varied."""
    if not sweep.assumptions or len(sweep.assumptions[0].values) > FEW:
        return []
    axis, figure = sweep.assumptions[0], sweep.figure(sweep.main)
    values = sweep.values(view, figure.name)
    bests = []
    for code, value in enumerate(axis.values):
        own = values[(axis.codes == code) & ~np.isnan(values)]
        bests.append(f"{shown(figure, figure.best(own)) if len(own) else 'none'} with {axis.label} {value}")
    return [
        f"How orders fill and what they cost is not the desk's to choose. The best {named(figure)} is {joined(bests)}."
    ]


def correlation_sentence(sweep: RecordedSweep, row: Row) -> str:
    """Return what the rank correlation between train and test of a row of `choice_rows` means."""
    correlation = row.cells[0].value
    if correlation is None:
        return "there are too few settings to tell whether their order held."
    return (
        f"over {counted(int(sweep.peers(row.view).sum()), 'setting')}{same_execution(sweep)} the rank correlation "
        f"between train and test is {FORMS['ratio'](correlation)}: {order_in_words(correlation)}."
    )


def order_in_words(correlation: float) -> str:
    """Return what a rank correlation means."""
    return next((meaning for least, meaning in HELD if correlation >= least), HELD[-1][1])


def _after(sweep: RecordedSweep, row: Row) -> list[str]:
    """Return what came of the choice on the days after."""
    test = sweep.figure(f"test_{sweep.main.removeprefix('train_')}")
    _, _, chosen, rank, median, _ = row.cells
    after = sweep.manifest["test"]
    if chosen.value is None:
        outcome = f"On the days after, {after}, it has none."
    else:
        known = len(sweep.known(row.view, test.name))
        outcome = (
            f"On the days it was not chosen on, {after}, it has {shown(test, chosen.value)}, rank {rank.value:,} of "
            f"{known:,}; the median there is {shown(test, median.value)}."
        )
    order = correlation_sentence(sweep, row)
    return [outcome, f"{order[0].upper()}{order[1:]}"]

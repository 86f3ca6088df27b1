"""The settings that a sweep's page carries, for sweep.js to draw: which of them, and what of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.numbers import FORMS, currency
from pipeline.pages.curves import packed_columns
from pipeline.pages.sweep_reader import part_pnl
from pipeline.pages.sweep_words import correlation_sentence, view_name
from pipeline.sweeps.trials import even_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_reader import RecordedSweep
    from pipeline.pages.sweep_tables import Row
    from pipeline.ticks import Int64s

MOST_SETTINGS: Final = 3_000
BYTES: Final = 3_500_000
"""What a page's settings take at most."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The settings of a page, as places in the sweep: first an even sample of all, then the best of the others."""

    places: Int64s
    sampled: int
    best: int = 0


def select(sweep: RecordedSweep) -> Selection:
    """Return the settings a page carries.

    All, if a page has room for them. Of more, an even sample makes half of the page, and the best by the figure chosen
    by, of the first view, make the other half, with the setting chosen for each view.
    """
    count = len(sweep.settings)
    most = min(MOST_SETTINGS, BYTES // _bytes_a_setting(sweep))
    if count <= most:
        return Selection(np.arange(count), count)
    evenly = even_sample(sweep.settings, most // 2)
    best = top_places(sweep.values(sweep.views[0], sweep.main), sweep.figure(sweep.main).better, most - most // 2)
    chosen = [place for view in sweep.views if (place := sweep.chosen(view)) is not None]
    others = np.setdiff1d(np.array([*best, *chosen], np.int64), evenly)
    return Selection(np.concatenate([evenly, others]), len(evenly), len(best))


def top_places(values: Any, better: int, count: int) -> list[int]:
    """Return the places of the best settings, the first of equals first; better: -1 where low is good."""
    order = np.argsort(-values if better >= 0 else values, kind="stable")
    return [int(place) for place in order[:count] if not np.isnan(values[place])]


def page_data(sweep: RecordedSweep, selection: Selection, choice: Sequence[Row]) -> dict[str, Any]:
    """Return what sweep.js draws from; choice: the rows of `choice_rows`."""
    sentences = {row.view: correlation_sentence(sweep, row) for row in choice}
    places = selection.places
    place_of = {place: number for number, place in enumerate(places.tolist())}
    return {
        "sampled": selection.sampled,
        "total": len(sweep.settings),
        "pack": packed_columns(_columns(sweep, places)),
        "axes": [_axis(axis, places) for axis in sweep.axes],
        "figures": [
            {"name": figure.name, "label": figure.label, "form": figure.form, "better": figure.better}
            | {"signed": figure.is_signed}
            for figure in sweep.figures
        ],
        "forms": {name: {"digits": form.digits, "factor": form.factor} for name, form in FORMS.items()},
        "views": [
            {
                "name": view,
                "label": view_name(view),
                "chosen": place_of.get(sweep.chosen(view), -1),
                "walk": [
                    [f"{row['test_from']} to {row['test_to']}", int(row["setting"]), part_pnl(row)]
                    for row in sweep.folds.get(view, ())
                ],
                "choice": sentences.get(view, ""),
                "equity": sweep.equity.get(view),
            }
            for view in sweep.views
        ],
        "testFrom": sweep.manifest["test"].partition(" ")[0] if sweep.parted else None,
        "start": _start(sweep),
        "currency": currency(),
    }


def _start(sweep: RecordedSweep) -> dict[str, Any]:
    """Return what a page shows at first: the axes with the most values, under the execution of the chosen setting."""
    view = sweep.views[0]
    chosen = sweep.chosen(view)
    applying = [axis for axis in sweep.axes if chosen is None or axis.codes[chosen] >= 0]
    ordered = sorted(applying, key=lambda axis: (axis in sweep.assumptions, axis.numbers is None, -len(axis.values)))
    across, up = (*[axis.name for axis in ordered[:2]], None, None)[:2]
    fixed = {
        axis.name: int(axis.cell_codes[chosen])
        for axis in sweep.assumptions
        if chosen is not None and axis.name not in (across, up) and axis.codes[chosen] >= 0
    }
    figure = (
        sweep.main
        if sweep.figure(sweep.main) in sweep.figures
        else next(iter(sweep.figures), sweep.figure("net_pnl")).name
    )
    return {"view": view, "figure": figure, "across": across, "up": up, "fold": "best", "held": fixed}


def _bytes_a_setting(sweep: RecordedSweep) -> int:
    """Return what a setting takes at most, in base64."""
    figures = sum(8 if "money" in figure.form else 4 for figure in sweep.figures)
    return (len(sweep.views) * figures + 2 * len(sweep.axes) + 4) * 4 // 3


def _columns(sweep: RecordedSweep, places: Int64s) -> dict[str, tuple[Any, int]]:
    """Return the settings' numbers, the place of each one's value on each axis, and its figures by view."""
    columns: dict[str, tuple[Any, int]] = {"setting": (sweep.settings[places], 0)}
    for at, axis in enumerate(sweep.axes):
        codes = axis.codes[places]
        columns[f"axis {at}"] = (np.where(codes < 0, np.nan, np.searchsorted(_used(axis, places), codes)), 0)
    for view in sweep.views:
        for figure in sweep.figures:
            if (view, figure.name) in sweep.columns:
                values = sweep.values(view, figure.name)[places]
                columns[f"{view}\n{figure.name}"] = (values, figure.digits(values))
    return columns


def _used(axis: Axis, places: Int64s) -> Any:
    codes = axis.codes[places]
    return np.unique(codes[codes >= 0])


def _axis(axis: Axis, places: Int64s) -> dict[str, Any]:
    """Return an axis with the values that settings of the page have."""
    used = _used(axis, places)
    return {
        "name": axis.name,
        "label": axis.label,
        "values": [axis.values[code] for code in used.tolist()],
        "numbers": None if axis.numbers is None else [axis.numbers[code] for code in used.tolist()],
        "cells": list(axis.cells),
        "cellOf": axis.cell_of[used].tolist(),
        "binned": axis.binned,
    }

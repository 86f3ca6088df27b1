"""The data that a sweep's page computes with, limited to a number of bytes: every setting, or a sample and maps.

A sweep that fits is in the page whole. Of one that does not, the page has a sample of settings, the best of each
security, and maps over pairs of axes that were computed from all settings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages.sweep_figures import BY_NAME
from pipeline.pages.sweep_fold import (
    FOLDS,
    HELD,
    axis_of,
    inside,
    map_of,
    packed,
    rounded,
    sample,
    unpacked,
)
from pipeline.pages.sweep_maps import maps_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_data import Swept
    from pipeline.pages.sweep_figures import Figure
    from pipeline.pages.sweep_fold import Choice
    from pipeline.ticks import Float64s, Int64s

BYTES: Final = 800_000
"""What a page's settings may take: what can be looked through, not all there is room for."""

LEAST_FIGURES: Final = 4
MOST_WHOLE: Final = 20_000
SAMPLE: Final = 1_000
TOP: Final = 20


@dataclass(frozen=True, slots=True)
class Block:
    """What a page holds of a sweep. content: as sweep.js reads it; at: the places of its settings, in order.

    sampled: how many of them, from the first on, are the sample; the rest are the best of the others. figures: those
    the page has; missing: the views whose maps did not fit.
    """

    content: Mapping[str, Any]
    at: Int64s
    sampled: int
    whole: bool
    figures: tuple[Figure, ...]
    start: Choice
    missing: tuple[str, ...] = ()


def block_of(swept: Swept, start: Choice, size: int = BYTES) -> Block:
    """Return what fits into `size` bytes: figures are given up before settings are."""
    figures = swept.figures
    every = np.arange(len(swept.settings))
    if len(every) <= MOST_WHOLE:
        for count in range(len(figures), LEAST_FIGURES - 1, -1):
            kept = _with_main(figures[:count], swept)
            if _bytes_of(swept, kept, len(every)) <= size:
                return Block(_content(swept, kept, every, len(every), start), every, len(every), True, kept, start)
    kept = _with_main(figures[:LEAST_FIGURES], swept)
    at, sampled = _sample(swept, min(SAMPLE, int(SAMPLE * size * 0.45 / _bytes_of(swept, kept, SAMPLE)) or 1))
    maps, missing = maps_of(swept, kept, start, size // 2)
    start = replace(start, held=dict([one for one in start.held.items() if one in maps["holds"]][:1]))
    content = _content(swept, kept, at, sampled, start) | {"maps": maps}
    return Block(content, at, sampled, False, kept, start, missing)


def _with_main(figures: Sequence[Figure], swept: Swept) -> tuple[Figure, ...]:
    needed = (swept.main, swept.main.replace("train_", "test_"))
    return tuple(one for one in swept.figures if one in figures or one.name in needed)


def _bytes_of(swept: Swept, figures: Sequence[Figure], settings: int) -> int:
    """Estimate what settings take: the widest that a figure needs, in base64."""
    widths = [4 if one.form in ("money", "whole_money") else 3 if one.form == "count" else 2 for one in figures]
    each = len(swept.views) * sum(widths) + 2 * len(swept.axes) + 4
    return settings * each * 4 // 3


def _sample(swept: Swept, count: int) -> tuple[Int64s, int]:
    """Return a sample of settings, then the best of all and of each view that are not in it, and the sample's size."""
    evenly = sample(swept.settings, count)
    values = -swept.values(swept.views[0], swept.main)
    known = int((~np.isnan(values)).sum())
    top = np.argpartition(values, min(TOP, known - 1))[: min(TOP, known)].tolist() if known else []
    chosen = [at for view in swept.views if (at := swept.chosen(view)) is not None]
    others = np.setdiff1d(np.array([*top, *chosen], np.int64), evenly)
    return np.concatenate([evenly, others]), len(evenly)


def _content(swept: Swept, figures: Sequence[Figure], at: Int64s, sampled: int, start: Choice) -> dict[str, Any]:
    place = {int(setting): number for number, setting in enumerate(at.tolist())}
    return {
        "total": len(swept.settings),
        "sampled": sampled,
        "numbers": packed(swept.settings[at]),
        "axes": [_axis(axis, at) for axis in swept.axes],
        "figures": [
            {"name": one.name, "label": one.label, "form": one.form, "better": one.better, "signed": one.is_signed}
            for one in figures
        ],
        "views": [
            {
                "name": view,
                "chosen": -1 if (chosen := swept.chosen(view)) is None else place[chosen],
                "columns": {
                    one.name: packed(swept.values(view, one.name)[at], one.digits)
                    for one in figures
                    if (view, one.name) in swept.columns
                },
                "walk": [
                    [f"{row['test_from']} to {row['test_to']}", int(row["setting"]), walked(row)]
                    for row in swept.folds.get(view, ())
                ],
            }
            for view in swept.views
        ],
        "maps": None,
        "held": [list(one) for one in HELD],
        "start": {
            "view": start.view,
            "figure": start.figure,
            "across": start.across,
            "up": start.up,
            "fold": start.fold,
            "held": dict(start.held),
        },
    }


def _axis(axis: Axis, at: Int64s) -> dict[str, Any]:
    """Return an axis with the values that settings of the page have."""
    codes = axis.codes[at]
    used = np.unique(codes[codes >= 0])
    return {
        "name": axis.name,
        "label": axis.label,
        "values": [axis.values[code] for code in used.tolist()],
        "numbers": [axis.numbers[code] for code in used.tolist()] if axis.binned and axis.numbers else None,
        "codes": packed(np.where(codes < 0, np.nan, np.searchsorted(used, codes))),
        "cells": list(axis.cells),
        "cellOf": axis.cell_of[used].tolist() if axis.binned or len(used) < len(axis.values) else None,
    }


def walked(row: Mapping[str, str]) -> float | None:
    """Return what a part of a walk forward earned after choosing, AED; None where it has no market day."""
    return float(row["test_net_pnl"]) if row["test_net_pnl"] else None


def map_on_page(swept: Swept, block: Block, choice: Choice) -> Float64s:
    """Return the map of a choice as the page holds it, a row a cell of the axis going up."""
    figure = BY_NAME[choice.figure]
    if block.whole:
        return map_of(swept, choice, rounded(swept.values(choice.view, figure.name), figure.digits), figure)
    maps = block.content["maps"]
    across, up = axis_of(swept, choice.across), axis_of(swept, choice.up)
    sizes = [len(axis_of(swept, one).cells) * len(axis_of(swept, other).cells) for one, other in maps["pairs"]]
    pair = maps["pairs"].index([across.name, up.name])
    held = next(iter(choice.held.items()), None)
    hold = maps["holds"].index(held) if held in maps["holds"] else 0
    start = sum(sizes[:pair]) * len(FOLDS) * len(maps["holds"])
    start += (hold * len(FOLDS) + FOLDS.index(choice.fold)) * sizes[pair]
    found = unpacked(maps["columns"][choice.view][figure.name])[start : start + sizes[pair]]
    return found.reshape(len(up.cells), len(across.cells))


def held(swept: Swept, block: Block, view: str, figure: Figure) -> Float64s:
    """Return a figure of the settings on the page, as the page holds it."""
    return rounded(swept.values(view, figure.name)[block.at], figure.digits)


def chosen_place(swept: Swept, block: Block, choice: Choice) -> Int64s:
    """Return the place, among the page's settings, of the one chosen for a view; empty if it is not what is held."""
    at = np.flatnonzero(block.at == swept.chosen(choice.view))
    found: Int64s = at[inside(swept, choice.held)[block.at[at]]]
    return found


def drawn(swept: Swept, block: Block, choice: Choice, most: int) -> Any:
    """Return the places, among the page's settings, of those a chart draws: what is held, a sample if too many."""
    some = np.flatnonzero(inside(swept, choice.held)[block.at[: block.sampled]])
    return some[sample(swept.settings[block.at[some]], most)]

"""Parallel-coordinates chart of a sweep's settings: lines from axis to axis and on to their figures, in Plotly.

The axes lie one below the other, which leaves room for long names and suits narrow screens, and are drawn as plain
lines, which print and need no WebGL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.numbers import FORMS
from pipeline.pages.page import chart_text
from pipeline.pages.sweep_block import chosen_place, drawn, held
from pipeline.pages.sweep_figures import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.sweep_axes import Axis
    from pipeline.pages.sweep_block import Block
    from pipeline.pages.sweep_data import Swept
    from pipeline.pages.sweep_figures import Figure
    from pipeline.pages.sweep_fold import Choice
    from pipeline.ticks import Float64s

MOST_LINES: Final = 400
LANE: Final = 62
"""Pixels of height that an axis takes."""

MOST_TICKS: Final = 12
GROUPS: Final = {
    "lowest": "lowest fifth",
    "low": "second fifth",
    "middle": "middle fifth",
    "high": "fourth fifth",
    "highest": "highest fifth",
}
"""The colours of style.css, and what their lines are."""


def parallel(swept: Swept, block: Block, start: Choice) -> dict[str, Any]:
    """Return the settings as lines from axis to axis, one below the other, in five groups by the figure chosen."""
    figure = BY_NAME[start.figure]
    mine = chosen_place(swept, block, start)
    some = np.union1d(drawn(swept, block, start, MOST_LINES), mine)
    lanes = [(axis.label, *_along(axis, block)) for axis in swept.axes]
    ends = lanes_of(block.figures, figure)
    lanes += [(one.label, *_placed(held(swept, block, start.view, one), one, some)) for one in ends]
    values = held(swept, block, start.view, figure)
    groups = grouped(values[some])
    data: list[dict[str, Any]] = []
    for group, (colour, name) in enumerate(GROUPS.items()):
        lines = _lines([lane[1][some[groups == group]] for lane in lanes])
        data.append({**lines, "name": name, "line": {"color": f"$lines-{colour}", "width": 1}})
    lines = _lines([lane[1][mine] for lane in lanes])
    data.append({**lines, "name": "chosen", "line": {"color": "$text", "width": 3}})
    layout = {
        "height": LANE * len(lanes) + 60,
        "xaxis": {"visible": False, "range": [-0.01, 1.01], "fixedrange": True},
        "yaxis": {"visible": False, "range": [len(lanes) - 0.4, -0.7], "fixedrange": True},
        "hovermode": "closest",
        "margin": {"l": 14, "r": 14, "t": 8, "b": 8},
        "shapes": [
            {
                "type": "line",
                "x0": 0,
                "x1": 1,
                "y0": at,
                "y1": at,
                "line": {"color": "$line", "width": 1},
                "layer": "below",
            }
            for at in range(len(lanes))
        ],
        "annotations": [note for at, lane in enumerate(lanes) for note in _notes(at, lane[0], lane[2])],
    }
    return {"data": data, "layout": layout}


def lanes_of(figures: Sequence[Figure], first: Figure) -> list[Figure]:
    """Return the figures that lines end in: what is coloured by, and the next that tell something else."""
    names = [one.name for one in figures]
    told = ("test_net_pnl", "train_net_pnl") if "test_net_pnl" in names else ("net_pnl", "sharpe", "drawdown")
    wanted = [first.name, *told, "fills"]
    return [BY_NAME[name] for name in dict.fromkeys(wanted) if name in names][:4]


def grouped(values: Float64s) -> Any:
    """Return the fifth each value is in, 0 the lowest, -1 where it cannot be computed."""
    order = np.argsort(values, kind="stable")
    known = int((~np.isnan(values)).sum())
    groups = np.full(len(values), -1)
    groups[order[:known]] = np.arange(known) * len(GROUPS) // max(known, 1)
    return groups


def _along(axis: Axis, block: Block) -> tuple[Float64s, list[tuple[float, str]]]:
    """Return where settings stand on an axis, 0 to 1, NaN for nowhere, and its ticks."""
    codes = axis.codes[block.at]
    used = np.unique(codes[codes >= 0])
    places = np.arange(len(used)) / max(1, len(used) - 1) if len(used) > 1 else np.full(len(used), 0.5)
    if axis.binned and axis.numbers is not None:
        numbers = np.array(axis.numbers)[used]
        places = (numbers - numbers[0]) / ((numbers[-1] - numbers[0]) or 1.0)
    where = np.full(len(codes), np.nan)
    where[codes >= 0] = places[np.searchsorted(used, codes[codes >= 0])]
    ticks = [(float(place), axis.values[code]) for place, code in zip(places, used.tolist(), strict=True)]
    return where, ticks if len(ticks) <= MOST_TICKS else [ticks[0], ticks[-1]]


def _placed(values: Float64s, figure: Figure, drawn: Any) -> tuple[Float64s, list[tuple[float, str]]]:
    """Return where settings stand between the worst and the best of those drawn, and these two as ticks."""
    known = values[drawn][~np.isnan(values[drawn])]
    if not len(known):
        return np.full(len(values), np.nan), []
    low, high = float(known.min()), float(known.max())
    if figure.better < 0:
        low, high = high, low
    return (values - low) / ((high - low) or 1.0), [(0.0, FORMS[figure.form](low)), (1.0, FORMS[figure.form](high))]


def _lines(lanes: Sequence[Float64s]) -> dict[str, Any]:
    """Return one trace of many lines, parted by gaps."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for setting in zip(*(lane.tolist() for lane in lanes), strict=True):
        for at, x in enumerate(setting):
            if x == x:  # noqa: PLR0124 - a lane that says nothing to the setting's strategy is passed by
                xs.append(round(x, 4))
                ys.append(at)
        xs.append(None)
        ys.append(None)
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "connectgaps": False, "hoverinfo": "skip"}


def _notes(at: int, label: str, ticks: Sequence[tuple[float, str]]) -> list[dict[str, Any]]:
    shape = {"showarrow": False, "bgcolor": "$card", "borderpad": 1}
    small = {**shape, "font": {"size": 11, "color": "$quiet"}}
    title = {**shape, "x": 0, "y": at - 0.12, "xanchor": "left", "yanchor": "bottom"}
    named = [{**title, "text": f"<b>{chart_text(label)}</b>", "font": {"size": 12, "color": "$text"}}]
    for place, text in ticks:
        anchor = "left" if place == 0 else "right" if place == 1 else "center"
        named.append(
            {"x": place, "y": at + 0.05, "xanchor": anchor, "yanchor": "top", "text": chart_text(text), **small}
        )
    return named

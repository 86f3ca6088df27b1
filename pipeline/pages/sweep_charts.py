"""The Plotly charts of a sweep's page as it shows them at first; sweep.js fills the same figures with other choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages.page import chart_text
from pipeline.pages.sweep_block import chosen_place, drawn, held, map_on_page, walked
from pipeline.pages.sweep_figures import BY_NAME
from pipeline.pages.sweep_fold import axis_of
from pipeline.pages.sweep_parallel import parallel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.sweep_block import Block
    from pipeline.pages.sweep_data import Swept
    from pipeline.pages.sweep_figures import Figure
    from pipeline.pages.sweep_fold import Choice
    from pipeline.ticks import Float64s

BARS: Final = 30
MOST_POINTS: Final = 2_000
FORMATS: Final = {"money": ",.0f", "whole_money": ",.0f", "count": ",.0f", "ratio": ".2f", "share": ".1%"}
ROOM: Final = {"automargin": True}
TITLES: Final = {
    "map": "Map over two axes",
    "spread": "How settings are spread",
    "choice": "Each setting on train and on test",
    "walk": "Net P&L of each part after choosing (AED)",
    "parallel": "Every setting as a line through its values and figures",
}
"""The charts of a sweep in the order they are shown, with their titles."""

HEIGHTS: Final = {"map": 460, "line": 360, "spread": 280, "choice": 420, "walk": 300}
BAR: Final = {
    "orientation": "h",
    "y": 1,
    "yanchor": "bottom",
    "ypad": 2,
    "thickness": 10,
    "outlinewidth": 0,
    "nticks": 5,
    "tickangle": 0,
}
STAR: Final = {
    "type": "scatter",
    "mode": "markers",
    "marker": {"symbol": "star", "size": 15, "color": "$card", "line": {"color": "$text", "width": 2}},
    "hoverinfo": "skip",
    "showlegend": False,
}


def sweep_charts(swept: Swept, block: Block) -> dict[str, Any]:
    """Return the charts that there is something to draw in, by name."""
    start = block.start
    charts: dict[str, Any] = {}
    if not block.figures:
        return charts
    if start.across is not None:
        charts["map"] = _line(swept, block, start) if start.up is None else _map(swept, block, start)
    charts["spread"] = _spread(swept, block, start)
    if swept.parted:
        charts["choice"] = _choice(swept, block, start)
    if swept.folds:
        charts["walk"] = _walk(swept, start)
    if start.across is not None:
        charts["parallel"] = parallel(swept, block, start)
    return {name: charts[name] for name in TITLES if name in charts}


def colours(values: Float64s, figure: Figure) -> dict[str, Any]:
    """Return how a map is coloured: from loss to profit where there are both, else from one end to the other."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if figure.is_signed and low < 0 < high:
        most = max(-low, high)
        return {
            "colorscale": [[0, "$map-bad"], [0.5, "$map-middle"], [1, "$map-good"]],
            "zmin": -most,
            "zmax": most,
        }
    end = "$map-bad" if figure.better < 0 or (figure.is_signed and high <= 0) else "$map-good"
    scale = [[0, end], [1, "$map-middle"]] if figure.is_signed and high <= 0 else [[0, "$map-middle"], [1, end]]
    return {"colorscale": scale, "zmin": low, "zmax": high}


def _map(swept: Swept, block: Block, start: Choice) -> dict[str, Any]:
    figure = BY_NAME[start.figure]
    across, up = axis_of(swept, start.across), axis_of(swept, start.up)
    values = map_on_page(swept, block, start)
    chosen = block.at[chosen_place(swept, block, start)]
    marked = list(zip(across.cell_codes[chosen].tolist(), up.cell_codes[chosen].tolist(), strict=True))
    heat = {
        "type": "heatmap",
        "x": _texts(across.cells),
        "y": _texts(up.cells),
        "z": [numbers_or_none(row) for row in values],
        **colours(values, figure),
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "colorbar": {**BAR, "tickformat": FORMATS[figure.form]},
    }
    cells = {"type": "category", "showgrid": False, **ROOM}
    layout = {
        "height": HEIGHTS["map"],
        "xaxis": {**cells, "title": {"text": chart_text(across.label)}},
        "yaxis": {**cells, "title": {"text": chart_text(up.label), "standoff": 8}},
        "margin": {"t": 4},
        "shapes": [outline(column, row) for column, row in marked if min(column, row) >= 0],
    }
    return {"data": [heat], "layout": layout}


def outline(column: int, row: int) -> dict[str, Any]:
    """Return the frame around one cell of a map."""
    ends = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    return {"type": "rect", **ends, "line": {"color": "$text", "width": 3}}


def _line(swept: Swept, block: Block, start: Choice) -> dict[str, Any]:
    """Return the figure along the only axis: a line over numbers, bars over choices."""
    figure, axis = BY_NAME[start.figure], axis_of(swept, start.across)
    along = axis.numbers or [chart_text(value) for value in axis.values]
    values, codes = held(swept, block, start.view, figure), axis.codes[block.at]
    order = np.argsort(codes, kind="stable")
    kind: dict[str, Any] = {"type": "bar", "marker": {"color": "$equity"}}
    if axis.numbers:
        kind = {"type": "scatter", "mode": "lines+markers", "line": {"color": "$equity"}, "marker": {"size": 6}}
    at = chosen_place(swept, block, start)
    star = {
        **STAR,
        "x": [along[code] for code in codes[at].tolist()],
        "y": numbers_or_none(values[at]),
    }
    layout = {
        "height": HEIGHTS["line"],
        "xaxis": {"type": "linear" if axis.numbers else "category", "title": {"text": chart_text(axis.label)}, **ROOM},
        "yaxis": {"title": {"text": figure.label, "standoff": 8}, "tickformat": FORMATS[figure.form], **ROOM},
        "showlegend": False,
    }
    line = {**kind, "x": [along[code] for code in codes[order].tolist()], "y": numbers_or_none(values[order])}
    return {"data": [line, star], "layout": layout}


def _spread(swept: Swept, block: Block, start: Choice) -> dict[str, Any]:
    figure = BY_NAME[start.figure]
    every = held(swept, block, start.view, figure)
    values = every[drawn(swept, block, start, block.sampled)]
    middles, counts, width = bars(values)
    data = [{"type": "bar", "x": middles, "y": counts, "width": width, "marker": {"color": "$faint"}}]
    layout: dict[str, Any] = {
        "height": HEIGHTS["spread"],
        "xaxis": {"title": {"text": figure.label}, "tickformat": FORMATS[figure.form]},
        "yaxis": {"title": {"text": "settings", "standoff": 8}, **ROOM},
        "bargap": 0.05,
        "margin": {"t": 40},
        "showlegend": False,
        **marks(values, every[chosen_place(swept, block, start)]),
    }
    return {"data": data, "layout": layout}


def bars(values: Float64s) -> tuple[list[float], list[int], float]:
    """Return the middles, counts and width of bars of equal width over all values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return [], [], 1.0
    low, high = float(known.min()), float(known.max())
    width = (high - low) / BARS or 1.0
    places = np.minimum(np.floor((known - low) / width), BARS - 1).astype(np.int64)
    counts = np.bincount(places, minlength=BARS)
    return [low + (at + 0.5) * width for at in range(BARS)], counts.tolist(), width


def marks(values: Float64s, chosen: Float64s) -> dict[str, Any]:
    """Return the lines of the median and of the chosen setting, each with its name above."""
    known = values[~np.isnan(values)]
    told = [("median", float(np.median(known)), "$price", 0.0)] if len(known) else []
    told += [("chosen", value, "$accent", 1.0) for value in chosen[~np.isnan(chosen)].tolist()]
    shapes = [
        {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": colour, "width": 2}}
        for _, x, colour, _ in told
    ]
    above = {"yref": "paper", "yanchor": "bottom", "showarrow": False}
    texts = [
        {**above, "x": x, "y": 1 + 0.12 * up, "text": name, "font": {"color": colour}} for name, x, colour, up in told
    ]
    return {"shapes": shapes, "annotations": texts}


def _choice(swept: Swept, block: Block, start: Choice) -> dict[str, Any]:
    by_sharpe = "sharpe" in start.figure and BY_NAME["test_sharpe"] in block.figures
    train, test = (BY_NAME[f"{part}_{'sharpe' if by_sharpe else 'net_pnl'}"] for part in ("train", "test"))
    some = drawn(swept, block, start, MOST_POINTS)
    x, y = (held(swept, block, start.view, figure) for figure in (train, test))
    mine = chosen_place(swept, block, start)
    points = {"type": "scatter", "mode": "markers", "marker": {"size": 6, "color": "$equity", "opacity": 0.45}}
    star = {"symbol": "star", "size": 16, "color": "$map-good", "line": {"color": "$text", "width": 1.5}}
    data = [
        {**points, "x": numbers_or_none(x[some]), "y": numbers_or_none(y[some]), "name": "setting"},
        {
            "type": "scatter",
            "mode": "markers",
            "x": numbers_or_none(x[mine]),
            "y": numbers_or_none(y[mine]),
            "marker": star,
            "name": "chosen on train",
        },
    ]
    axis = {"zeroline": True, "zerolinewidth": 1.5, **ROOM}
    layout = {
        "height": HEIGHTS["choice"],
        "xaxis": {"title": {"text": train.label}, "tickformat": FORMATS[train.form], **axis},
        "yaxis": {"title": {"text": test.label, "standoff": 8}, "tickformat": FORMATS[test.form], **axis},
    }
    return {"data": data, "layout": layout}


def _walk(swept: Swept, start: Choice) -> dict[str, Any]:
    rows = swept.folds.get(start.view, [])
    values = [walked(row) for row in rows]
    bar = {
        "type": "bar",
        "x": [row["test_from"] for row in rows],
        "y": values,
        "text": [f"setting {row['setting']}" for row in rows],
        "textposition": "auto",
        "marker": {"color": ["$map-bad" if (value or 0) < 0 else "$map-good" for value in values]},
    }
    layout = {
        "height": HEIGHTS["walk"],
        "xaxis": {"type": "category", "title": {"text": "first day of the part"}, **ROOM},
        "yaxis": {"tickformat": ",.0f", **ROOM},
        "showlegend": False,
    }
    return {"data": [bar], "layout": layout}


def numbers_or_none(values: Any) -> list[float | None]:
    """Return numbers as JSON has them."""
    return [None if value != value else value for value in np.asarray(values).tolist()]  # noqa: PLR0124 - NaN


def _texts(texts: Sequence[str]) -> list[str]:
    return [chart_text(text) for text in texts]

"""Draws results in a notebook as Plotly figures; the only file that imports plotly."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.numbers import currency
from pipeline.spark import extremes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_POINTS: Final = 1_000
LAYOUT: Final = {"template": "plotly_white", "margin": {"l": 70, "r": 20, "t": 50, "b": 50}}


def equity_chart(title: str, clock: Any, curves: Mapping[str, Any], clock_name: str) -> Any:
    """Return lines of equity over time, and below them the drawdown of the last, as a Plotly figure.

    Args:
        title: What stands above it.
        clock: Times, shape (n,).
        curves: money by name, each of shape (n,). Of many points the lowest and highest of each stretch of the last are
            drawn.
        clock_name: Whose clock the times are on.
    """
    *_, total = curves.values()
    places = extremes([total], MOST_POINTS)
    x = clock[places]
    drawdown = total - np.maximum(np.maximum.accumulate(total), 0.0) if len(total) else total
    lines = [{"name": name, "y": values[places], "yaxis": "y"} for name, values in curves.items()]
    lines.append({"name": "drawdown", "y": drawdown[places], "yaxis": "y2", "fill": "tozeroy"})
    layout = {
        "title": {"text": title},
        "xaxis": {"title": {"text": clock_name}, "anchor": "y2"},
        "yaxis": {"title": {"text": f"equity, {currency()}"}, "domain": [0.34, 1.0]},
        "yaxis2": {"title": {"text": f"drawdown, {currency()}"}, "domain": [0.0, 0.26]},
        **LAYOUT,
    }
    return _figure([{"type": "scatter", "mode": "lines", "x": x, **line} for line in lines], layout)


def heatmap_chart(title: str, across: tuple[str, Sequence[Any]], up: tuple[str, Sequence[Any]], cells: Any) -> Any:
    """Return a map of numbers over two axes as a Plotly figure.

    Args:
        title: What the numbers are.
        across: Name and values of the axis across.
        up: Those of the axis up.
        cells: The numbers, shape (up, across), NaN where there is none.
    """
    texts = [[str(value) for value in values] for _, values in (across, up)]
    heat = {"type": "heatmap", "x": texts[0], "y": texts[1], "z": cells, "hoverongaps": False, "colorscale": "Blues"}
    axes = {"xaxis": across, "yaxis": up}
    named = {axis: {"type": "category", "title": {"text": label}} for axis, (label, _) in axes.items()}
    return _figure([heat], {"title": {"text": title}, **named, **LAYOUT})


def _figure(data: list[dict[str, Any]], layout: dict[str, Any]) -> Any:
    objects: Any = importlib.import_module("plotly.graph_objects")
    return objects.Figure(data=data, layout=layout)

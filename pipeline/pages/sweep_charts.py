"""The Plotly charts of a sweep's page without their numbers, which sweep.js fills in for what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pipeline.pages.sweep_reader import RecordedSweep

TITLES: Final = {
    "equity": "Equity of the setting chosen and of the median one",
    "map": "Map over two axes",
    "spread": "How settings are spread",
    "choice": "Each setting on train and on test",
    "walk": "Net P&L of each fold after choosing",
}
"""The charts of a sweep in the order they are shown, with their titles."""

OF_AMOUNTS: Final = ("equity", "walk")
"""Those whose titles say the currency."""

ROOM: Final = {"automargin": True}
ZERO: Final = {"zeroline": True, "zerolinewidth": 1.5, **ROOM}
STAR: Final = {"type": "scatter", "mode": "markers", "showlegend": False}


def sweep_charts(sweep: RecordedSweep, start: dict[str, Any]) -> dict[str, Any]:
    """Return the charts that there is something to draw in, by name; start: what is shown at first."""
    charts: dict[str, Any] = {}
    if not sweep.figures:
        return charts
    if sweep.equity:
        charts["equity"] = _equity()
    if start["up"] is not None:
        charts["map"] = _map()
    elif start["across"] is not None:
        charts["map"] = _line(numeric=sweep.axes[0].numbers is not None)
    charts["spread"] = {
        "data": [{"type": "bar", "marker": {"color": "$faint"}}],
        "layout": {
            "height": 280,
            "xaxis": {},
            "yaxis": {"title": {"text": "settings", "standoff": 8}, **ROOM},
            "bargap": 0.05,
            "margin": {"t": 40},
            "showlegend": False,
        },
    }
    if sweep.parted:
        charts["choice"] = _choice()
    if sweep.folds:
        charts["walk"] = {
            "data": [{"type": "bar", "textposition": "auto", "marker": {}}],
            "layout": {
                "height": 300,
                "xaxis": {"type": "category", "title": {"text": "first day of the fold"}, **ROOM},
                "yaxis": {"tickformat": ",.0f", **ROOM},
                "showlegend": False,
            },
        }
    return charts


def _equity() -> dict[str, Any]:
    line = {"type": "scatter", "mode": "lines"}
    return {
        "data": [
            {**line, "name": "chosen", "line": {"color": "$accent", "width": 2}},
            {**line, "name": "median", "line": {"color": "$price", "width": 2}},
        ],
        "layout": {
            "height": 320,
            "xaxis": {"type": "date", **ROOM},
            "yaxis": {"tickformat": ",.0f", **ZERO},
            "margin": {"t": 56},
            "legend": {"y": 1.09},
        },
    }


def _map() -> dict[str, Any]:
    bar = {"orientation": "h", "y": 1, "yanchor": "bottom", "ypad": 2, "thickness": 10, "outlinewidth": 0}
    cells = {"type": "category", "showgrid": False, **ROOM}
    return {
        "data": [
            {
                "type": "heatmap",
                "xgap": 1,
                "ygap": 1,
                "hoverongaps": False,
                "colorbar": {**bar, "nticks": 5, "tickangle": 0},
            }
        ],
        "layout": {
            "height": 460,
            "xaxis": {**cells, "title": {}},
            "yaxis": {**cells, "title": {"standoff": 8}},
            "margin": {"t": 4},
        },
    }


def _line(*, numeric: bool) -> dict[str, Any]:
    """Return the figure along the only axis: a line over numbers, bars over choices."""
    line: dict[str, Any] = {"type": "bar", "marker": {"color": "$equity"}}
    if numeric:
        line = {"type": "scatter", "mode": "lines+markers", "line": {"color": "$equity"}, "marker": {"size": 6}}
    marker = {"symbol": "star", "size": 15, "color": "$card", "line": {"color": "$text", "width": 2}}
    return {
        "data": [line, {**STAR, "marker": marker, "hoverinfo": "skip"}],
        "layout": {
            "height": 360,
            "xaxis": {"type": "linear" if numeric else "category", "title": {}, **ROOM},
            "yaxis": {**ROOM},
            "showlegend": False,
        },
    }


def _choice() -> dict[str, Any]:
    marker = {"symbol": "star", "size": 16, "color": "$map-good", "line": {"color": "$text", "width": 1.5}}
    points = {"color": "$equity", "size": 6, "opacity": 0.45}
    return {
        "data": [
            {"type": "scatter", "mode": "markers", "marker": points, "name": "setting"},
            {**STAR, "marker": marker, "name": "chosen on train", "showlegend": True},
        ],
        "layout": {"height": 420, "xaxis": {**ZERO}, "yaxis": {**ZERO}},
    }

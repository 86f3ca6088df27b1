"""The Plotly charts of a run's days: how they are spread, rolling ratios, exposure, buy and hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.track_record import rolling, spread_of_days
from pipeline.numbers import currency
from pipeline.pages.timelines import MONEY_DIGITS, layout_of_rows

if TYPE_CHECKING:
    from pipeline.metrics.exposure import Exposure
    from pipeline.pages.run_reader import Daily
    from pipeline.pages.time_axis import Clock
    from pipeline.ticks import Float64s, Int64s

RATIO_DIGITS: Final = 3
HEIGHT: Final = 300
BYTES_OF_A_DAY: Final = 120
"""What these charts take of a page for each market day, at most."""


def record_charts(total: Daily, exposure: Exposure, clock: Clock, capital: float | None) -> dict[str, Any]:
    """Return the charts of a run that has market days; capital: its peak capital, money."""
    charts = {"days": _spread(total.net_pnl), "exposure": _exposure(total, exposure, clock)}
    if ratios := rolling(total.days, total.net_pnl):
        about = f"Each point is of the {ratios.window} market days up to it."
        rows = {"y": ("Sharpe ratio", [0.55, 1.0]), "y2": (f"Volatility, {currency()}", [0.0, 0.45])}
        lines = [
            _line("Sharpe ratio", ratios.days, ratios.sharpe, clock, "$equity", "y", RATIO_DIGITS),
            _line("Volatility", ratios.days, ratios.volatility, clock, "$marked", "y2", unit=f" {currency()} a year"),
        ]
        charts["rolling"] = _over_days(lines, rows, clock, total) | {"about": about}
    growth = exposure.growth()
    if growth is not None and capital:
        lines = [
            _line("This run", total.days, np.cumsum(total.net_pnl), clock, "$equity"),
            _line("Buy and hold", total.days, growth * capital, clock, "$marked"),
        ]
        charts["hold"] = _over_days(lines, {"y": (f"Equity, {currency()}", [0.0, 1.0])}, clock, total)
    return charts


def _spread(net_pnl: Float64s) -> dict[str, Any]:
    edges, counts = spread_of_days(net_pnl)
    middles = (edges[:-1] + edges[1:]) / 2
    edges = np.round(edges, MONEY_DIGITS)
    trace = {
        "type": "bar",
        "x": np.round(middles, MONEY_DIGITS).tolist(),
        "y": counts.tolist(),
        "width": float(np.diff(edges).min()) * 0.94,
        "customdata": np.stack([edges[:-1], edges[1:]], axis=1).tolist(),
        "marker": {"color": ["$good" if middle > 0 else "$bad" for middle in middles.tolist()]},
        "hovertemplate": "%{y} days of %{customdata[0]:,.0f} to %{customdata[1]:,.0f} "
        f"{currency()}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": f"Net P&L of the day, {currency()}"}, "nticks": 8},
        "yaxis": {"title": {"text": "Market days"}, "zeroline": True},
    }
    return {"data": [trace], "layout": layout}


def _exposure(total: Daily, exposure: Exposure, clock: Clock) -> dict[str, Any]:
    mean, highest = exposure.by_day()
    lines = [
        _line("Highest", total.days, highest, clock, "$marked", digits=0),
        _line("Mean", total.days, mean, clock, "$position", digits=0),
    ]
    return _over_days(lines, {"y": (f"Open positions, {currency()}", [0.0, 1.0])}, clock, total)


def _line(
    name: str,
    days: Int64s,
    values: Float64s,
    clock: Clock,
    colour: str,
    axis: str = "y",
    digits: int = MONEY_DIGITS,
    unit: str = "",
) -> dict[str, Any]:
    is_money = digits != RATIO_DIGITS
    shown = [None if np.isnan(value) else value for value in (np.round(values, digits) + 0.0).tolist()]
    return {
        "type": "scatter",
        "mode": "lines" if len(days) > 1 else "markers",
        "name": name,
        "x": [clock.middle(day) for day in days.tolist()],
        "y": shown,
        "yaxis": axis,
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour},
        "hovertemplate": f"%{{y:,.2f}}{unit or f' {currency()}'}" if is_money else "%{y:.2f}",
    }


def _over_days(
    lines: list[dict[str, Any]], rows: dict[str, tuple[str, list[float]]], clock: Clock, total: Daily
) -> dict[str, Any]:
    axis = {
        "hoverformat": "%a %d %b %Y",
        "shared": clock.name,
        "anchor": [*rows][-1],
        "range": clock.span(total.days),
        "nticks": 5,
        "tickangle": 0,
    }
    return {"data": lines, "layout": layout_of_rows(rows, HEIGHT) | {"xaxis": axis, "showlegend": True}}

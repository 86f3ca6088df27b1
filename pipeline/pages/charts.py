"""The Plotly charts of a whole run that are not over time: P&L, mark-outs, hours, the assumption check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.numbers import FORMS, currency
from pipeline.pages.page import chart_text
from pipeline.replay.observe import HORIZONS
from pipeline.times import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLES: Final = {
    "portfolio": "Equity, drawdown and P&L by day",
    "assumptions": "Net P&L of the portfolio by execution model",
    "securities": "Net P&L by security",
    "hours": "Net P&L by hour of the fill",
    "weekdays": "Net P&L by weekday",
    "markouts": "Mark-outs by time after the fill, bps of the value traded",
    "days": "Market days by net P&L",
    "rolling": "Rolling Sharpe ratio and volatility, annualised",
    "exposure": "Open positions by day",
    "hold": "Net equity and buy and hold of the peak capital",
}
"""The titles of the charts of the whole run."""

OF_NO_AMOUNT: Final = ("markouts", "rolling")
"""Those that draw no amounts."""

ROW: Final = 22
"""Pixels of height that one bar of a lying bar chart takes."""
MOST_LEFT: Final = 170
RIGHT: Final = 12
NARROWEST: Final = 520
"""Pixels of width from which on page.js draws the amounts beside lying bars."""
FEWEST: Final = 60
"""Pixels left for the bars themselves, however long the amounts."""
MOST_BARS: Final = 60
"""Bars of one chart: of more securities those that gained and lost the most."""

CURVES: Final = 12
"""Securities drawn beside the portfolio in one chart of curves."""


def title_of(name: str) -> str:
    """Return the title of a chart of the whole run, with the currency of its amounts."""
    return TITLES[name] if name in OF_NO_AMOUNT else f"{TITLES[name]}, {currency()}"


def lying_bars(named: Mapping[str, float], unit: str, marked: Sequence[str] = ()) -> dict[str, Any]:
    """Return one bar a name, from above, green above 0 and red below; those in `marked` are outlined."""
    values = list(named.values())
    left = min(20 + 7 * max(map(len, named), default=0), MOST_LEFT)
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": [chart_text(name) for name in named],
        "text": [FORMS["money"](value) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {
            "color": _signs(values),
            "line": {"color": "$text", "width": [2 * (name in marked) for name in named]},
        },
        "hovertemplate": f"%{{y}}: %{{x:,.2f}} {unit}<extra></extra>",
    }
    layout = {
        "height": 60 + ROW * max(len(named), 2),
        "margin": {"l": left, "r": RIGHT, "t": 8, "b": 40},
        "xaxis": {"title": {"text": unit}, "zeroline": True, "range": _roomy(values, left), "nticks": 6},
        "yaxis": {
            "type": "category",
            "autorange": "reversed",
            "ticksuffix": " ",
            "showgrid": False,
            "dtick": 1,
            "tickfont": {"size": 11},
        },
        "bargap": 0.25,
    }
    return {"data": [trace], "layout": layout}


def by_security(net_pnl: Mapping[str, float]) -> tuple[dict[str, Any], int]:
    """Return a bar of net P&L, money, a security, the largest first, and how many in the middle are left out."""
    by_size = sorted(net_pnl.items(), key=lambda pair: (-pair[1], pair[0]))
    left_out = max(len(by_size) - MOST_BARS, 0)
    ends = [*by_size[: MOST_BARS // 2], *by_size[MOST_BARS // 2 + left_out :]]
    return lying_bars(dict(ends), f"Net P&L, {currency()}"), left_out


def by_hour(pnl: Mapping[str, float]) -> dict[str, Any]:
    """Return net P&L by the hour of the fill, from the first to the last that has any."""
    hours = sorted(map(int, pnl))
    every = range(hours[0], hours[-1] + 1) if hours else ()
    return _standing({f"{hour:02d}:00": pnl.get(str(hour), 0.0) for hour in every}, "Hour of the fill, exchange time")


def by_weekday(pnl: Mapping[str, float]) -> dict[str, Any]:
    """Return net P&L by the weekday of the fill."""
    return _standing({day[:3]: pnl[day] for day in WEEKDAYS if day in pnl}, "")


def _standing(named: Mapping[str, float], title: str) -> dict[str, Any]:
    values = list(named.values())
    trace = {
        "type": "bar",
        "x": list(named),
        "y": values,
        "marker": {"color": _signs(values)},
        "hovertemplate": f"%{{x}}: %{{y:,.2f}} {currency()}<extra></extra>",
    }
    layout = {
        "xaxis": {"type": "category", "title": {"text": title}},
        "yaxis": {"title": {"text": f"Net P&L, {currency()}"}, "zeroline": True},
        "bargap": 0.25,
    }
    return {"data": [trace], "layout": layout}


def mark_outs(portfolio: Mapping[str, Any], securities: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what fills were worth so long after, bps of the value traded: the portfolio, and securities behind it."""
    traces = [
        _curve(figures, chart_text(ticker), {"color": "$faint", "width": 1}, 4)
        for ticker, figures in securities.items()
    ]
    traces.append(_curve(portfolio, "Portfolio", {"color": "$equity", "width": 3}, 8))
    layout = {
        "xaxis": {"type": "category", "title": {"text": "Time after the fill"}},
        "yaxis": {"title": {"text": "Mark-out, bps of the value traded"}, "zeroline": True},
        "showlegend": False,
        "hovermode": "closest",
    }
    return {"data": traces, "layout": layout}


def _curve(figures: Mapping[str, Any], name: str, line: dict[str, Any], size: int) -> dict[str, Any]:
    values = [figures["spread_captured_bps"], *(figures["markouts"][horizon]["bps"] for horizon in HORIZONS)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": ["at the fill", *(f"{horizon[:-1]} s" for horizon in HORIZONS)],
        "y": values,
        "name": name,
        "line": line,
        "marker": {"color": line["color"], "size": size},
        "hovertemplate": f"{name}, %{{x}}: %{{y:.2f}} bps<extra></extra>",
    }


def _roomy(values: Sequence[float], left: int) -> list[float]:
    """Return a range with room for the amounts beside the bars, however narrow the chart that has them."""
    low, high = min([0.0, *values]), max([0.0, *values])
    before = _pixels(low) if low < 0.0 else 0
    after = _pixels(high) if high > 0.0 or low == 0.0 else 0
    pixel = (high - low or 1.0) / max(NARROWEST - left - RIGHT - before - after, FEWEST)
    return [low - before * pixel, high + after * pixel]


def _pixels(value: float) -> int:
    return 10 + 7 * len(FORMS["money"](value))


def _signs(values: Sequence[float]) -> list[str]:
    return ["$good" if value >= 0 else "$bad" for value in values]

"""The charts over time of a backtest page: the portfolio's equity, and one panel per security.

A chart's lines and markers are made from its columns by timeline.js.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages.curves import drawdown, extremes, packed_columns
from pipeline.pages.page import chart_text
from pipeline.pages.time_axis import HOUR_MS

if TYPE_CHECKING:
    from pipeline.pages.run_reader import Daily, Track
    from pipeline.pages.time_axis import Clock
    from pipeline.ticks import Float64s, Int64s

MOST_DAYS: Final = 800
"""Days drawn as a bar each; of more, each bar is a month."""
PORTFOLIO_HEIGHT: Final = 560
PANEL_HEIGHT: Final = 620
PRICE_DIGITS: Final = 4
MONEY_DIGITS: Final = 2
_TIME: Final = " <i>%{x|%d %b %H:%M:%S}</i>"
PARTS: Final[dict[str, dict[str, Any]]] = {
    "equity": {
        "mode": "lines",
        "line": {"color": "$equity", "width": 1.5, "shape": "hv"},
        "name": "Equity",
        "showlegend": False,
        "hovertemplate": f"%{{y:,.2f}} AED{_TIME}",
    },
    "drawdown": {
        "mode": "lines",
        "line": {"color": "$drawdown", "width": 1, "shape": "hv"},
        "fill": "tozeroy",
        "name": "Drawdown",
        "showlegend": False,
        "hovertemplate": f"%{{y:,.2f}} AED{_TIME}",
    },
    "marked": {
        "mode": "lines+markers",
        "line": {"color": "$marked", "width": 1, "dash": "dot"},
        "marker": {"color": "$marked", "size": 4},
        "name": "Open position at the day's last price",
        "hovertemplate": f"%{{y:,.2f}} AED{_TIME}",
    },
    "daily": {"type": "bar", "name": "Net P&L of the day", "showlegend": False, "hovertemplate": "%{y:,.2f} AED"},
    "price": {
        "mode": "lines",
        "line": {"color": "$price", "width": 1},
        "name": "Mid price",
        "hovertemplate": f"%{{y:,.4~f}} AED{_TIME}",
    },
    "buy": {
        "mode": "markers",
        "marker": {"color": "$buy", "symbol": "triangle-up", "size": 7},
        "name": "Buy",
    },
    "sell": {
        "mode": "markers",
        "marker": {"color": "$sell", "symbol": "triangle-down", "size": 7},
        "name": "Sell",
    },
    "position": {
        "mode": "lines",
        "line": {"color": "$position", "width": 1, "shape": "hv"},
        "fill": "tozeroy",
        "name": "Position",
        "showlegend": False,
        "hovertemplate": f"%{{y:,}} shares{_TIME}",
    },
}
"""What the traces of one kind have in common; it stands on the page once."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A chart over time without its lines, and the columns they are made from; note: what of the data is left out.

    columns: by name the values, and the digits behind the point that are kept of them. fills: `stamps` (ms) that never
    step back, `position` (shares) after each, of which the bought and sold quantities are the steps, `price` and
    `equity` (AED). prices: `price_stamps`, `mid`. days: `marked`, at the end of each day.
    """

    chart: dict[str, Any]
    columns: dict[str, tuple[Any, int]]
    days: Int64s
    note: str = ""

    def on_page(self) -> dict[str, Any]:
        """Return the chart as the page has it: every value, to be thinned by the browser for what is in sight."""
        steps = np.diff(self.days, prepend=0).tolist()
        return self.chart | {"days": steps, "pack": packed_columns(self.columns)}


def together(tracks: list[Track]) -> tuple[Int64s, Float64s]:
    """Return the times (ms) of all fills on one clock, and net realised equity (AED) after each."""
    stamps = np.concatenate([track.stamps for track in tracks]) if tracks else np.empty(0, np.int64)
    net = np.concatenate([track.realized - track.fees for track in tracks]) if tracks else np.empty(0)
    order = np.argsort(stamps, kind="stable")
    return stamps[order], np.cumsum(net[order])


def portfolio(tracks: list[Track], total: Daily, clock: Clock, most: int) -> Timeline:
    """Return equity, drawdown and P&L by day of all securities together, on one clock, with at most so many fills."""
    stamps, equity = together(tracks)
    drawn = extremes([equity, drawdown(equity)], most)
    left_out = f"{len(drawn):,} of {len(equity):,} fills are on this page, with the extremes of each stretch."
    days, values, by = _bars(total)
    bars = {
        "x": [clock.middle(day) for day in days],
        "y": (np.round(values, MONEY_DIGITS) + 0.0).tolist(),
        "marker": {"color": ["$good" if value >= 0 else "$bad" for value in values.tolist()]},
        "width": HOUR_MS * (clock.closes - clock.opens) * 0.7,
    }
    traces = [_part("equity", "y"), _part("marked", "y"), _part("drawdown", "y2"), _part("daily", "y3") | bars]
    rows = {
        "y": ("Equity, AED", [0.5, 1.0]),
        "y2": ("Drawdown, AED", [0.27, 0.47]),
        "y3": (f"Net P&L a {by}, AED", [0.0, 0.23]),
    }
    return Timeline(
        {"data": traces, "layout": layout_of_rows(rows, PORTFOLIO_HEIGHT) | _across(clock, clock.days, "y3")},
        {
            "stamps": (stamps[drawn], 0),
            "equity": (equity[drawn], MONEY_DIGITS),
            "marked": (total.marked_equity, MONEY_DIGITS),
        },
        total.days,
        "" if len(drawn) == len(equity) else left_out,
    )


def panel_layout() -> dict[str, Any]:
    """Return what the layouts of all securities' panels have in common."""
    rows = {
        "y": ("Price, AED", [0.62, 1.0]),
        "y2": ("Position, shares", [0.42, 0.59]),
        "y3": ("Equity, AED", [0.2, 0.39]),
        "y4": ("Drawdown, AED", [0.0, 0.17]),
    }
    return layout_of_rows(rows, PANEL_HEIGHT)


def panel(ticker: str, track: Track, daily: Daily, clock: Clock) -> Timeline:
    """Return one security's price with its fills, position, equity and drawdown."""
    traces = [
        _part("price", "y"),
        *(_part(side, "y") | {"hovertemplate": _of_fill(ticker)} for side in ("buy", "sell")),
        _part("position", "y2"),
        _part("equity", "y3"),
        _part("marked", "y3"),
        _part("drawdown", "y4"),
    ]
    return Timeline(
        {"data": traces, "layout": {"shared": "panel", **_across(clock, daily.days, "y4")}},
        {
            "stamps": (track.stamps, 0),
            "position": (track.position, 0),
            "price": (track.price, PRICE_DIGITS),
            "equity": (np.cumsum(track.realized - track.fees), MONEY_DIGITS),
            "price_stamps": (track.price_stamps, 0),
            "mid": (track.mid, PRICE_DIGITS),
            "marked": (daily.marked_equity, MONEY_DIGITS),
        },
        daily.days,
    )


def _of_fill(ticker: str) -> str:
    """Return what is said of a fill that the cursor is at."""
    return (
        f"%{{customdata[1]:,}} at %{{y:,.4~f}} AED{_TIME}<br>"
        f"fill %{{customdata[0]}}: make explain SECURITY={chart_text(ticker)} FILL=%{{customdata[0]}}"
    )


def _part(name: str, axis: str) -> dict[str, Any]:
    return {"shared": name, "yaxis": axis}


def layout_of_rows(rows: dict[str, tuple[str, list[float]]], height: int) -> dict[str, Any]:
    """Return the layout of a chart over time with an axis a row: its title, and from where to where it reaches."""
    layout: dict[str, Any] = {
        "height": height,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "margin": {"l": 76, "r": 12, "t": 34, "b": 30},
    }
    for name, (title, domain) in rows.items():
        axis = {"title": {"text": title, "font": {"size": 11}}, "domain": domain, "automargin": False, "nticks": 5}
        layout[name.replace("y", "yaxis", 1)] = axis
    return layout


def _across(clock: Clock, days: Int64s, anchor: str) -> dict[str, Any]:
    return {"xaxis": {"shared": "clock", "anchor": anchor, "range": clock.span(days)}}


def _bars(total: Daily) -> tuple[list[int], Float64s, str]:
    """Return the days, or the first days of months, with what was made in each."""
    if len(total.days) <= MOST_DAYS:
        return total.days.tolist(), total.net_pnl, "day"
    months = total.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], months[1:] != months[:-1])))
    return total.days[starts].tolist(), np.add.reduceat(total.net_pnl, starts), "month"

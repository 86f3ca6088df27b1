"""The charts over time of a backtest page: the portfolio's equity, and one panel per security.

A chart's lines and markers are made from its columns by timeline.js.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.pages import own_series
from pipeline.pages.cells import clipped
from pipeline.pages.curves import packed_columns
from pipeline.pages.page import chart_text
from pipeline.pages.time_axis import HOUR_MS, UTC
from pipeline.spark import extremes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pages.equity_curve import Curve
    from pipeline.pages.own_series import Line, OwnSeries
    from pipeline.pages.run_reader import Daily, Track
    from pipeline.pages.time_axis import Clock
    from pipeline.ticks import Float64s

MOST_DAYS: Final = 800
"""Days drawn as a bar each; of more, each bar is a month."""
PORTFOLIO_HEIGHT: Final = 560
PANEL_HEIGHT: Final = 620
SERIES_HEIGHT: Final = 110
"""What a row of a strategy's own adds to a panel, px."""
PRICE_DIGITS: Final = 4
MONEY_DIGITS: Final = 2
MARGIN: Final = {"l": 76, "r": 12, "t": 34, "b": 30}
_FIRST_OWN_AXIS: Final = 5
_TIME: Final = " <i>%{x|%d %b %H:%M:%S}</i>"
SECURITY: Final = "$SECURITY"
"""Stands in a text of a panel for its security; $CURRENCY for what its amounts are in and $PRICES for what its prices
are, which page.js has from the panel, or of the portfolio from the page."""

_OF_FILL: Final = (
    f"%{{customdata[1]:,}} at %{{y:,.4~f}} $PRICES{_TIME}<br>"
    f"fill %{{customdata[0]}}: make explain SECURITY={SECURITY} FILL=%{{customdata[0]}}"
)
PARTS: Final[dict[str, dict[str, Any]]] = {
    "equity": {
        "mode": "lines",
        "line": {"color": "$equity", "width": 1.5, "shape": "hv"},
        "name": "Equity",
        "showlegend": False,
        "hovertemplate": f"%{{y:,.2f}} $CURRENCY{_TIME}",
    },
    "drawdown": {
        "mode": "lines",
        "line": {"color": "$drawdown", "width": 1, "shape": "hv"},
        "fill": "tozeroy",
        "name": "Drawdown",
        "showlegend": False,
        "hovertemplate": f"%{{y:,.2f}} $CURRENCY{_TIME}",
    },
    "marked": {
        "mode": "lines+markers",
        "line": {"color": "$marked", "width": 1, "dash": "dot"},
        "marker": {"color": "$marked", "size": 4},
        "name": "Open position at the day's last price",
        "hovertemplate": f"%{{y:,.2f}} $CURRENCY{_TIME}",
    },
    "daily": {"type": "bar", "name": "Net P&L of the day", "showlegend": False, "hovertemplate": "%{y:,.2f} $CURRENCY"},
    "price": {
        "mode": "lines",
        "line": {"color": "$price", "width": 1},
        "name": "Mid price",
        "hovertemplate": f"%{{y:,.4~f}} $PRICES{_TIME}",
    },
    "buy": {
        "mode": "markers",
        "marker": {"color": "$buy", "symbol": "triangle-up", "size": 7},
        "name": "Buy",
        "hovertemplate": _OF_FILL,
    },
    "sell": {
        "mode": "markers",
        "marker": {"color": "$sell", "symbol": "triangle-down", "size": 7},
        "name": "Sell",
        "hovertemplate": _OF_FILL,
    },
    "position": {
        "mode": "lines",
        "line": {"color": "$position", "width": 1, "shape": "hv"},
        "fill": "tozeroy",
        "name": "Position",
        "showlegend": False,
        "hovertemplate": f"%{{y:,}} shares{_TIME}",
    },
    "own_on_price": {"mode": "lines", "hovertemplate": f"%{{y:,.4~f}} $PRICES{_TIME}"},
    "own": {"mode": "lines", "showlegend": False, "hovertemplate": f"%{{y:,.7~g}}{_TIME}"},
}
"""What the traces of one kind have in common; it stands on the page once."""


COST_OF_FILL: Final = 6
COST_OF_PRICE: Final = 1
"""About how many bytes of a page a fill and a price of its path take where all are there."""

COST_OF_THINNED_FILL: Final = 11
COST_OF_THINNED_PRICE: Final = 4
COST_OF_DAY: Final = 6
FEWEST_PRICES: Final = 600
"""Prices of a path that are given up after fills, if there is room for them."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One security's chart as the page has it, and how many of its fills it has.

    lines: What it draws of what its strategy recorded. others: the names of the series that it does not draw.
    """

    chart: dict[str, Any]
    fills: int
    lines: Sequence[Line]
    others: Sequence[str]

    @property
    def size(self) -> int:
        """How many bytes its columns take."""
        return len(self.chart["pack"]["base64"])


def portfolio(curve: Curve, total: Daily, clock: Clock) -> dict[str, Any]:
    """Return equity, drawdown and P&L by day of all securities together, on one clock."""
    days, values, by = _bars(total)
    bars = {
        "x": [clock.middle(day) for day in days],
        "y": (np.round(values, MONEY_DIGITS) + 0.0).tolist(),
        "marker": {"color": ["$good" if value >= 0 else "$bad" for value in values.tolist()]},
        "width": HOUR_MS * (clock.closes - clock.opens) * 0.7,
    }
    traces = [_part("equity", "y"), _part("marked", "y"), _part("drawdown", "y2"), _part("daily", "y3") | bars]
    rows = {
        "y": ("Equity, $CURRENCY", [0.5, 1.0]),
        "y2": ("Drawdown, $CURRENCY", [0.27, 0.47]),
        "y3": (f"Net P&L a {by}, $CURRENCY", [0.0, 0.23]),
    }
    columns = {
        "stamps": (curve.stamps, 0),
        "equity": (curve.equity, MONEY_DIGITS),
        "marked": (total.marked_equity, MONEY_DIGITS),
    }
    return {
        "data": traces,
        "layout": layout_of_rows(rows, PORTFOLIO_HEIGHT)
        | {"xaxis": {"shared": clock.name, "anchor": "y3", "range": clock.span(clock.days)}},
        "days": np.diff(total.days, prepend=0).tolist(),
        "pack": packed_columns(columns),
        **({"utc": True} if clock.name == UTC else {}),
    }


def panel_height(lines: Sequence[Line]) -> int:
    """Return how high a panel with these lines is, px."""
    return PANEL_HEIGHT + SERIES_HEIGHT * sum(not each.on_price for each in lines)


def panel_figure(lines: Sequence[Line]) -> dict[str, Any]:
    """Return what the panels of all securities with these lines have in common; page.js gives each its days."""
    below = [each.name for each in lines if not each.on_price]
    height, margins = panel_height(lines), MARGIN["t"] + MARGIN["b"]

    def domain(start: float, end: float, above: int = 0) -> list[float]:
        """Return a stretch of the height of a panel without lines, so many rows of lines higher up."""
        return [(at * (PANEL_HEIGHT - margins) + above * SERIES_HEIGHT) / (height - margins) for at in (start, end)]

    axes = {name: f"y{_FIRST_OWN_AXIS + number}" for number, name in enumerate(below)}
    rows = {"y": ("Price, $PRICES", domain(0.62, 1.0, len(below)))}
    for above, name in enumerate(reversed(below)):
        title = chart_text(clipped(name, own_series.LONGEST_TITLE))
        rows[axes[name]] = (title, domain(0.62, 0.785, above))
    rows |= {
        "y2": ("Position, shares", domain(0.42, 0.59)),
        "y3": ("Equity, $CURRENCY", domain(0.2, 0.39)),
        "y4": ("Drawdown, $CURRENCY", domain(0.0, 0.17)),
    }
    parts = (("buy", "y"), ("sell", "y"), ("position", "y2"), ("equity", "y3"), ("marked", "y3"), ("drawdown", "y4"))
    fills_and_rows = [_part(name, axis) for name, axis in parts]
    return {
        "data": [_part("price", "y"), *own_series.traces_of(lines, axes), *fills_and_rows],
        "layout": layout_of_rows(rows, height) | {"xaxis": {"shared": "clock", "anchor": "y4"}},
    }


def cost_of(fills: int, prices: int) -> int:
    """Return about how many bytes of a page the panel of so many fills and prices takes."""
    return COST_OF_FILL * fills + COST_OF_PRICE * prices


def panel(track: Track, recorded: Sequence[OwnSeries], daily: Daily, exchange: str, most: int) -> Panel:
    """Return one security's price with its fills, position, equity and drawdown, in about so many bytes of the page.

    recorded: What its strategy recorded of it. exchange: The one whose phases are shaded.

    Where not all fits, series are thinned to a part of the room, the price path to FEWEST_PRICES, then the fills are,
    each time to the extremes of each stretch; each fill that is there has its number.
    """
    series = own_series.fitting(recorded, most)
    others = [each.line.name for each in recorded[len(series) :]]

    def drawn_with(fills: int, prices: int) -> Panel:
        return _panel(track, series, daily, exchange, fills, prices, others)

    fills, prices = len(track.stamps), len(track.price_stamps)
    few = min(prices, FEWEST_PRICES, most // (4 * COST_OF_THINNED_PRICE))
    for some in (prices, few):
        if cost_of(fills, some) < 2 * most and (drawn := drawn_with(fills, some)).size <= most:
            return drawn
    points = sum(len(each.values) for each in series)
    room = most - COST_OF_THINNED_PRICE * few - COST_OF_DAY * len(daily.days) - own_series.POINT_BYTES * points
    fills = min(fills, max(room, 0) // COST_OF_THINNED_FILL)
    while (drawn := drawn_with(fills, few)).size > most and fills:
        fills = int(fills * 0.9 * most / drawn.size)
    return drawn


def _panel(
    track: Track,
    series: Sequence[OwnSeries],
    daily: Daily,
    exchange: str,
    fills: int,
    prices: int,
    others: Sequence[str],
) -> Panel:
    """Return a panel with at most so many of the fills and prices."""
    equity = np.cumsum(track.net)
    drawn, path = extremes([track.price, track.position, equity], fills), extremes([track.mid], prices)
    columns: dict[str, tuple[Any, int]] = {"days": (daily.days, 0), "stamps": (track.stamps[drawn], 0)}
    if len(drawn) < len(equity):
        columns |= {"number": (drawn + 1, 0), "traded": (np.diff(track.position, prepend=0)[drawn], 0)}
    columns |= {
        "position": (track.position[drawn], 0),
        "price": (track.price[drawn], PRICE_DIGITS),
        "equity": (equity[drawn], MONEY_DIGITS),
        "price_stamps": (track.price_stamps[path], 0),
        "mid": (track.mid[path], PRICE_DIGITS),
        "marked": (daily.marked_equity, MONEY_DIGITS),
        **own_series.columns_of(series),
    }
    lines = [each.line for each in series]
    shared = " ".join(["panel", *(f"{each.name}/{each.on_price:d}" for each in lines)])
    chart = {"shared": shared, "market": exchange, "pack": packed_columns(columns)}
    return Panel(chart, len(drawn), lines, others)


def _part(name: str, axis: str) -> dict[str, Any]:
    return {"shared": name, "yaxis": axis}


def layout_of_rows(rows: dict[str, tuple[str, list[float]]], height: int) -> dict[str, Any]:
    """Return the layout of a chart over time with an axis a row: its title, and from where to where it reaches."""
    layout: dict[str, Any] = {
        "height": height,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "margin": dict(MARGIN),
    }
    for name, (title, domain) in rows.items():
        axis = {"title": {"text": title, "font": {"size": 11}}, "domain": domain, "automargin": False, "nticks": 5}
        layout[name.replace("y", "yaxis", 1)] = axis
    return layout


def _bars(total: Daily) -> tuple[list[int], Float64s, str]:
    """Return the days, or the first days of months, with what was made in each."""
    if len(total.days) <= MOST_DAYS:
        return total.days.tolist(), total.net_pnl, "day"
    months = total.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], months[1:] != months[:-1])))
    return total.days[starts].tolist(), np.add.reduceat(total.net_pnl, starts), "month"

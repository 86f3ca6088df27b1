"""Fills, prices and days in, the charts over time out: the portfolio's equity, and one panel a security."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.results.report.clock import HOUR_MS
from pipeline.results.report.curves import drawdown, extremes, largest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.results.report.clock import Clock
    from pipeline.results.report.contents import Daily, Track
    from pipeline.results.report.curves import Columns
    from pipeline.ticks import Float64s, Int64s

MOST_DAYS: Final = 800
"""Days drawn as a bar each; of more, each bar is a month."""
PORTFOLIO_HEIGHT: Final = 560
PANEL_HEIGHT: Final = 620
STEP_BYTES: Final = 3
NUMBER_BYTES: Final = 7
PRICE_BYTES: Final = 6
FILL_BYTES: Final = 13
CURVE_BYTES: Final = 20
DAY_BYTES: Final = 12
"""About what a step in time, an amount, a price, a fill, a point of three curves and a day take on the page."""
_NUMBERS: Final = ",.2f"
PARTS: Final[dict[str, dict[str, Any]]] = {
    "equity": {
        "mode": "lines",
        "line": {"color": "$equity", "width": 1.5, "shape": "hv"},
        "name": "Equity",
        "showlegend": False,
    },
    "drawdown": {
        "mode": "lines",
        "line": {"color": "$drawdown", "width": 1, "shape": "hv"},
        "fill": "tozeroy",
        "name": "Drawdown",
        "showlegend": False,
    },
    "marked": {
        "mode": "lines+markers",
        "line": {"color": "$marked", "width": 1, "dash": "dot"},
        "marker": {"color": "$marked", "size": 4},
        "name": "Open position at the day's last price",
    },
    "daily": {"type": "bar", "name": "Net P&L of the day", "showlegend": False},
    "price": {
        "mode": "lines",
        "line": {"color": "$price", "width": 1},
        "name": "Mid price",
        "hovertemplate": "%{y:,.4~f} AED",
    },
    "buy": {
        "mode": "markers",
        "marker": {"color": "$buy", "symbol": "triangle-up", "size": 7},
        "name": "Buy",
        "hovertemplate": "%{customdata:,} at %{y:,.4~f} AED",
    },
    "sell": {
        "mode": "markers",
        "marker": {"color": "$sell", "symbol": "triangle-down", "size": 7},
        "name": "Sell",
        "hovertemplate": "%{customdata:,} at %{y:,.4~f} AED",
    },
    "position": {
        "mode": "lines",
        "line": {"color": "$position", "width": 1, "shape": "hv"},
        "fill": "tozeroy",
        "name": "Position",
        "showlegend": False,
        "hovertemplate": "%{y:,} shares",
    },
}
"""What the traces of one kind have in common; it stands on the page once."""
for _name in ("equity", "drawdown", "marked", "daily"):
    PARTS[_name]["hovertemplate"] = f"%{{y:{_NUMBERS}}} AED"


@dataclass(frozen=True, slots=True)
class Timeline:
    """A chart and what of the data it draws, in one sentence each."""

    chart: dict[str, Any]
    notes: tuple[str, ...]


def together(tracks: list[Track]) -> tuple[Int64s, Float64s]:
    """Return the times (ms) of all fills on one clock, and net realised equity (AED) after each."""
    stamps = np.concatenate([track.stamps for track in tracks]) if tracks else np.empty(0, np.int64)
    net = np.concatenate([track.realized - track.fees for track in tracks]) if tracks else np.empty(0)
    order = np.argsort(stamps, kind="stable")
    return stamps[order], np.cumsum(net[order])


def portfolio(tracks: list[Track], total: Daily, clock: Clock, columns: Columns, room: int) -> Timeline:
    """Return equity, drawdown and P&L by day of all securities together, on one clock, within so many bytes."""
    stamps, equity = together(tracks)
    kept, notes = _kept("Equity and drawdown", [equity, drawdown(equity)], room // (STEP_BYTES + 2 * NUMBER_BYTES))
    times, (standing, down) = _from_open_to_close(stamps, [equity, drawdown(equity)], kept, clock, clock.days)
    marked, of_days = _marked(total, clock, columns, "y", room // 6)
    days, values, by = _bars(total)
    at = columns.times(times)
    traces = [
        _part("equity", at, columns.money(standing), "y"),
        marked,
        _part("drawdown", at, columns.money(down), "y2"),
        _part("daily", columns.times(_each(clock.middle, days)), columns.add(values, 2), "y3")
        | {"marker": {"color": ["$good" if value >= 0 else "$bad" for value in values.tolist()]}}
        | {"width": HOUR_MS * (clock.closes - clock.opens) * 0.7},
    ]
    rows = {
        "y": ("Equity, AED", [0.5, 1.0]),
        "y2": ("Drawdown, AED", [0.27, 0.47]),
        "y3": (f"Net P&L a {by}, AED", [0.0, 0.23]),
    }
    return Timeline(
        {"data": traces, "layout": _layout(rows, PORTFOLIO_HEIGHT) | _across(clock, clock.days, "y3")},
        (*notes, *of_days),
    )


def panel_layout() -> dict[str, Any]:
    """Return what the layouts of all securities' panels have in common."""
    rows = {
        "y": ("Price, AED", [0.62, 1.0]),
        "y2": ("Position, shares", [0.42, 0.59]),
        "y3": ("Equity, AED", [0.2, 0.39]),
        "y4": ("Drawdown, AED", [0.0, 0.17]),
    }
    return _layout(rows, PANEL_HEIGHT)


def panel_need(track: Track, daily: Daily) -> int:
    """Return about how many bytes a panel takes that draws everything."""
    return _price_need(track) + _fills_need(track) + len(daily.days) * DAY_BYTES


def panel(track: Track, daily: Daily, clock: Clock, columns: Columns, room: int) -> Timeline:
    """Return one security's price with fills, position, equity and drawdown, within about so many bytes."""
    for_days = min(room // 6, len(daily.days) * DAY_BYTES)
    room -= for_days
    for_price = min(_price_need(track), max(room * 3 // 10, room - _fills_need(track)))
    for_fills = (room - for_price) // (FILL_BYTES + CURVE_BYTES)
    seen, of_price = _kept("Price", [track.mid], for_price // (STEP_BYTES + PRICE_BYTES))
    equity = np.cumsum(track.realized - track.fees)
    series = [track.position, equity, drawdown(equity)]
    kept, of_equity = _kept("Position, equity and drawdown", series, for_fills)
    times, (position, standing, down) = _from_open_to_close(track.stamps, series, kept, clock, daily.days)
    at = columns.times(times)
    marked, of_days = _marked(daily, clock, columns, "y3", for_days)
    drawn = {name: _largest(track, mine, for_fills) for name, mine in (("buy", track.buys), ("sell", ~track.buys))}
    traces = [
        _part("price", columns.times(track.price_stamps[seen]), columns.add(track.mid[seen], 4), "y"),
        *(
            _part(name, columns.times(track.stamps[places]), columns.add(track.price[places], 4), "y")
            | {"customdata": columns.add(track.quantity[places], 0)}
            for name, places in drawn.items()
        ),
        _part("position", at, columns.add(position, 0), "y2"),
        _part("equity", at, columns.money(standing), "y3"),
        marked,
        _part("drawdown", at, columns.money(down), "y4"),
    ]
    shown = sum(map(len, drawn.values()))
    of_fills = f"{shown:,} of {len(track.stamps):,} fills are drawn: of each stretch of buys or of sells the largest."
    notes = (*of_price, *([] if shown == len(track.stamps) else [of_fills]), *of_equity, *of_days)
    return Timeline(
        {
            "data": traces,
            "layout": {"shared": "panel", **_across(clock, daily.days, "y4")},
            "days": columns.times(daily.days),
        },
        notes,
    )


def shares(needs: list[int], room: int) -> list[int]:
    """Return how many bytes each may take: all it needs if it can be, else no more than any other that is cut."""
    left, given = room, [0] * len(needs)
    for behind, place in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        given[place] = min(needs[place], left // (len(needs) - behind))
        left -= given[place]
    return given


def _price_need(track: Track) -> int:
    return len(track.price_stamps) * (STEP_BYTES + PRICE_BYTES)


def _fills_need(track: Track) -> int:
    return len(track.stamps) * (FILL_BYTES + CURVE_BYTES)


def _largest(track: Track, mine: Any, most: int) -> Int64s:
    """Return the places of one side's fills worth drawing: its part of so many."""
    places: Int64s = np.flatnonzero(mine)
    return places[largest(track.quantity[places], most * len(places) // max(len(mine), 1))]


def _marked(
    daily: Daily, clock: Clock, columns: Columns, axis: str, room: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    kept, notes = _kept("Equity by day", [daily.marked_equity], min(MOST_DAYS, room // DAY_BYTES))
    ends = _each(clock.end, daily.days[kept].tolist())
    return _part("marked", columns.times(ends), columns.add(daily.marked_equity[kept], 2), axis), notes


def _part(name: str, x: Any, y: Any, axis: str) -> dict[str, Any]:
    return {"shared": name, "x": x, "y": y, "yaxis": axis}


def _layout(rows: dict[str, tuple[str, list[float]]], height: int) -> dict[str, Any]:
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


def _kept(what: str, series: list[Any], most: int) -> tuple[Int64s, tuple[str, ...]]:
    count = len(series[0])
    places = extremes(series, most)
    if len(places) == count:
        return places, ()
    return places, (f"{what}: {len(places):,} of {count:,} points are drawn, with the extremes of each stretch.",)


def _from_open_to_close(
    stamps: Int64s, series: list[Any], kept: Int64s, clock: Clock, days: Int64s
) -> tuple[Int64s, list[Any]]:
    """Return the places kept of curves that begin at 0 on the first day and stand until the end of the last."""
    if not len(days):
        return stamps[kept], [values[kept] for values in series]
    times = np.concatenate([[clock.start(int(days[0]))], stamps[kept], [clock.end(int(days[-1]))]])
    last = [values[-1:] if len(values) else [0] for values in series]
    return times.astype(np.int64), [
        np.concatenate([[0], values[kept], end]) for values, end in zip(series, last, strict=True)
    ]


def _each(instant: Callable[[int], int], days: list[int]) -> Int64s:
    return np.array([instant(day) for day in days], np.int64)


def _bars(total: Daily) -> tuple[list[int], Float64s, str]:
    """Return the days, or the first days of months, with what was made in each."""
    if len(total.days) <= MOST_DAYS:
        return total.days.tolist(), total.net_pnl, "day"
    months = total.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], months[1:] != months[:-1])))
    return total.days[starts].tolist(), np.add.reduceat(total.net_pnl, starts), "month"

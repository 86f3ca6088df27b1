"""The chart of several runs: their equity over one another, and below how far each is above the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.exposure import DAY_MS
from pipeline.numbers import currency
from pipeline.pages.curves import packed_columns
from pipeline.pages.equity_curve import EquityCurve
from pipeline.pages.page import chart_text
from pipeline.pages.time_axis import HOUR_MS
from pipeline.pages.timelines import MONEY_DIGITS, layout_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.pages.run_reader import Daily, Track
    from pipeline.pages.time_axis import Clock
    from pipeline.ticks import Float64s, Int64s

COLOURS: Final = ("$equity", "$marked", "$position", "$buy", "$sell", "$price")
MOST_FILLS: Final = 500_000
"""Fills drawn of all runs together; of more, the lowest and highest of each stretch."""
HEIGHT: Final = 480


def equity_chart(runs: Sequence[tuple[str, Mapping[str, Track], Daily]], clock: Clock) -> dict[str, Any]:
    """Return each run's net realised equity over its days, and at the end of each day that of the first taken off.

    runs: of each its title, the fills by security, and its days.
    """
    columns: dict[str, tuple[Any, int]] = {}
    traces: list[dict[str, Any]] = []
    bases = [_at_days(total, clock.days) for _, _, total in runs]
    reaches = [_reach(tracks.values(), total) for _, tracks, total in runs]
    for number, (title, tracks, _) in enumerate(runs):
        equity = EquityCurve()
        for ticker, track in tracks.items():
            equity.add(ticker, track.stamps, track.net)
        curve = equity.curve(MOST_FILLS // len(runs))
        columns |= {f"stamps_{number}": (curve.stamps, 0), f"equity_{number}": (curve.equity, MONEY_DIGITS)}
        reach = reaches[number]
        drawn_over = {"reach": [clock.start(reach[0]), clock.end(reach[1])]} if reach else {}
        traces.append(_line(title, number, "y") | {"series": number} | drawn_over)
    width = HOUR_MS * (clock.closes - clock.opens) * 0.7 / max(len(runs) - 1, 1)
    for number, (title, _, _) in enumerate(runs[1:], 1):
        both = _within(clock.days, reaches[0], reaches[number])
        above = np.round(bases[number] - bases[0], MONEY_DIGITS)[both] + 0.0
        days = [clock.middle(day) for day in clock.days[both].tolist()]
        traces.append(_bars(title, number, days, above.tolist(), width, len(runs) - 1))
    rows = {"y": (f"Equity, {currency()}", [0.36, 1.0]), "y2": (f"Above A, {currency()}", [0.0, 0.3])}
    axis = {"xaxis": {"shared": "clock", "anchor": "y2", "range": clock.span(clock.days)}}
    return {
        "data": traces,
        "layout": layout_of_rows(rows, HEIGHT) | axis | {"showlegend": True},
        "days": np.diff(clock.days, prepend=0).tolist(),
        "pack": packed_columns(columns),
    }


def _line(title: str, number: int, axis: str) -> dict[str, Any]:
    name = chart_text(title)
    return {
        "mode": "lines",
        "name": name,
        "yaxis": axis,
        "line": {"color": COLOURS[number], "width": 1.6, "shape": "hv"},
        "hovertemplate": f"%{{y:,.2f}} {currency()}",
    }


def _bars(title: str, number: int, days: list[int], values: list[float], width: float, beside: int) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": f"{chart_text(title)} above A",
        "yaxis": "y2",
        "x": days,
        "y": values,
        "marker": {"color": COLOURS[number]},
        "width": width,
        "offset": width * (number - 1 - beside / 2),
        "showlegend": False,
        "hovertemplate": f"%{{y:+,.2f}} {currency()} at the end of the day",
    }


def _at_days(total: Daily, days: Int64s) -> Float64s:
    """Return net realised equity, money, at the end of each of these days."""
    equity = np.concatenate([[0.0], np.cumsum(total.net_pnl)])
    at_close: Float64s = equity[np.searchsorted(total.days, days, side="right")]
    return at_close


def _reach(tracks: Iterable[Track], total: Daily) -> tuple[int, int] | None:
    """Return the first and the last day of a run; None for one without any."""
    days = np.concatenate([total.days, *(track.stamps // DAY_MS for track in tracks)])
    return (int(days.min()), int(days.max())) if len(days) else None


def _within(days: Int64s, *reaches: tuple[int, int] | None) -> Any:
    """Return which days are within the days of every run."""
    within = np.full(len(days), None not in reaches)
    for first, last in filter(None, reaches):
        within &= (first <= days) & (days <= last)
    return within

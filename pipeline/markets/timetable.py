"""A market's day as people read it: when each of its phases is, on its own clock and on another."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipeline.times import DAY, SECOND

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Hours


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a day: its name, and when it is, on the market's clock with its zone."""

    name: str
    start: dt.datetime
    end: dt.datetime


def phases_on(market: MarketFacts, day: dt.date) -> list[Phase]:
    """Return the phases of a trading day in their order; those of a day without trading are of its usual hours."""
    return [_phase(market, day, name, span) for name, span in phases_of(market.hours_on(day))]


def phases_of(hours: Hours) -> list[tuple[str, tuple[int, int]]]:
    """Return the phases of hours by name, breaks among them, ascending by their start."""
    named = [
        ("pre-open", hours.pre_open),
        ("opening auction", hours.opening_auction),
        *(("continuous", span) for span in hours.continuous),
        *(
            ("break", (before[1], after[0]))
            for before, after in zip(hours.continuous, hours.continuous[1:], strict=False)
        ),
        ("closing auction", hours.closing_auction),
        ("trade at last", hours.trade_at_last),
    ]
    return sorted(((name, span) for name, span in named if span is not None), key=lambda each: each[1])


def trading_day(market: MarketFacts, now: dt.datetime) -> dt.date:
    """Return the trading day that a moment, with its zone, is of."""
    return (now.astimezone(ZoneInfo(market.time_zone)) + _shift(market)).date()


def _phase(market: MarketFacts, day: dt.date, name: str, span: tuple[int, int]) -> Phase:
    midnight = dt.datetime.combine(day, dt.time()) - _shift(market)
    zone = ZoneInfo(market.time_zone)
    start, end = ((midnight + dt.timedelta(microseconds=time // 1_000)).replace(tzinfo=zone) for time in span)
    return Phase(name, start, end)


def _shift(market: MarketFacts) -> dt.timedelta:
    assert market.clock_shift < DAY  # noqa: S101 - a day begins on the calendar day before it at the earliest
    return dt.timedelta(microseconds=market.clock_shift // 1_000)


def timetable(market: MarketFacts, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    """Return the phases of a market's days from one to another, as a run records them: a block a stretch of equal days.

    `from`: its first day. `phases`: of each its name, start and end in seconds since midnight of the day, on the
    market's clock; below 0 on the evening before.
    """
    stretches: list[dict[str, Any]] = []
    for day, hours, _ in market.stretches(first, last):
        ends = [(name, [(time - market.clock_shift) // SECOND for time in span]) for name, span in phases_of(hours)]
        phases = [[name, *span] for name, span in ends]
        if not stretches or stretches[-1]["phases"] != phases:
            stretches.append({"from": day.isoformat(), "phases": phases})
    return stretches

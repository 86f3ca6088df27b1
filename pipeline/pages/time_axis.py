"""The time axis of a run's charts, on which nights, weekends and holidays take no room, and a still picture on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.exposure import DAY_MS
from pipeline.spark import Spark, extremes
from pipeline.ticks import union_of
from pipeline.times import HOUR, MILLISECOND

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int64s

HOUR_MS: Final = HOUR // MILLISECOND
UTC: Final = "utc"
"""The name of the clock of all securities where their exchanges are in several time zones."""
STEP_MS: Final = HOUR_MS // 2
"""The stretch of the day is of whole half hours."""
WIDTH: Final = 1_000
HEIGHT: Final = 200
MOST: Final = 300
"""Of a still picture: its box, and the points it has at most."""


class Clock:
    """The stretch of the day, hours, and the days that anything happened on; times in ms, exchange-local or in UTC.

    name: what charts have for its axis.
    """

    def __init__(self, days: Int64s, times_of_day: Int64s, name: str = "clock") -> None:
        self.days, self.name = days, name
        first, last = (int(times_of_day.min()), int(times_of_day.max())) if len(times_of_day) else (0, DAY_MS - 1)
        self.opens = first // STEP_MS * STEP_MS / HOUR_MS
        self.closes = (last // STEP_MS + 1) * STEP_MS / HOUR_MS

    def start(self, day: int) -> int:
        """Return the first drawn instant of a day."""
        return day * DAY_MS + int(self.opens * HOUR_MS)

    def end(self, day: int) -> int:
        """Return the last drawn instant of a day."""
        return day * DAY_MS + int(self.closes * HOUR_MS) - 1

    def middle(self, day: int) -> int:
        """Return the middle of a day as drawn."""
        return (self.start(day) + self.end(day) + 1) // 2

    def span(self, days: Int64s) -> list[int]:
        """Return the range of an axis that shows these days."""
        return [self.start(int(days[0])), self.end(int(days[-1]))] if len(days) else [0, DAY_MS]

    def days_and_hours(self) -> dict[str, Any]:
        """Return what page.js places times by: the first day, how far each other is from the one before, the hours."""
        return {"days": np.diff(self.days, prepend=0).tolist(), "hours": [self.opens, self.closes]}

    def axis(self) -> dict[str, Any]:
        """Return Plotly's axis of this clock."""
        return {"type": "date", "rangebreaks": self._breaks(), "hoverformat": "%a %d %b %Y %H:%M:%S"}

    def _breaks(self) -> list[dict[str, Any]]:
        """Return what lies between one day's end and the next day's start, by length; no two of them may overlap."""
        gaps = (self.days[1:] - self.days[:-1]) * DAY_MS - int((self.closes - self.opens) * HOUR_MS)
        ends = self.days[:-1] * DAY_MS + int(self.closes * HOUR_MS)
        return [{"values": ends[gaps == gap].tolist(), "dvalue": gap} for gap in union_of([gaps]).tolist() if gap > 0]


class ClockBuilder:
    """Gathers the days that some times are on and the stretch of the day that they are in.

    span: the first and last ms of a day that are drawn in any case; None for none.
    """

    def __init__(self, days: Int64s, span: tuple[int, int] | None = None) -> None:
        self._days = [days]
        self._first, self._last = span or (DAY_MS - 1, 0)

    def add(self, stamps: Int64s) -> None:
        """Add times, ms."""
        if len(stamps):
            of_day = stamps % DAY_MS
            self._days.append(union_of([stamps // DAY_MS]))
            self._first, self._last = min(self._first, int(of_day.min())), max(self._last, int(of_day.max()))

    def clock(self, name: str = "clock") -> Clock:
        """Return the clock of all that was added."""
        span = [self._first, self._last] if self._last >= self._first else []
        return Clock(union_of(self._days), np.array(span, np.int64), name)


def sketch(stamps: Int64s, values: Float64s, clock: Clock) -> Spark:
    """Return a curve of steps from 0 on the first day on, to be shown before charts are drawn; stamps in ms."""
    drawn = extremes([values], MOST)
    lowest, highest = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    spread = highest - lowest or 1.0
    across = _across(stamps[drawn], clock)
    up = np.round((highest - values[drawn]) / spread * HEIGHT, 1)
    zero = round(highest / spread * HEIGHT, 1)
    before = np.concatenate([[zero], up])
    steps = [f"{x:g},{y:g}" for x, *heights in zip(across, before, up, strict=False) for y in heights]
    return Spark(" ".join([f"0,{zero:g}", *steps, f"{WIDTH},{before[-1]:g}"]), str(zero), WIDTH, HEIGHT)


def _across(stamps: Int64s, clock: Clock) -> list[float]:
    """Return where times stand between the first and the last day, nights and idle days taking no room."""
    opens, closes = clock.opens, clock.closes
    of_day = (stamps % DAY_MS / HOUR_MS - opens) / (closes - opens)
    places = np.searchsorted(clock.days, stamps // DAY_MS) + of_day
    across: list[float] = np.round(places / max(len(clock.days), 1) * WIDTH, 1).tolist()
    return across

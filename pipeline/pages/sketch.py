"""The points of a still picture of a curve over time, which a page shows before its charts are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.pages.time_axis import DAY_MS, HOUR_MS
from pipeline.spark import Spark, extremes

if TYPE_CHECKING:
    from pipeline.pages.time_axis import Clock
    from pipeline.ticks import Float64s, Int64s

WIDTH: Final = 1_000
HEIGHT: Final = 200
MOST: Final = 300


def sketch(stamps: Int64s, values: Float64s, clock: Clock) -> Spark:
    """Return a curve of steps from 0 on the first day on, on the same clock as the charts; stamps in ms."""
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

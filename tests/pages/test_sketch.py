"""The still picture that a page shows until its charts are drawn: the same curve, in its box."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.sketch import sketch
from pipeline.pages.time_axis import Clock

MONDAY, DAY_MS, HOUR_MS = 20_101, 86_400_000, 3_600_000


def corners(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_a_curve_of_two_days_is_drawn_in_steps_with_the_night_left_out() -> None:
    stamps = np.array([MONDAY * DAY_MS + 10 * HOUR_MS, (MONDAY + 3) * DAY_MS + 12 * HOUR_MS])
    clock = Clock(np.array([MONDAY, MONDAY + 3]), stamps % DAY_MS)
    assert (clock.opens, clock.closes) == (10, 12.5)
    drawing = sketch(stamps, np.array([100.0, -100.0]), clock)
    assert drawing.zero == "100.0"
    assert corners(drawing.points) == [(0, 100), (0, 100), (0, 0), (900, 0), (900, 200), (1000, 200)]


@given(st.lists(st.floats(-1e6, 1e6), max_size=900))
def test_every_curve_stays_in_its_box_and_touches_what_is_highest(values: list[float]) -> None:
    stamps = MONDAY * DAY_MS + 10 * HOUR_MS + np.arange(len(values)) * 1000
    drawing = sketch(stamps, np.array(values), Clock(np.array([MONDAY]), np.array([10 * HOUR_MS])))
    places = corners(drawing.points)
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert all(0 <= x <= 1000 and 0 <= y <= 200 for x, y in places)
    assert len(places) <= 2 * 300 + 2
    if max(values, default=0.0) > 0:
        assert min(y for _, y in places) == 0


def test_a_run_without_a_fill_is_a_line_at_nothing() -> None:
    nothing = np.empty(0, np.int64)
    drawing = sketch(nothing, np.empty(0), Clock(nothing, nothing))
    assert corners(drawing.points) == [(0, 0), (1000, 0)]

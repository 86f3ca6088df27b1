"""The time axis: no fill falls into a break, and nights, weekends and holidays take no room."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.time_axis import Clock, sketch

MONDAY, DAY_MS, HOUR_MS = 20_101, 86_400_000, 3_600_000


def broken(clock: Clock) -> list[tuple[int, int]]:
    return sorted(
        (start, start + stretch["dvalue"]) for stretch in clock.axis()["rangebreaks"] for start in stretch["values"]
    )


@given(st.sets(st.integers(20_000, 20_060), min_size=1), st.lists(st.integers(0, DAY_MS - 1), min_size=1, max_size=9))
def test_breaks_lie_apart_and_hide_nothing_that_happened(days: set[int], times: list[int]) -> None:
    clock = Clock(np.array(sorted(days)), np.array(times))
    breaks = broken(clock)
    assert all(end <= start for (_, end), (start, _) in pairwise(breaks))
    stamps = [day * DAY_MS + time for day in days for time in times]
    assert not [at for at in stamps for start, end in breaks if start <= at < end]
    first, last = clock.span(np.array(sorted(days)))
    drawn = last + 1 - first - sum(end - start for start, end in breaks)
    assert drawn == len(days) * (clock.closes - clock.opens) * HOUR_MS


def test_a_week_of_the_exchange_has_four_nights_and_a_weekend() -> None:
    monday = 20_101
    clock = Clock(
        np.array([monday, monday + 1, monday + 2, monday + 3, monday + 4, monday + 7]),
        np.array([36_000_000, 53_701_000]),
    )
    assert [(end - start) // HOUR_MS for start, end in broken(clock)] == [19, 19, 19, 19, 67]
    assert (clock.opens, clock.closes) == (10, 15)


def test_a_run_without_a_day_has_an_axis_too() -> None:
    clock = Clock(np.empty(0, np.int64), np.empty(0, np.int64))
    assert broken(clock) == []
    assert clock.span(clock.days) == [0, DAY_MS]


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

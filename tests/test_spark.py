"""What a picture shows of a long series is never without its ends and extremes."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spark import extremes, thinned

VALUES = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=300)


@given(VALUES, st.integers(0, 120))
def test_the_points_drawn_are_few_ascending_and_hold_the_extremes(values: list[float], most: int) -> None:
    series = [np.array(values), np.array(values[::-1])]
    places = extremes(series, most)
    assert len(places) <= max(most, 0)
    assert places.tolist() == sorted(set(places.tolist()))
    if most >= 6:
        assert {0, len(values) - 1} <= set(places.tolist())
        for one in series:
            known = one[~np.isnan(one)]
            if len(known):
                assert {known.min(), known.max()} <= set(one[places].tolist())


@given(VALUES)
def test_all_points_are_drawn_where_there_is_room(values: list[float]) -> None:
    assert extremes([np.array(values)], len(values)).tolist() == list(range(len(values)))


def test_a_spike_inside_a_long_calm_is_drawn() -> None:
    calm = np.zeros(100_000)
    calm[77_777] = -5.0
    assert 77_777 in extremes([calm], 50)


def test_a_long_line_of_equity_keeps_its_ends_and_extremes() -> None:
    values = [float((number * 7_919) % 1_000) for number in range(1_000)]
    values[500], values[501] = 5_000.0, -5_000.0
    short = thinned(values)
    assert len(short) <= 60
    assert (short[0], short[-1], max(short), min(short)) == (values[0], values[-1], 5_000.0, -5_000.0)
    assert thinned([1.006, 2.0]) == [1.01, 2.0]

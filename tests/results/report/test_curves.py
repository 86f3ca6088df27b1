"""What is drawn of long series: never more than there is room for, never without the extremes, times exact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.results.report.curves import Columns, drawdown, extremes, largest

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


@given(st.lists(st.integers(1, 1000), max_size=200), st.integers(-1, 60))
def test_the_largest_fill_of_each_stretch_is_drawn(sizes: list[int], most: int) -> None:
    places = largest(np.array(sizes, np.int64), most).tolist()
    assert places == sorted(set(places))
    assert len(places) == min(len(sizes), max(most, 0))
    if places:
        assert max(sizes) in [sizes[place] for place in places]


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_drawdown_is_the_fall_from_the_highest_so_far_beginning_at_nothing(equity: list[float]) -> None:
    expected = [value - max([0.0, *equity[: place + 1]]) for place, value in enumerate(equity)]
    assert drawdown(np.array(equity)).tolist() == expected


def listed(columns: Columns, held: dict[str, str]) -> list[Any]:
    one = columns.held[held["column"]]
    if isinstance(one, list):
        return one
    return (one["start"] + np.cumsum(one["steps"]) * one["unit"]).astype(np.int64).tolist()


@given(st.lists(st.integers(-(10**12), 10**13), max_size=60))
def test_times_are_kept_exactly(stamps: list[int]) -> None:
    columns = Columns()
    assert listed(columns, columns.times(np.array(stamps, np.int64))) == stamps


def test_equal_times_stand_on_the_page_once() -> None:
    columns = Columns()
    assert columns.times(np.array([5, 6])) == columns.times(np.array([5, 6])) != columns.times(np.array([5, 7]))
    assert len(columns.held) == 2


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=60))
def test_amounts_are_kept_to_a_cent_or_to_a_thousandth_of_a_percent_of_their_span(values: list[float]) -> None:
    columns = Columns()
    kept = listed(columns, columns.money(np.array(values)))
    within = max(0.005, (max(values) - min(values)) / 10_000)
    assert kept == pytest.approx(values, rel=1e-9, abs=within + 1e-9)


def test_what_is_missing_is_null_and_lists_of_whole_numbers_are_short() -> None:
    columns = Columns()
    assert repr(listed(columns, columns.add(np.array([1.0, np.nan, 0.25, 12.3456]), 2))) == "[1.0, None, 0.25, 12.35]"
    assert repr(listed(columns, columns.add(np.array([1.004, -0.001, 7.0]), 2))) == "[1, 0, 7]"

"""What a page carries of long series is every value; what a picture shows of them is never without the extremes."""

from __future__ import annotations

import base64
import gzip
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.curves import drawdown, extremes, packed, packed_columns
from tests.pages.reading import unpacked

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


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_drawdown_is_the_fall_from_the_highest_so_far_beginning_at_nothing(equity: list[float]) -> None:
    expected = [value - max([0.0, *equity[: place + 1]]) for place, value in enumerate(equity)]
    assert drawdown(np.array(equity)).tolist() == expected


NUMBERS = st.integers(-(10**12), 10**13) | st.integers(-3, 3)


@given(st.lists(NUMBERS, max_size=60), st.lists(st.integers(-(10**9), 10**9) | st.none(), max_size=60))
def test_columns_come_back_exactly_with_what_is_missing(stamps: list[int], cents: list[int | None]) -> None:
    money = [math.nan if one is None else one / 100 for one in cents]
    pack = packed_columns({"stamps": (np.array(stamps, np.int64), 0), "money": (np.array(money, np.float64), 2)})
    columns = unpacked(pack)
    assert columns["stamps"] == stamps
    assert repr(columns["money"]) == repr(money)


def test_a_column_is_written_as_documented() -> None:
    pack = packed_columns({"a": (np.array([5, 15, 5, 1285]), 0), "b": (np.array([np.nan, 0.5, 0.25]), 2)})
    assert pack["columns"] == [["a", 4, 5, 10, 0], ["b", 3, 50, 25, 2]]
    # Steps in tens: 0, 1, -1, 128; in quarters: missing, 0, -1.
    assert gzip.decompress(base64.b64decode(pack["base64"])) == bytes([1, 3, 2, 0x81, 2, 0, 1, 2])


def test_what_is_packed_is_the_same_bytes_at_any_time() -> None:
    content = base64.b64decode(packed(b"the same" * 100))
    assert content[4:8] == bytes(4), "gzip keeps a time here"
    assert packed(b"the same" * 100) == packed(b"the same" * 100)

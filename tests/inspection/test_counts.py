"""What is counted in a security's ticks, all at once, is what counting event by event gives."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inspection.security import count, repeated
from pipeline.market.facts import facts_of
from pipeline.ticks import Ticks
from tests.inspection.plain_counts import counts, plain_counts
from tests.made import DAY, HOUR, MONDAY, SECOND, random_ticks

ADX: Final = facts_of("ADX")
FRIDAY: Final = MONDAY + 4 * DAY
MINUTE: Final = 60 * SECOND
MOMENTS: Final = [
    *(hours * HOUR for hours in (0, 9.5, 10, 12, 14.75, 15)),
    *(hours * HOUR - 1_000_000 for hours in (9.5, 10, 14.75, 15, 24)),
]
PRICES: Final = [0.0, 0.995, 0.9955, 9.99, 9.995, 10.0, 10.01, 10.02, 11.0, 11.02, 12.24, 99.95, 100.05, 250.1]

rows = st.tuples(
    st.integers(0, 8),
    st.sampled_from([int(moment) for moment in MOMENTS]) | st.integers(0, 86_399).map(lambda second: second * SECOND),
    st.integers(0, 2),
    st.sampled_from(PRICES),
    st.sampled_from([0, 1, 100]),
)


def ticks_of(found: list[tuple[int, int, int, float, int]]) -> Ticks:
    day, moment, kind, price, volume = (list(column) for column in zip(*found, strict=True))
    clock = MONDAY + np.array(day, np.int64) * DAY + np.array(moment, np.int64)
    return Ticks(clock, np.array(kind, np.int8), np.array(price, np.float64), np.array(volume, np.int64))


@given(found=st.lists(rows, min_size=1, max_size=60), in_order=st.booleans())
def test_every_count_is_that_of_a_plain_loop(found: list[tuple[int, int, int, float, int]], *, in_order: bool) -> None:
    ticks = ticks_of(sorted(found) if in_order else found)
    assert counts(ticks, ADX) == plain_counts(ticks, ADX)


@given(st.integers(0, 2**32), st.sampled_from(["ADX", "DFM"]))
def test_every_count_of_a_usual_day_is_that_of_a_plain_loop(seed: int, exchange: str) -> None:
    ticks = random_ticks(seed, days=2, a_day=200)
    assert counts(ticks, facts_of(exchange)) == plain_counts(ticks, facts_of(exchange))


def test_rows_of_one_hash_that_differ_are_no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = ticks_of([(0, HOUR, 0, 1.0, 5), (0, HOUR, 0, 2.0, 5), (0, HOUR, 0, 1.0, 5), (0, HOUR, 0, 2.0, 6)])
    assert repeated(ticks) == 1
    monkeypatch.setattr("pipeline.inspection.security.MIXERS", (0, 0, 0, 0))
    assert repeated(ticks) == 1


@pytest.mark.parametrize("hours", [-9, -4, -3, -1, 1, 2, 4, 6])
def test_a_clock_that_is_off_by_whole_hours_is_found_whatever_the_hours(hours: int) -> None:
    one = random_ticks(3, days=5)
    shifted = Ticks(one.timestamp + hours * HOUR, one.kind, one.price, one.volume)
    [found] = count(shifted, ADX).shifts
    assert (found.hours, found.days) == (hours, 5)
    assert abs(found.first_minute - (9 * 60 + 30 + hours * 60)) <= 5
    assert abs(found.last_minute - (15 * 60 + hours * 60)) <= 10


def test_a_clock_that_changes_with_summer_time_is_found_on_each_part_of_the_days() -> None:
    one = random_ticks(3, days=5)
    late = one.timestamp >= MONDAY + 3 * DAY
    shifted = Ticks(one.timestamp - np.where(late, 3, 4) * HOUR, one.kind, one.price, one.volume)
    assert [(found.hours, found.days) for found in count(shifted, ADX).shifts] == [(-4, 3), (-3, 2)]


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_a_clock_that_is_right_is_off_by_nothing(exchange: str) -> None:
    for seed in range(20):
        assert count(random_ticks(seed, days=3), facts_of(exchange)).shifts == ()


def test_a_few_ticks_say_nothing_about_the_clock() -> None:
    ticks = ticks_of([(0, int(6.5 * HOUR) + number * MINUTE, 0, 10.0, 1) for number in range(19)])
    assert count(ticks, ADX).shifts == ()


def test_days_known_to_be_closed_are_not_missed_and_ticks_on_them_are_told() -> None:
    eid = (np.datetime64("2024-04-08", "D").astype(np.int64) * DAY) - MONDAY  # Eid al-Fitr 2024, Monday to Friday
    weekend = [(int(eid // DAY) + day, 11 * HOUR, 0, 10.0, 1) for day in (-3, 1, 7)]
    found = count(ticks_of(weekend), ADX)
    assert [str(day) for day in found.missing_days] == []
    assert [str(day) for day in found.closed_days] == ["2024-04-09"]

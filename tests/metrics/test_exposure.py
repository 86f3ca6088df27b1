"""Exposure and the growth of prices, against sums over every security at the end of every five minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics.exposure import SLOT_MS, SLOTS, Exposure

DAY_MS = 86_400_000
DAYS = [20_101, 20_102, 20_105]
Fills = list[tuple[int, int, int]]
Marks = list[tuple[int, int | None]]
MOMENT = st.builds(
    lambda day, slot, late: day * DAY_MS + slot * SLOT_MS + late,
    st.sampled_from(DAYS),
    st.integers(120, 180),
    st.integers(0, SLOT_MS - 1),
)
FILLS = st.lists(st.tuples(MOMENT, st.integers(-9, 9), st.integers(1, 9)), max_size=12).map(sorted)
MARKS = st.lists(st.tuples(MOMENT, st.integers(1, 9) | st.none()), max_size=12, unique_by=lambda one: one[0]).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


def added(securities: list[tuple[Fills, Marks]], by: int = 0) -> Exposure:
    exposure = Exposure(np.array(DAYS, np.int64))
    for fills, marks in securities:
        stamps, position, price = (np.array([row[at] for row in fills], np.int64) for at in range(3))
        at = np.array([moment for moment, _ in marks], np.int64)
        worth = np.array([np.nan if mark is None else mark for _, mark in marks], np.float64)
        exposure.add(stamps, position, price.astype(np.float64), at, worth, lambda stamps: stamps + by)
    return exposure


@given(st.lists(st.tuples(FILLS, MARKS), max_size=3), st.integers(-100, 100))
def test_slots_are_on_the_clock_of_all_and_growth_is_of_each_exchanges_days(
    securities: list[tuple[Fills, Marks]], slots: int
) -> None:
    by = slots * SLOT_MS

    def moved(rows: list[Any]) -> list[Any]:
        return [(row[0] + by, *row[1:]) for row in rows]

    together = added(securities, by)
    shifted = added([(moved(fills), moved(marks)) for fills, marks in securities])
    for one, other in zip(together.by_day(), shifted.by_day(), strict=True):
        assert one.tolist() == other.tolist()
    growth, expected = together.growth(), added(securities).growth()
    assert (growth is None) == (expected is None)
    assert growth is None or expected is None or growth.tolist() == expected.tolist()


def worth_at(fills: Fills, marks: Marks, end: int) -> float:
    """Return what one security's position is worth just before a moment."""
    before = [row for row in fills if row[0] < end]
    known = [mark for at, mark in marks if at < end and mark is not None]
    return abs(before[-1][1]) * (known[-1] if known else before[-1][2]) if before else 0.0


@given(st.lists(st.tuples(FILLS, MARKS), max_size=4))
def test_a_days_exposure_is_that_of_its_slots(securities: list[tuple[Fills, Marks]]) -> None:
    mean, highest = added(securities).by_day()
    moments = [row[0] for fills, marks in securities for row in (*fills, *((at, mark) for at, mark in marks if mark))]
    slots = [at % DAY_MS // SLOT_MS for at in moments]
    for number, day in enumerate(DAYS):
        ends = [day * DAY_MS + (slot + 1) * SLOT_MS for slot in range(min(slots), max(slots) + 1)] if slots else []
        worth = [sum(worth_at(fills, marks, end) for fills, marks in securities) for end in ends] or [0.0]
        assert mean[number] == pytest.approx(sum(worth) / len(worth), abs=1e-9)
        assert highest[number] == pytest.approx(max(worth), abs=1e-9)


@given(st.lists(MARKS, max_size=4))
def test_equal_stakes_grow_with_each_securitys_price(paths: list[Marks]) -> None:
    growth = added([([], marks) for marks in paths]).growth()
    known = [[(at, mark) for at, mark in marks if mark is not None] for marks in paths]
    priced = [path for path in known if path]
    assert (growth is None) == (not priced)
    for number, day in enumerate(DAYS if growth is not None else []):
        closes = [[mark for at, mark in path if at // DAY_MS <= day] for path in priced]
        grown = [each[-1] / path[0][1] - 1 if each else 0.0 for each, path in zip(closes, priced, strict=True)]
        assert growth is not None
        assert growth[number] == pytest.approx(sum(grown) / len(grown))


def test_what_is_held_over_night_and_on_a_day_without_a_market_counts() -> None:
    opens = DAYS[0] * DAY_MS + 120 * SLOT_MS
    weekend = (DAYS[1] + 1) * DAY_MS + 130 * SLOT_MS
    held = added([([(opens, 10, 5), (weekend, 0, 5)], [(opens, 5), (opens + SLOT_MS, 6)])])
    mean, _ = held.by_day()
    slots = SLOTS - 120
    assert mean.tolist() == pytest.approx([60 - 10 / slots, 60 - 60 / slots, 0.0])

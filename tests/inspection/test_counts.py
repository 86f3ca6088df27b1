"""What is counted in a security's ticks, all at once, is what counting event by event gives."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inspection.counting import RunningCounts, count
from pipeline.inspection.counts import as_text, from_text, is_current
from pipeline.inspection.sessions import closed_days, missing_days, unswapped
from pipeline.markets.facts import facts_of
from pipeline.markets.phases import EVER, hours_of, sessions_of
from pipeline.markets.read import read_market
from pipeline.markets.tick_tables import TickTable
from pipeline.ticks import Ticks
from tests.engine.replays import written
from tests.inspection.plain_counts import counts, plain_counts, without_shifts
from tests.made import DAY, HOUR, MONDAY, SECOND, random_ticks
from tests.markets.market_files import markets

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts

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


def ticks_of(rows: list[tuple[int, int, int, float, int]]) -> Ticks:
    day, moment, kind, price, volume = (list(column) for column in zip(*rows, strict=True))
    clock = MONDAY + np.array(day, np.int64) * DAY + np.array(moment, np.int64)
    return Ticks(clock, np.array(kind, np.int8), np.array(price, np.float64), np.array(volume, np.int64))


@given(rows=st.lists(rows, min_size=1, max_size=60), in_order=st.booleans())
def test_every_count_is_that_of_a_plain_loop(rows: list[tuple[int, int, int, float, int]], *, in_order: bool) -> None:
    ticks = ticks_of(sorted(rows) if in_order else rows)
    assert counts(ticks, ADX) == plain_counts(ticks, ADX)


CHANGING: Final = replace(
    ADX,
    sessions=sessions_of(
        [
            {"pre_open": ["09:30", "10:00"], "continuous": [["10:00", "12:00"], ["13:00", "14:45"]],
             "closing_auction": ["14:45", "14:55"], "trade_at_last": ["14:57", "15:00"]},
            {"from": "2025-01-14", "continuous": [["11:00", "14:45"]], "opening_auction": ["10:00", "10:30"]},
            {"from": "2025-01-16", "continuous": [["10:00", "12:00"], ["12:05", "14:45"], ["15:30", "24:00"]]},
        ],
        "here",
        0,
    ),
    half_days=((dt.date(2025, 1, 15), hours_of({"continuous": [["09:30", "12:00"]]}, "here", 0)),),
    tick_tables=(
        TickTable(EVER, ((10.0, 0.005), (math.inf, 0.02))),
        TickTable(dt.date(2025, 1, 15), ((math.inf, 0.01),)),
    ),
)  # fmt: skip
"""Lunch on 12 and 13 January, one span on the 14th, a half day on the 15th, two breaks then; a change of ticks between.
"""

EVENING: Final = replace(
    ADX,
    day_starts=int(17 * HOUR),
    sessions=sessions_of(
        [{"day_starts": "17:00", "continuous": [["17:00", "09:00"], ["10:00", "16:00"]]}], "here", int(17 * HOUR)
    ),
)  # fmt: skip


def market_of(content: dict[str, Any]) -> MarketFacts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "XYZ.json")
        path.write_text(json.dumps(content), encoding="utf-8")
        return read_market(path)


@given(
    rows=st.lists(rows, min_size=1, max_size=60),
    facts=st.sampled_from([CHANGING, EVENING, facts_of("HKEX")]) | markets().map(market_of),
    in_order=st.booleans(),
)
def test_each_day_is_counted_by_its_own_hours_breaks_and_tick_sizes(
    rows: list[tuple[int, int, int, float, int]], facts: MarketFacts, *, in_order: bool
) -> None:
    ticks = ticks_of(sorted(rows) if in_order else rows)
    assert counts(ticks, facts) == plain_counts(ticks, facts)


@given(st.integers(0, 2**32), st.sampled_from(["ADX", "DFM"]))
def test_every_count_of_a_usual_day_is_that_of_a_plain_loop(seed: int, exchange: str) -> None:
    ticks = random_ticks(seed, days=2, a_day=200)
    assert counts(ticks, facts_of(exchange)) == plain_counts(ticks, facts_of(exchange))


@given(
    rows=st.lists(rows, min_size=1, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    enough=st.integers(1, 20),
    in_order=st.booleans(),
)
def test_what_comes_block_by_block_is_counted_as_one_or_not_at_all(
    rows: list[tuple[int, int, int, float, int]], cuts: list[int], enough: int, *, in_order: bool
) -> None:
    ticks = ticks_of(sorted(rows) if in_order else rows)
    counted = RunningCounts(ADX, enough)
    ends = [0, *sorted(cuts), len(ticks)]
    for start, end in itertools.pairwise(ends):
        counted.add(ticks[start:end])
    text = counted.text()
    days = [day for day, *_ in rows]
    assert counted.days_ascend == (in_order or days == sorted(days))
    if text:
        assert without_shifts(from_text(text)) == plain_counts(ticks, ADX)
    assert bool(text) == counted.days_ascend


@pytest.mark.parametrize("hours", [0, -4, 3])
def test_shifted_days_are_found_block_by_block(hours: int) -> None:
    ticks = random_ticks(3, days=9)
    ticks = replace(ticks, timestamp=ticks.timestamp - hours * HOUR)
    counted = RunningCounts(ADX, 500)
    for start in range(0, len(ticks), 100):
        counted.add(ticks[start : start + 100])
    assert counted.text() == as_text(count(ticks, ADX), ADX)


@pytest.mark.parametrize("hours", [-9, -4, -3, -1, 1, 2, 4, 6])
def test_a_clock_that_is_off_by_whole_hours_is_found_whatever_the_hours(hours: int) -> None:
    ticks = random_ticks(3, days=5)
    shifted = Ticks(ticks.timestamp + hours * HOUR, ticks.kind, ticks.price, ticks.volume)
    [shift] = count(shifted, ADX).shifts
    assert (shift.hours, shift.days) == (hours, 5)
    assert abs(shift.first_minute - (9 * 60 + 30 + hours * 60)) <= 5
    assert abs(shift.last_minute - (15 * 60 + hours * 60)) <= 10


def test_a_clock_that_changes_with_summer_time_is_found_on_each_part_of_the_days() -> None:
    ticks = random_ticks(3, days=5)
    late = ticks.timestamp >= MONDAY + 3 * DAY
    shifted = Ticks(ticks.timestamp - np.where(late, 3, 4) * HOUR, ticks.kind, ticks.price, ticks.volume)
    assert [(shift.hours, shift.days) for shift in count(shifted, ADX).shifts] == [(-4, 3), (-3, 2)]


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_a_clock_that_is_right_is_off_by_nothing(exchange: str) -> None:
    for seed in range(20):
        assert count(random_ticks(seed, days=3), facts_of(exchange)).shifts == ()


def test_a_few_ticks_say_nothing_about_the_clock() -> None:
    ticks = ticks_of([(0, int(6.5 * HOUR) + number * MINUTE, 0, 10.0, 1) for number in range(19)])
    assert count(ticks, ADX).shifts == ()


def test_days_known_to_be_closed_are_not_missed_and_ticks_on_them_are_told() -> None:
    monday = int(np.datetime64("2024-04-08", "D").astype(np.int64))  # Eid al-Fitr 2024, Monday to Friday
    assert missing_days([monday - 3, monday + 7], ADX) == []
    assert closed_days([monday - 3, monday - 2, monday + 1, monday + 7], ADX) == [monday - 2, monday + 1]


def day(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2025-01-05", "2025-02-05", "2025-05-05", "2025-06-05"], True),  # 1, 2, 5 and 6 May
        (["2025-01-05", "2025-02-05", "2025-05-13", "2025-05-14"], True),  # 1 and 2 May swapped, later days not
        (["2025-05-01", "2025-05-02", "2025-05-05", "2025-05-12"], False),
        (["2025-04-14", "2025-05-02", "2025-07-07", "2025-10-24"], False),
        (["2025-05-05"], False),
        (["2025-05-05", "2025-05-06"], False),
        (["2024-12-12", "2025-01-01"], False),
    ],
)
def test_days_and_months_are_swapped_when_that_brings_the_days_far_nearer(days: list[str], *, expected: bool) -> None:
    assert bool(unswapped([day(text) for text in days])) == expected


def test_counts_are_the_same_when_they_have_been_text() -> None:
    for seed, hours in ((1, 0), (2, -4)):
        ticks = random_ticks(seed)
        counted = count(Ticks(ticks.timestamp + hours * HOUR, ticks.kind, ticks.price, ticks.volume), ADX)
        again = from_text(as_text(counted, ADX))
        assert again is not None
        assert asdict(again) == asdict(counted)
    assert from_text(as_text(None, ADX)) is None


def test_a_text_holds_for_the_facts_it_was_counted_by_and_for_this_version_only() -> None:
    text = as_text(None, ADX)
    assert is_current(text, ADX)
    assert not is_current(text, facts_of("DFM"))
    assert is_current(text, replace(ADX, closed_days=frozenset()))  # the days are kept, not what they were closed by
    assert not is_current(text, replace(ADX, day_starts=HOUR))
    assert not is_current(text.replace('"version":', '"version":9'), ADX)
    assert not is_current("", ADX)


def test_a_break_is_no_gap_and_each_day_is_looked_at_by_its_own_hours() -> None:
    lunch = sessions_of(
        [
            {"continuous": [["10:00", "12:00"], ["13:30", "14:45"]]},
            {"from": "2025-01-02", "continuous": [["11:00", "14:45"]]},
        ],
        "here",
        0,
    )
    market = replace(ADX, sessions=lunch)
    lines = [
        *(f"1 {clock} bid 10.00 5" for clock in ("10:00:00", "10:40:00", "11:30:00", "13:45:00", "14:40:00")),
        *(f"2 {clock} bid 10.00 5" for clock in ("11:50:00", "12:40:00", "13:30:00", "14:20:00")),
    ]
    gap = count(written("\n".join(lines)), market).gap
    assert gap is not None
    first_day = written("1 00:00:00 bid 10.00 5").timestamp[0]
    clocks = [(time - first_day) // 60_000_000_000 for time in (gap.start, gap.end)]
    assert clocks == [825, 880]  # from 13:45 to 14:40 of the first day, not the break of an hour and a half

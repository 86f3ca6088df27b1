"""Mids around fills and the price path are those of a book kept quote by quote, in the plainest loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backtest.observe import HORIZONS, NO_TIME, observe
from pipeline.engine.outcome import Fills
from pipeline.market.facts import facts_of
from pipeline.ticks import Ticks
from tests.made import DAY, HOUR, MONDAY, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.backtest.observe import Observed

ADX: Final = facts_of("ADX")
MINUTE: Final = 60 * SECOND
OPENS, CLOSES = 10 * HOUR, 14 * HOUR + 45 * MINUTE
Row = tuple[int, int, float, int]


def ticks_of(rows: Sequence[Row]) -> Ticks:
    """Return ticks from rows of (ns since Monday, kind, price, volume)."""
    time, kind, price, volume = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    return Ticks(
        np.array(time, np.int64) + MONDAY,
        np.array(kind, np.int8),
        np.array(price, np.float64),
        np.array(volume, np.int64),
    )


def fills_at(ticks: Ticks, events: Sequence[int], placed: Sequence[int] | None = None) -> Fills:
    count, at = len(events), np.array(events, np.int64)
    return Fills(
        event=at,
        timestamp=ticks.timestamp[at],
        side=np.ones(count, np.int8),
        price=np.ones(count),
        quantity=np.ones(count, np.int64),
        realized=np.zeros(count),
        position=np.ones(count, np.int64),
        pnl=np.zeros(count),
        placed=np.full(count, -1) if placed is None else np.array(placed, np.int64),
    )


def observed(rows: Sequence[Row], events: Sequence[int], placed: Sequence[int] | None = None) -> Observed:
    ticks = ticks_of(rows)
    days = np.array(
        sorted({int(t) // DAY for t, k in zip(ticks.timestamp, ticks.kind, strict=True) if k == 2}), np.int64
    )
    return observe(ticks, fills_at(ticks, events, placed), days, ADX)


def in_session(time: int) -> bool:
    return OPENS <= time % DAY < CLOSES


def mid_by_hand(ticks: Ticks, upto: int, day: int) -> float:
    """Return the mid after an event, of the book of a day, by going through all quotes before it."""
    sides: dict[int, tuple[float, int]] = {}
    for time, kind, price, volume in list(zip(*(c.tolist() for c in columns(ticks)), strict=True))[: upto + 1]:
        if kind < 2 and price > 0 and in_session(time) and time // DAY == day:
            sides[kind] = price, volume
    if any(side not in sides or sides[side][1] <= 0 for side in (0, 1)):
        return math.nan
    return (sides[0][0] + sides[1][0]) / 2


def columns(ticks: Ticks) -> tuple[Any, ...]:
    return ticks.timestamp, ticks.kind, ticks.price, ticks.volume


def latest(ticks: Ticks, time: int) -> int:
    """Return the last event at or before a time, on a clock that never steps back."""
    clock, found = -(2**62), -1
    for event, own in enumerate(ticks.timestamp.tolist()):
        clock = max(clock, own)
        if clock <= time:
            found = event
    return found


KINDS = st.sampled_from([0, 0, 1, 1, 2])
TIMES = st.one_of(
    st.integers(OPENS // SECOND - 3, OPENS // SECOND + 400),
    st.integers(CLOSES // SECOND - 400, CLOSES // SECOND + 700),
)
ROWS = st.lists(
    st.tuples(st.integers(0, 2), TIMES, KINDS, st.sampled_from([0.0, 9.98, 10.0, 10.02]), st.sampled_from([0, 5, 900])),
    max_size=40,
)


@given(rows=ROWS, step_back=st.booleans(), data=st.data())
def test_every_mid_is_that_of_the_book_quote_by_quote(rows: Any, step_back: bool, data: Any) -> None:  # noqa: FBT001
    ordered = sorted((day * DAY + second * SECOND, kind, price, volume) for day, second, kind, price, volume in rows)
    if step_back and len(ordered) > 2:
        ordered[1], ordered[2] = ordered[2], ordered[1]
    ticks = ticks_of(ordered)
    events = sorted(data.draw(st.lists(st.integers(0, len(ordered) - 1), max_size=8))) if ordered else []
    found = observed(ordered, events)
    for place, event in enumerate(events):
        time = int(ticks.timestamp[event])
        now = mid_by_hand(ticks, event, time // DAY) if in_session(time) else math.nan
        assert found.mid[place] == pytest.approx(now, nan_ok=True)
        for number, after in enumerate(HORIZONS.values()):
            later = time + after
            known = in_session(time) and in_session(later) and later // DAY == time // DAY
            wanted = mid_by_hand(ticks, latest(ticks, later), time // DAY) if known else math.nan
            assert found.mid_later[number][place] == pytest.approx(wanted, nan_ok=True)
    for time, mid, last in zip(found.path_time.tolist(), found.path_mid, found.path_last, strict=True):
        event = latest(ticks, time)
        prints = [
            price
            for at, (own, kind, price) in enumerate(zip(ticks.timestamp, ticks.kind, ticks.price, strict=True))
            if at <= event
            and kind == 2
            and price > 0
            and latest(ticks, int(own)) >= at
            and int(own) // DAY == time // DAY
        ]
        if not step_back:
            assert last == pytest.approx(prints[-1] if prints else math.nan, nan_ok=True)
        inside = time % DAY <= CLOSES
        assert mid == pytest.approx(mid_by_hand(ticks, event, time // DAY) if inside else math.nan, nan_ok=True)


def test_a_fill_outside_the_session_or_beside_an_empty_side_has_no_mid() -> None:
    rows = [
        (OPENS, 0, 10.00, 100),
        (OPENS + SECOND, 2, 10.00, 5),  # only a bid yet
        (OPENS + 2 * SECOND, 1, 10.10, 100),
        (OPENS + 3 * SECOND, 2, 10.10, 5),  # both: 10.05
        (OPENS + 4 * SECOND, 1, 10.20, 0),  # the ask is gone
        (OPENS + 5 * SECOND, 2, 10.00, 5),
        (CLOSES + 10 * MINUTE, 2, 10.30, 5),  # the auction
    ]
    found = observed(rows, [1, 3, 5, 6])
    assert found.mid.tolist() == pytest.approx([math.nan, 10.05, math.nan, math.nan], nan_ok=True)
    # one second after: 10.05 for the first (the ask is there by then), none for the second (it is gone by then)
    assert found.mid_later[0].tolist() == pytest.approx([10.05, math.nan, math.nan, math.nan], nan_ok=True)


def test_several_quotes_of_one_second_count_as_they_stand_at_its_end_for_later_and_by_event_for_the_fill() -> None:
    rows = [
        (OPENS, 0, 10.00, 100),
        (OPENS, 1, 10.10, 100),
        (OPENS, 2, 10.10, 5),
        (OPENS, 0, 10.04, 100),
        (OPENS + SECOND, 0, 10.06, 100),
    ]
    found = observed(rows, [2])
    assert found.mid.tolist() == [10.05]
    assert found.mid_later[0].tolist() == pytest.approx([10.08])


def test_the_path_is_every_five_minutes_of_the_session_and_the_last_print_after_it() -> None:
    rows = [(OPENS, 2, 10.0, 5), (CLOSES + 12 * MINUTE, 2, 10.4, 5), (DAY + OPENS, 2, 11.0, 5)]
    found = observed(rows, [])
    day = (found.path_time - MONDAY)[found.path_time < MONDAY + DAY]
    assert day[:2].tolist() == [OPENS + 5 * MINUTE, OPENS + 10 * MINUTE]
    assert day[-2:].tolist() == [CLOSES, CLOSES + 12 * MINUTE]
    assert len(found.path_time) == 57 + 1 + 57
    assert found.path_last[[0, 56, 57, 58]].tolist() == [10.0, 10.0, 10.4, 11.0]
    assert np.isnan(found.path_mid).all()


def test_when_the_order_was_placed_stands_beside_its_fill() -> None:
    rows = [(OPENS, 0, 10.0, 5), (OPENS + 7 * SECOND, 2, 10.0, 9), (CLOSES + 10 * MINUTE, 2, 10.0, 9)]
    assert observed(rows, [1, 2], [0, -1]).placed.tolist() == [MONDAY + OPENS, NO_TIME]


def test_no_ticks_and_no_fills_break_nothing() -> None:
    found = observed([], [])
    assert (len(found.mid), found.mid_later.shape, len(found.path_time)) == (0, (4, 0), 0)

"""Mids around fills and the price path are those of a book kept quote by quote, in the plainest loop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import Fills
from pipeline.markets.facts import facts_of
from pipeline.replay.observe import NO_TIME, observe
from pipeline.ticks import Ticks
from tests.made import DAY, HOUR, MONDAY, SECOND
from tests.properties.seeded import seeded_case
from tests.properties.streams import DAYS, ticks_of_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.execution import Execution
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.observe import Observed

ADX: Final = facts_of("ADX")
CLASSIC: Final = make_execution("classic", {}, "")
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
        how=np.zeros(count, np.int8),
        placed=np.full(count, -1) if placed is None else np.array(placed, np.int64),
        limit=np.ones(count),
    )


def observed(
    rows: Sequence[Row],
    events: Sequence[int],
    placed: Sequence[int] | None = None,
    market: MarketFacts = ADX,
    execution: Execution = CLASSIC,
) -> Observed:
    ticks = ticks_of(rows)
    return observe(ticks, fills_at(ticks, events, placed), market_days_of(ticks), market, execution, 0, {}, ())[0]


def market_days_of(ticks: Ticks) -> Any:
    """Return the days with a print, as the engine does."""
    prints = (ticks.kind == 2) & (ticks.price > 0)
    return np.array(sorted(set((ticks.timestamp[prints] // DAY).tolist())), np.int64)


def in_session(time: int) -> bool:
    return OPENS <= time % DAY < CLOSES


@dataclass
class Instant:
    """What holds after an event: the clock that never steps back, the book's mid, the day's last print."""

    clock: int
    mid: float
    last: float


def walked(ticks: Ticks) -> list[Instant]:
    """Return what holds after each event, by keeping a book quote by quote as the engine's rules have it."""
    clock, today = -(2**62), None
    book: dict[int, float] = {}
    last = math.nan
    instants = []
    for time, kind, price, volume in zip(*(column.tolist() for column in columns(ticks)), strict=True):
        clock = max(clock, time)
        if time // DAY != today:
            today, book, last = time // DAY, {}, math.nan
        if price > 0 and kind == 2:
            last = price
        elif price > 0 and in_session(time):
            book.pop(kind, None)
            if volume > 0:
                book[kind] = price
        instants.append(Instant(clock, (book[0] + book[1]) / 2 if len(book) == 2 else math.nan, last))
    return instants


def standing(instants: Sequence[Instant], time: int) -> Instant:
    """Return what held at a time of its day."""
    upto = [instant for instant in instants if instant.clock <= time]
    return upto[-1] if upto and upto[-1].clock // DAY == time // DAY else Instant(time, math.nan, math.nan)


def marks_of(ticks: Ticks, instants: Sequence[Instant], event: int) -> list[float]:
    """Return the mid at a fill, and at each horizon after it."""
    time, clock = int(ticks.timestamp[event]), instants[event].clock
    mids = [instants[event].mid if in_session(time) else math.nan]
    for after in (1, 10, 60, 300):
        later = clock + after * SECOND
        known = in_session(clock) and in_session(later) and later // DAY == clock // DAY
        mids.append(standing(instants, later).mid if known else math.nan)
    return mids


def path_of(ticks: Ticks, instants: Sequence[Instant]) -> list[tuple[int, float, float]]:
    """Return the price path: every five minutes, and the last print where it is later."""
    path = []
    clocks = [instant.clock for instant in instants]
    prints = [at for at, (kind, price) in enumerate(zip(ticks.kind, ticks.price, strict=True)) if kind == 2 and price]
    for day in sorted({clocks[at] // DAY for at in prints}):
        for minutes in range(605, 886, 5):
            time = day * DAY + minutes * MINUTE
            book = standing(instants, time)
            path.append((time, book.mid, book.last))
        final = max(at for at in prints if clocks[at] // DAY == day)
        if clocks[final] % DAY > CLOSES:
            path.append((clocks[final], math.nan, float(ticks.price[final])))
    return path


def columns(ticks: Ticks) -> tuple[Any, ...]:
    return ticks.timestamp, ticks.kind, ticks.price, ticks.volume


def check(ticks: Ticks, events: Sequence[int]) -> int:
    """Hold what was observed against the book, and return how many mids there were."""
    instants = walked(ticks)
    seen = observe(ticks, fills_at(ticks, events), market_days_of(ticks), ADX, CLASSIC, 0, {}, ())[0]
    marks = np.array([seen.mid, *seen.mid_later]).T
    expected = np.array([marks_of(ticks, instants, event) for event in events]).reshape(-1, 5)
    np.testing.assert_array_equal(marks, expected)
    path = list(zip(seen.path_time.tolist(), seen.path_mid.tolist(), seen.path_last.tolist(), strict=True))
    np.testing.assert_array_equal(np.array(path), np.array(path_of(ticks, instants)))
    return int((~np.isnan(marks)).sum() + (~np.isnan(seen.path_mid)).sum())


@given(days=DAYS, data=st.data())
def test_every_mid_is_that_of_the_book_quote_by_quote(days: Any, data: Any) -> None:
    ticks = ticks_of_days(days)
    check(ticks, sorted(data.draw(st.lists(st.integers(0, len(ticks) - 1), max_size=8))))


def test_every_mid_around_every_event_of_seeded_streams_is_that_of_the_book() -> None:
    streams = [seeded_case("v1_baseline", seed).ticks for seed in range(40)]
    assert any((np.diff(ticks.timestamp) < 0).any() for ticks in streams)
    assert sum(check(ticks, range(len(ticks))) for ticks in streams) > 5_000


QUOTED: Final = ((OPENS, 0, 10.00, 100), (OPENS, 1, 10.10, 100))
CASES: Final[dict[str, tuple[list[Row], int, list[float]]]] = {
    "both sides stand": ([*QUOTED, (OPENS + 9 * SECOND, 2, 10.0, 5)], 2, [10.05] * 5),
    "a side with no volume is empty": (
        [*QUOTED, (OPENS + SECOND, 0, 9.9, 0), (OPENS + 2 * SECOND, 2, 9.9, 5)],
        3,
        [math.nan] * 5,
    ),
    "and full again by the next quote": (
        [*QUOTED, (OPENS, 0, 9.9, 0), (OPENS + SECOND, 2, 9.9, 5), (OPENS + 3 * SECOND, 0, 9.9, 5)],
        3,
        [math.nan, math.nan, 10.0, 10.0, 10.0],
    ),
    "a price of zero is no quote": ([*QUOTED, (OPENS, 0, 0.0, 50), (OPENS, 2, 10.0, 5)], 3, [10.05] * 5),
    "a print leaves the book as it is": ([*QUOTED, (OPENS, 2, 10.0, 10**6), (OPENS, 2, 10.0, 5)], 3, [10.05] * 5),
    "quotes before the opening do not count": (
        [(OPENS - SECOND, 0, 10.0, 5), (OPENS, 1, 10.1, 5), (OPENS, 2, 10.0, 5)],
        2,
        [math.nan] * 5,
    ),
    "yesterday's do not either": (
        [*QUOTED, (DAY + OPENS, 1, 10.3, 5), (DAY + OPENS, 2, 10.3, 5), (DAY + OPENS + 10 * SECOND, 0, 10.1, 5)],
        3,
        [math.nan, math.nan, 10.2, 10.2, 10.2],
    ),
    "what is quoted at the horizon counts, what is later does not": (
        [
            *QUOTED,
            (OPENS, 2, 10.0, 5),
            (OPENS + SECOND, 0, 10.02, 5),
            (OPENS + SECOND, 0, 10.04, 5),
            (OPENS + 10 * SECOND + 1, 0, 10.06, 5),
        ],
        2,
        [10.05, 10.07, 10.07, 10.08, 10.08],
    ),
    "a crossed book has its mid": ([*QUOTED, (OPENS, 0, 10.3, 5), (OPENS, 2, 10.0, 5)], 3, [10.2] * 5),
    "the last second of the session has no later": (
        [(CLOSES - SECOND, 0, 10.0, 5), (CLOSES - SECOND, 1, 10.2, 5), (CLOSES - SECOND, 2, 10.0, 5)],
        2,
        [10.1, *[math.nan] * 4],
    ),
    "at the close there is none": (
        [(CLOSES - SECOND, 0, 10.0, 5), (CLOSES - SECOND, 1, 10.2, 5), (CLOSES, 2, 10.0, 5)],
        2,
        [math.nan] * 5,
    ),
    "a clock that stepped back: later is never before the fill": (
        [
            *QUOTED,
            (OPENS + 9 * SECOND, 0, 10.02, 5),
            (OPENS + 7 * SECOND, 2, 10.0, 5),  # at 10.06
            (OPENS + 9 * SECOND, 0, 10.06, 5),
        ],
        3,
        [10.06, 10.08, 10.08, 10.08, 10.08],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_mid_at_a_fill_and_after_it(case: str) -> None:
    rows, event, expected = CASES[case]
    seen = observed(rows, [event])
    assert [*seen.mid, *seen.mid_later[:, 0]] == pytest.approx(expected, nan_ok=True)


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
    seen = observed(rows, [1, 3, 5, 6])
    assert seen.mid.tolist() == pytest.approx([math.nan, 10.05, math.nan, math.nan], nan_ok=True)
    # one second after: 10.05 for the first (the ask is there by then), none for the second (it is gone by then)
    assert seen.mid_later[0].tolist() == pytest.approx([10.05, math.nan, math.nan, math.nan], nan_ok=True)


@pytest.mark.parametrize(("orders", "mid_after"), [("kept", 345.5), ("cancelled", math.nan)])
def test_a_mark_out_ends_at_a_break_which_empties_the_book_where_it_cancels(orders: str, mid_after: float) -> None:
    noon = 12 * HOUR  # when London breaks for two minutes
    rows = [
        *((noon - MINUTE, 0, 350.0, 5), (noon - MINUTE, 1, 351.0, 5), (noon - 10 * SECOND, 2, 350.0, 5)),
        *((noon + 2 * MINUTE, 0, 340.0, 5), (noon + 2 * MINUTE, 2, 340.0, 5), (noon + 3 * MINUTE, 1, 342.0, 5)),
    ]
    execution = make_execution("classic", {"break_orders": orders}, "")
    seen = observed(rows, [2, 4], market=facts_of("LSE"), execution=execution)
    nan = math.nan
    np.testing.assert_array_equal([*seen.mid, *seen.mid_later[:2].ravel()], [350.5, mid_after] * 2 + [nan, mid_after])
    np.testing.assert_array_equal(seen.mid_later[2:].ravel(), [nan, 341.0] * 2)


def test_several_quotes_of_one_second_count_as_they_stand_at_its_end_for_later_and_by_event_for_the_fill() -> None:
    rows = [
        (OPENS, 0, 10.00, 100),
        (OPENS, 1, 10.10, 100),
        (OPENS, 2, 10.10, 5),
        (OPENS, 0, 10.04, 100),
        (OPENS + SECOND, 0, 10.06, 100),
    ]
    seen = observed(rows, [2])
    assert seen.mid.tolist() == [10.05]
    assert seen.mid_later[0].tolist() == pytest.approx([10.08])


def test_the_path_is_every_five_minutes_of_the_session_and_the_last_print_after_it() -> None:
    rows = [(OPENS, 2, 10.0, 5), (CLOSES + 12 * MINUTE, 2, 10.4, 5), (DAY + OPENS, 2, 11.0, 5)]
    seen = observed(rows, [])
    day = (seen.path_time - MONDAY)[seen.path_time < MONDAY + DAY]
    assert day[:2].tolist() == [OPENS + 5 * MINUTE, OPENS + 10 * MINUTE]
    assert day[-2:].tolist() == [CLOSES, CLOSES + 12 * MINUTE]
    assert len(seen.path_time) == 57 + 1 + 57
    assert seen.path_last[[0, 56, 57, 58]].tolist() == [10.0, 10.0, 10.4, 11.0]
    assert np.isnan(seen.path_mid).all()


def test_when_the_order_was_placed_stands_beside_its_fill() -> None:
    rows = [(OPENS, 0, 10.0, 5), (OPENS + 7 * SECOND, 2, 10.0, 9), (CLOSES + 10 * MINUTE, 2, 10.0, 9)]
    assert observed(rows, [1, 2], [0, -1]).placed.tolist() == [MONDAY + OPENS, NO_TIME]


def test_quotes_alone_have_mids_and_no_path() -> None:
    seen = observed([*QUOTED, (OPENS + SECOND, 1, 10.3, 5)], [2])
    assert [*seen.mid, *seen.mid_later[:, 0]] == pytest.approx([10.15] * 5)
    assert len(seen.path_time) == 0


def test_prints_alone_have_a_path_and_no_mid() -> None:
    seen = observed([(OPENS - HOUR, 2, 9.9, 5), (OPENS + 7 * MINUTE, 2, 10.0, 5)], [1])
    assert np.isnan([*seen.mid, *seen.mid_later[:, 0], *seen.path_mid]).all()
    assert seen.path_last[:3].tolist() == [9.9, 10.0, 10.0]  # 10:05 has the print before the session


def test_no_ticks_and_no_fills_break_nothing() -> None:
    seen = observed([], [])
    assert (len(seen.mid), seen.mid_later.shape, len(seen.path_time)) == (0, (4, 0), 0)

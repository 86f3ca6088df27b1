"""What a print was beside the touch, what an order was beside it, and what was had of one quote, worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import Fills
from pipeline.engine.rules.account import CLOSE, NO_ORDER, OWN, PRINT, TAKE, TOUCH
from pipeline.markets.facts import facts_of
from pipeline.replay.observe import observe
from pipeline.replay.prints import MARKETABLE, OFF_GRID, ONE_SIDED, OUTSIDE, OVERSIZED, THROUGH
from pipeline.ticks import ASK, BID, TRADE, Ticks
from tests.made import HOUR, MONDAY, SECOND

if TYPE_CHECKING:
    from pipeline.replay.observe import Observed

ADX: Final = facts_of("ADX")
Rows = list[tuple[int, float, int]]

QUOTED: Final[Rows] = [(BID, 10.00, 500), (ASK, 10.04, 40)]


def ticks_of(rows: Rows) -> Ticks:
    """Return rows of kind, price and size as ticks, one a second from 10:00 on."""
    kind, price, volume = zip(*rows, strict=True)
    times = MONDAY + 10 * HOUR + SECOND * np.arange(len(rows), dtype=np.int64)
    return Ticks(times, np.array(kind, np.int8), np.array(price, np.float64), np.array(volume, np.int64))


def fills_of(ticks: Ticks, filled: list[tuple[int, int, float, int, int]]) -> Fills:
    """Return fills from their event, shares (below 0 sells), order's price, order's event and how."""
    event, shares, limit, placed, how = (np.array(column) for column in zip(*filled, strict=True))
    nothing = np.zeros(len(event))
    return Fills(
        event=event,
        timestamp=ticks.timestamp[event],
        side=np.sign(shares).astype(np.int8),
        price=ticks.price[event],
        quantity=np.abs(shares),
        realized=nothing,
        position=np.cumsum(shares),
        pnl=nothing,
        how=how.astype(np.int8),
        placed=placed,
        limit=limit.astype(np.float64),
    )


def observed(ticks: Ticks, fills: Fills, *, delayed: bool = False) -> Observed:
    execution = make_execution("classic", {"latency_ms": 1} if delayed else {}, "")
    return observe(ticks, fills, np.empty(0, np.int64), ADX, execution, 0, {}, ())[0]


PRINTS: Final[dict[str, tuple[Rows, tuple[int, float], int]]] = {
    "at our price": (QUOTED, (10, 10.00), 0),
    "through it, by one tick outside": ([*QUOTED, (TRADE, 9.98, 60)], (10, 10.00), THROUGH),
    "through it, by two": ([*QUOTED, (TRADE, 9.96, 60)], (10, 10.00), THROUGH | OUTSIDE),
    "our sell, above the ask": ([*QUOTED, (TRADE, 10.08, 60)], (-10, 10.04), THROUGH | OUTSIDE),
    "ten times what was shown": ([*QUOTED, (TRADE, 10.04, 400)], (-10, 10.04), 0),
    "more than ten times": ([*QUOTED, (TRADE, 10.04, 401)], (-10, 10.04), OVERSIZED),
    "much for the other side": ([*QUOTED, (TRADE, 10.00, 401)], (10, 10.00), 0),
    "no ask yet": ([(BID, 10.00, 500), (TRADE, 10.00, 60)], (10, 10.00), ONE_SIDED),
    "no bid any more": ([*QUOTED, (BID, 10.00, 0), (TRADE, 10.04, 60)], (-10, 10.04), ONE_SIDED),
}


@pytest.mark.parametrize("case", PRINTS)
def test_a_print_beside_the_touch(case: str) -> None:
    rows, (shares, limit), expected = PRINTS[case]
    ticks = ticks_of(rows if rows[-1][0] == TRADE else [*rows, (TRADE, 10.00, 60)])
    for how, traits in ((PRINT, expected), (CLOSE, 0), (OWN, 0)):
        fills = fills_of(ticks, [(len(ticks) - 1, shares, limit, NO_ORDER, how)])
        assert observed(ticks, fills).traits.tolist() == [traits]


ORDERS: Final[dict[str, tuple[int, float, int, bool, int]]] = {
    "on the grid of 0.02": (10, 10.02, 1, False, 0),
    "between two ticks": (10, 10.01, 1, False, OFF_GRID),
    "on the grid but for rounding": (10, 10.020000000000001, 1, False, 0),
    "off it by a millionth": (-10, 10.040001, 1, False, OFF_GRID),
    "of a finer tick below 10": (10, 9.99, 1, False, 0),
    "a bid at the ask": (10, 10.04, 1, False, MARKETABLE),
    "a bid at the ask of the event before, which had none": (10, 10.04, 1, True, 0),
    "an ask through the bid, off the grid": (-10, 9.999, 1, False, MARKETABLE | OFF_GRID),
    "an ask at the bid of the event before": (-10, 10.00, 1, True, MARKETABLE),
    "of no order": (10, 10.041, NO_ORDER, False, 0),
}


@pytest.mark.parametrize("case", ORDERS)
def test_an_order_beside_the_grid_and_the_opposite_touch(case: str) -> None:
    shares, limit, placed, delayed, expected = ORDERS[case]
    ticks = ticks_of([*QUOTED, (TRADE, 10.00, 60)])
    fills = fills_of(ticks, [(2, shares, limit, placed, TAKE)])
    assert observed(ticks, fills, delayed=delayed).traits.tolist() == [expected]


HAD: Final[dict[str, tuple[Rows, list[tuple[int, int, int]], list[int]]]] = {
    "all of it once": (QUOTED, [(1, 40, TAKE)], [0]),
    "twice": ([*QUOTED, (BID, 9.99, 5)], [(1, 40, TAKE), (2, 30, TAKE)], [0, 30]),
    "by a take and by the touch": ([*QUOTED, (ASK, 10.04, 50)], [(1, 40, TAKE), (2, 25, TOUCH)], [0, 15]),
    "at a new price": ([*QUOTED, (ASK, 10.06, 40)], [(1, 40, TAKE), (2, 40, TAKE)], [0, 0]),
    "after it was empty": ([*QUOTED, (ASK, 10.04, 0), (ASK, 10.04, 40)], [(1, 40, TAKE), (3, 40, TAKE)], [0, 0]),
    "two quotes": (
        [*QUOTED, (ASK, 10.06, 10), (TRADE, 10.0, 1)],
        [(1, 40, TAKE), (1, 7, TAKE), (2, 10, TOUCH), (3, 4, TAKE)],
        [0, 7, 0, 4],
    ),
    "of each side": (
        [*QUOTED, (TRADE, 10.0, 1)],
        [(1, 40, TAKE), (1, -500, TAKE), (2, -1, TAKE), (2, 2, TOUCH)],
        [0, 0, 1, 2],
    ),
    "by prints": ([*QUOTED, (TRADE, 10.0, 90)], [(2, 40, PRINT), (2, 40, CLOSE)], [0, 0]),
}


@pytest.mark.parametrize("case", HAD)
def test_shares_had_of_one_quote_beyond_what_it_showed(case: str) -> None:
    rows, filled, expected = HAD[case]
    ticks = ticks_of(rows)
    fills = fills_of(ticks, [(event, shares, 10.0, NO_ORDER, how) for event, shares, how in filled])
    assert observed(ticks, fills).beyond_shown.tolist() == expected


def test_a_take_that_arrives_late_meets_the_quote_before_its_event() -> None:
    ticks = ticks_of([*QUOTED, (TRADE, 10.0, 1), (ASK, 10.06, 500)])
    fills = fills_of(ticks, [(2, 40, 10.0, NO_ORDER, TAKE), (3, 40, 10.0, NO_ORDER, TAKE)])
    assert observed(ticks, fills, delayed=True).beyond_shown.tolist() == [0, 40]
    assert observed(ticks, fills).beyond_shown.tolist() == [0, 0]


QUOTES = st.tuples(st.just(ASK), st.sampled_from((10.0, 10.02)), st.integers(0, 3))
TAKES = st.tuples(st.just(TRADE), st.just(10.0), st.integers(1, 4))


@given(st.lists(st.one_of(QUOTES, TAKES), min_size=1, max_size=40))
def test_it_is_what_a_plain_loop_over_quotes_finds(rows: Any) -> None:
    every: Rows = [(ASK, 10.0, 1), *rows]
    filled = [(event, shares, TAKE) for event, (kind, _, shares) in enumerate(every) if kind == TRADE]
    had, most, price, size, beyond = 0, 0, 0.0, 0, 0
    for kind, quoted, shares in every:
        if kind == TRADE:
            had, most = had + shares, max(most, size)
        else:
            if quoted != price or size == 0:
                beyond, had, most = beyond + max(0, had - most), 0, 0
            price, size = quoted, shares
    ticks = ticks_of(every)
    if filled:
        fills = fills_of(ticks, [(event, shares, 10.0, NO_ORDER, how) for event, shares, how in filled])
        assert observed(ticks, fills).beyond_shown.sum() == beyond + max(0, had - most)

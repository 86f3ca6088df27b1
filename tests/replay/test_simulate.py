from __future__ import annotations

import numpy as np
import pytest

from pipeline.engine.outcome import Fills
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import CLASSIC, days_not_flat, simulate
from pipeline.strategies.v1_baseline import V1Baseline
from pipeline.ticks import ASK, BID, TRADE, Ticks
from tests.made import DAY, HOUR, MONDAY, SECOND

PARAMETERS = {
    "quote_size": 100,
    "quote_size_bid": None,
    "quote_size_ask": None,
    "refill_interval_sec": 60.0,
    "max_position": 1_000,
    "max_notional": None,
    "min_local_currency_before_quote": 0.0,
}
TEN = MONDAY + 10 * HOUR
Row = tuple[int, int, float, int]


def ticks_of(rows: list[Row]) -> Ticks:
    time, kind, price, volume = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Ticks(
        np.array(time, np.int64), np.array(kind, np.int8), np.array(price, np.float64), np.array(volume, np.int64)
    )


def test_no_ticks_give_no_fills_and_no_days() -> None:
    replayed = simulate(ticks_of([]), V1Baseline, PARAMETERS, facts_of("ADX"), CLASSIC)
    assert len(replayed.fills) == 0
    assert replayed.market_days.tolist() == []
    assert replayed.days_not_flat.tolist() == []
    assert replayed.last_price is None
    assert (replayed.rows, replayed.events, replayed.position, replayed.realized_pnl) == (0, 0, 0, 0.0)


@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_counts_are_of_what_they_say(engine: str) -> None:
    rows = [
        (TEN - SECOND, TRADE, 10.0, 5),  # before the session: a market day, not a session row
        (TEN, BID, 9.9, 500),
        (TEN, ASK, 10.1, 500),
        (TEN + SECOND, ASK, 0.0, 500),  # a placeholder: a row, not an event
        (TEN + SECOND, TRADE, 9.9, 550),  # 500 ahead of us, 50 for us
        (TEN + DAY, BID, 9.8, 100),
    ]
    replayed = simulate(ticks_of(rows), V1Baseline, PARAMETERS, facts_of("ADX"), CLASSIC, engine)
    assert (replayed.rows, replayed.events, replayed.session_rows) == (6, 5, 4)
    assert (replayed.bid_count, replayed.ask_count, replayed.trade_count) == (2, 1, 1)
    assert replayed.last_price == 9.9
    assert replayed.position == 50
    assert replayed.market_days.tolist() == [MONDAY // DAY]
    assert replayed.days_not_flat.tolist() == [MONDAY // DAY]
    assert {*(replayed.fills.timestamp // DAY).tolist()} == {MONDAY // DAY}


@pytest.mark.parametrize(
    ("positions", "fill_days", "market_days", "expected"),
    [
        ([5, 0], [1, 1], [1, 2], []),
        ([5], [1], [1, 2, 3], [1, 2, 3]),
        ([5, 0], [1, 3], [0, 1, 2, 3], [1, 2]),
        ([5, -5], [1, 1], [1], [1]),
        ([], [], [1, 2], []),
    ],
)
def test_a_day_is_not_flat_when_its_last_event_left_a_position(
    positions: list[int], fill_days: list[int], market_days: list[int], expected: list[int]
) -> None:
    count = len(positions)
    stamps = np.array(fill_days, np.int64) * DAY + 11 * HOUR
    fills = Fills(
        event=np.arange(count),
        timestamp=stamps,
        side=np.ones(count, np.int8),
        price=np.ones(count),
        quantity=np.ones(count, np.int64),
        realized=np.zeros(count),
        position=np.array(positions, np.int64),
        pnl=np.zeros(count),
        how=np.zeros(count, np.int8),
        placed=np.full(count, -1),
    )
    assert days_not_flat(fills, np.array(market_days, np.int64), stamps).tolist() == expected

"""Days with a break, without an auction, of other hours than the day before: fills worked out by hand, v1 and v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.engine.strategy import fields_of
from pipeline.markets.market import MarketFacts
from pipeline.markets.phases import sessions_of
from pipeline.replay.simulate import simulate
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import DAY, FIRST_DAY, written

if TYPE_CHECKING:
    from pipeline.replay.simulate import Engine

LUNCH: Final = {"continuous": [["10:00", "12:00"], ["13:00", "14:00"]], "closing_auction": ["14:00", "14:10"]}
NO_AUCTION: Final = {"continuous": ["10:00", "14:00"]}
LATER: Final = [{"continuous": ["10:00", "14:00"]}, {"from": "2025-01-02", "continuous": ["11:00", "15:00"]}]

OVER_LUNCH: Final = """
    1 10:00:00 bid 10.00 50
    1 10:00:01 ask 10.02 50
    1 12:00:00 trade 10.00 999
    1 12:30:00 trade 10.02 999
    1 13:00:00 trade 10.00 80
    1 14:00:00 trade 9.00 999
    1 14:10:00 trade 10.01 5
"""
WITHOUT: Final = """
    1 10:00:00 bid 10.00 50
    1 10:00:01 trade 10.00 80
    1 13:59:59 ask 10.06 50
    1 14:00:00 ask 10.05 50
    1 14:00:01 trade 10.05 1
"""
OTHER_HOURS: Final = """
    1 10:00:00 bid 10.00 50
    1 10:00:01 trade 10.00 80
    2 10:30:00 trade 9.00 900
    2 11:00:00 bid 9.00 10
    2 14:30:00 trade 9.00 15
    2 15:00:00 trade 9.50 1
"""

CASES: Final[dict[str, tuple[Any, dict[str, str], str, list[tuple[str, str, float, int]]]]] = {
    # 50 shares stand ahead of our bid; nothing is matched in the break, and the queue of the morning is still there.
    "orders stand over the break": (
        LUNCH,
        {},
        OVER_LUNCH,
        [("13:00:00", "buy", 10.00, 30), ("14:10:00", "sell", 10.01, 30)],
    ),
    # The book of the morning has gone with our orders: nothing can be quoted at the print after the break.
    "a break cancels": (LUNCH, {"break_orders": "cancelled"}, OVER_LUNCH, []),
    # The first print from the close on closes the day.
    "no auction": (NO_AUCTION, {}, WITHOUT, [("10:00:01", "buy", 10.00, 30), ("14:00:01", "sell", 10.05, 30)]),
    # Nobody prints after the first close, so the position is carried. At 10:30 the second day has not opened. Its bid
    # of 9.00 has 10 shares ahead.
    "other hours from a day on": (
        LATER,
        {},
        OTHER_HOURS,
        [("10:00:01", "buy", 10.00, 30), ("14:30:00", "buy", 9.00, 5), ("15:00:00", "sell", 9.50, 35)],
    ),
}


@pytest.mark.parametrize("engine", ["compiled", "python"])
@pytest.mark.parametrize("name", ["v1_baseline", "v2_price_follow_qty_cooldown"])
@pytest.mark.parametrize("case", CASES)
def test_a_day_fills_as_its_hours_say(case: str, name: str, engine: Engine) -> None:
    hours, changes, stream, expected = CASES[case]
    strategy = load_strategy(name)
    defaults = {key: parameter.default for key, parameter in fields_of(strategy).by_key().items()}
    parameters = defaults | {"quote_size": 100, "min_local_currency_before_quote": 0, "refill_interval_sec": 60}
    market = MarketFacts("XYZ", sessions_of(hours, "here", 0))
    found = simulate(written(stream), strategy, parameters, market, make_execution("classic", changes, ""), engine)
    sides = {1: "buy", -1: "sell"}
    columns = (found.fills.timestamp, found.fills.side, found.fills.price, found.fills.quantity)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert [(_clock(time), sides[side], price, quantity) for time, side, price, quantity in rows] == expected


def _clock(time: int) -> str:
    seconds = (time - FIRST_DAY) % DAY // 1_000_000_000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_where_ticks_are_not_known_every_price_is_on_the_grid(engine: Engine) -> None:
    strategy = load_strategy("v1_baseline")
    defaults = {key: parameter.default for key, parameter in fields_of(strategy).by_key().items()}
    market = MarketFacts("XYZ", sessions_of(NO_AUCTION, "here", 0))
    grid = make_execution("classic", {"order_price": "grid", "fill_price": "order"}, "")
    stream = "1 10:00:00 bid 4.4875 50\n1 10:00:01 trade 4.4875 99000"
    parameters = defaults | {"min_local_currency_before_quote": 0}
    found = simulate(written(stream), strategy, parameters, market, grid, engine)
    assert found.fills.price.tolist() == [4.4875]

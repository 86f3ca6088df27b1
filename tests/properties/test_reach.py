"""The random streams are worth replaying: they reach every kind of fill, in every strategy that has it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.engine.replays import DAY, SECOND
from tests.properties.streams import MAKERS, Case, cases

AUCTION = 53_700 * SECOND
EVENTS = ("cases with fills", "both sides at one event", "flattened at the close", "turned in one fill")


@pytest.mark.parametrize("name", MAKERS)
def test_the_streams_fill_both_sides_flatten_and_turn_the_position(name: str) -> None:
    reached = reached_by(name)
    wanted = dict(zip(EVENTS, (25, 1, 3, 1) if name == "v3_liquidity_monitor" else (40, 3, 5, 3), strict=True))
    if name == "v2_1_stop_loss":
        wanted |= {"stops": 10, "stops that took several events": 3}
    assert {event: reached[event] for event in wanted if reached[event] < wanted[event]} == {}


def test_the_streams_reach_every_kind_of_auction_trade() -> None:
    reached = reached_by("closing_auction")
    wanted = {
        "cases with fills": 40,
        "auction_entry": 40,
        "vwap_exit": 10,
        "stop_loss": 5,
        "eod_flatten": 5,
        "filtered_sell_entries": 5,
        "filtered_buy_entries": 5,
    }
    assert {event: reached[event] for event in wanted if reached[event] < wanted[event]} == {}


def reached_by(name: str) -> Counter[str]:
    """Count what 200 cases of a strategy reach."""
    reached: Counter[str] = Counter()

    @settings(max_examples=200, derandomize=True, database=None, suppress_health_check=[HealthCheck.nested_given])
    @given(cases((name,)))
    def count(case: Case) -> None:
        found = case.run()
        fills = found.fills
        reached.update(found.counters)
        if found.trade_types and fills.trade_type is not None:
            reached.update(found.trade_types[of] for of in fills.trade_type.tolist())
        reached["cases with fills"] += len(fills) > 0
        sides = set(zip(fills.event.tolist(), fills.side.tolist(), strict=True))
        reached["both sides at one event"] += len(sides) > len({event for event, _ in sides})
        reached["flattened at the close"] += int((fills.timestamp % DAY >= AUCTION).sum() > 0)
        before = fills.position - fills.side.astype(np.int64) * fills.quantity
        reached["turned in one fill"] += int((before * fills.position < 0).sum() > 0)
        reached["stops"] += found.counters.get("stop_loss_triggers", 0)
        quotes = int((case.ticks.kind[fills.event] != 2).sum())
        reached["stops that took several events"] += quotes > found.counters.get("stop_loss_triggers", 0) > 0

    count()
    return reached

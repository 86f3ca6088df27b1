"""The random streams are worth replaying: they reach every kind of fill, in every strategy, under every switch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.engine.execution import SWITCHES
from pipeline.engine.rules.account import NO_ORDER, TAKE
from tests.engine.replays import DAY, SECOND
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import MAKERS, NAMES, SETTINGS, Case

if TYPE_CHECKING:
    from pipeline.replay.simulate import Replayed

AUCTION: Final = 53_700 * SECOND

OF_MAKERS: Final = {
    "cases with fills": 250,
    "both sides at one event": 20,
    "flattened at the close": 120,
    "turned in one fill": 30,
}
WANTED: Final = {
    **dict.fromkeys(MAKERS, OF_MAKERS),
    "v2_1_stop_loss": OF_MAKERS | {"stop_loss_triggers": 150, "stops that took several events": 40},
    "closing_auction": {
        "cases with fills": 80,
        "auction_entry": 80,
        "vwap_exit": 100,
        "stop_loss": 15,
        "eod_flatten": 20,
        "filtered_sell_entries": 60,
        "filtered_buy_entries": 15,
    },
}
"""What 500 cases of a strategy reach at least."""


@pytest.mark.parametrize("name", NAMES)
def test_the_streams_reach_what_the_strategy_can_do_under_every_switch(name: str) -> None:
    reached: Counter[str] = Counter()

    def count(case: Case) -> None:
        found = case.run()
        reached.update(events_of(found))
        if len(found.fills):
            reached.update(f"{key}={value}" for key, value in case.execution.settings.items())

    for_seeded_cases([name], 500, count)
    wanted = WANTED[name] | {
        f"{key}={word}": 20 // (len(switch.words) - 1)
        for key, switch in SWITCHES.items()
        if switch.words
        for word in switch.words
    }
    wanted |= {f"latency_ms={float(value)}": 3 for value in SETTINGS["latency_ms"]}
    assert {event: reached[event] for event in wanted if reached[event] < wanted[event]} == {}


def events_of(found: Replayed) -> Counter[str]:
    """Count what a replay reached."""
    fills = found.fills
    reached = Counter(found.counters)
    if fills.trade_type is not None:
        reached.update(found.trade_types[of] for of in fills.trade_type.tolist())
    sides = set(zip(fills.event.tolist(), fills.side.tolist(), strict=True))
    before = fills.position - fills.side.astype(np.int64) * fills.quantity
    reached["cases with fills"] = len(fills) > 0
    reached["both sides at one event"] = len(sides) > len({event for event, _ in sides})
    reached["flattened at the close"] = bool((fills.timestamp % DAY >= AUCTION).any())
    reached["turned in one fill"] = bool((before * fills.position < 0).any())
    taken = int(((fills.how == TAKE) & (fills.placed == NO_ORDER)).sum())
    reached["stops that took several events"] = taken > found.counters.get("stop_loss_triggers", 0) > 0
    return reached

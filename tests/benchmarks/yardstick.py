"""What the loops are measured against: a plain compiled loop over ticks, never to be changed.

It keeps the touch, lets prints through a quote of its own fill it, and marks what it holds to the mid: the least that
a replay does. Were it changed, the ratios in kept_ratios.json would say nothing of the past.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from pipeline.ticks import Ticks

BID, ASK = 0, 1


@numba.njit(cache=False)  # type: ignore[untyped-decorator]
def touch_loop(timestamp: Any, kind: Any, price: Any, volume: Any) -> tuple[float, int]:
    bid = ask = cash = 0.0
    held = fills = 0
    quoted_bid = quoted_ask = 0.0
    quoted_at = 0
    for tick in range(len(timestamp)):
        if kind[tick] == BID:
            bid = price[tick]
        elif kind[tick] == ASK:
            ask = price[tick]
        elif quoted_bid > 0.0 and price[tick] <= quoted_bid:
            held += volume[tick]
            cash -= volume[tick] * price[tick]
            fills += 1
            quoted_bid = 0.0
        elif quoted_ask > 0.0 and price[tick] >= quoted_ask:
            held -= volume[tick]
            cash += volume[tick] * price[tick]
            fills += 1
            quoted_ask = 0.0
        if timestamp[tick] - quoted_at > 60_000_000_000:
            quoted_bid, quoted_ask, quoted_at = bid, ask, timestamp[tick]
    return cash + held * (bid + ask) / 2, fills


def seconds_of_touch_loop(ticks: Ticks, repeats: int) -> float:
    """Return the median seconds of one walk over the ticks."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        touch_loop(ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)

"""Draws the days of runs that could have been, and their drawdowns; compiled as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int64s

HALF: Final = 32
"""Bits of a random number that decide whether a block begins; as many say on which day."""

_LOW: Final = (1 << HALF) - 1


def draw_days(runs: int, days: int, begins_below: int, bits: Int64s, drawn: Int64s) -> int:
    """Fill `drawn` with the days of so many runs, a random number each; a block begins where its high half is below."""
    at = 0
    for _ in range(runs):
        day, end = 0, at + days
        begins = True
        while at < end:
            if begins or (bits[at] >> HALF & _LOW) < begins_below:
                day = (bits[at] & _LOW) * days >> HALF
            drawn[at] = day
            day = day + 1 if day + 1 < days else 0
            begins = False
            at += 1
    return at


def find_drawdowns(runs: int, days: int, daily: Float64s, drawdowns: Float64s) -> int:
    """Find the largest fall of each run's running total from its peak, at least the 0 that it starts from."""
    at = 0
    for run in range(runs):
        equity, peak, drawdown = 0.0, 0.0, 0.0
        end = at + days
        while at < end:
            equity += daily[at]
            peak = max(peak, equity)
            drawdown = max(drawdown, peak - equity)
            at += 1
        drawdowns[run] = drawdown
    return at

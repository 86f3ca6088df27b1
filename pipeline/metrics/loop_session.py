"""Tells time of the continuous session, nights and days without a print left out; compiled as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Int64s


def session_time(time: int, rank: int, days: int, market_days: Int64s, opens: int, closes: int) -> tuple[int, int]:
    """Return a time as time of the continuous session, nights and days without a print left out, and its day's rank.

    rank: where the search of its day begins, from 0 to `days`.
    """
    day = time // DAY
    while rank > 0 and market_days[rank - 1] >= day:
        rank -= 1
    while rank < days and market_days[rank] < day:
        rank += 1
    inside = 0
    if rank < days and market_days[rank] == day:
        inside = min(max(time - day * DAY, opens), closes) - opens
    return rank * (closes - opens) + inside, rank

"""Tells time of the continuous session: nights, breaks and days without a print left out; compiled as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.ticks import Int64s


def session_time(time: int, rank: int, spans: Int64s) -> tuple[int, int]:
    """Return a time as time of the continuous session, and the number of the span that it is in, or that comes next.

    rank: where the search of its span begins. spans: as `session_table` returns them.
    """
    while rank > 0 and spans[3 * rank - 2] > time:
        rank -= 1
    while spans[3 * rank + 1] <= time:
        rank += 1
    return spans[3 * rank + 2] + max(time - spans[3 * rank], 0), rank

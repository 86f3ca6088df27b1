"""The hours and tick sizes of each day of a replay, as the columns that its rules read when the day turns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.times import FIRST_DAY, date_of

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Float64s, Int64s

OF_DAY: Final = ("opens", "closes", "prints_from", "first_span", "end_span", "first_tick", "end_tick")
"""What `day_table` says of a day: the rules read it in this order."""


FINE_GRID: Final = ((math.inf, 1e-9),)
"""Where tick sizes are not known: any price of up to nine decimals is a whole number of these, as the rules divide."""


@dataclass(frozen=True, slots=True, eq=False)
class DayTables:
    """The days of a replay.

    Attributes:
        step: How many numbers there are a day in `day_table`; 0 where one row is that of all.
        varies: Whether days differ, or have a break within.
        day_table: Of each day the numbers that OF_DAY names.
        span_times: Start and end of each span of continuous trading, ns since the day began.
        tick_below: Of each level of each tick table, the price below which it applies.
        tick_size: The ticks of the levels.
    """

    step: int
    varies: bool
    day_table: Int64s
    span_times: Int64s
    tick_below: Float64s
    tick_size: Float64s


def day_tables(market: MarketFacts, first_day: int, last_day: int) -> DayTables:
    """Return the tables of the days from one to another, since 1970-01-01, both included."""
    begins, of_days = [], []
    for day, hours, levels in market.stretches(date_of(first_day), date_of(last_day)):
        begins.append((day - FIRST_DAY).days)
        of_days.append((hours, levels or FINE_GRID))
    kinds = [*dict.fromkeys(of_days)] if len(of_days) > 1 else of_days
    spans_end = [*accumulate(len(hours.continuous) for hours, _ in kinds)]
    ticks_end = [*accumulate(len(levels) for _, levels in kinds)]
    rows = [
        (
            *(hours.opens, hours.closes, hours.prints_from),
            *(spans_end[at] - len(hours.continuous), spans_end[at]),
            *(ticks_end[at] - len(levels), ticks_end[at]),
        )
        for at, (hours, levels) in enumerate(kinds)
    ]
    table = np.array(rows, np.int64)
    varies = len(rows) > 1 or spans_end[0] > 1
    if len(rows) > 1:
        lengths = np.diff([*begins, last_day + 1])
        table = np.repeat(table[[kinds.index(each) for each in of_days]], lengths, axis=0)
    return DayTables(
        step=len(OF_DAY) if len(rows) > 1 else 0,
        varies=varies,
        day_table=table.ravel(),
        span_times=np.array([time for hours, _ in kinds for span in hours.continuous for time in span], np.int64),
        tick_below=np.array([below for _, levels in kinds for below, _ in levels]),
        tick_size=np.array([tick for _, levels in kinds for _, tick in levels]),
    )

"""The parts of a trading day that ticks are counted by: phases, breaks and what is outside; of each date its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.markets.phases import PHASES
from pipeline.markets.tick_tables import NO_GRID
from pipeline.times import DAY, FIRST_DAY, MINUTE, date_of

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Hours, Span
    from pipeline.ticks import Float64s, Int64s

PARTS: Final = (
    *("pre_open", "opening_auction", "continuous", "break", "closing_auction", "trade_at_last", "between", "outside"),
)
"""The market's phases in their order, with breaks of continuous trading; what is between two others, and outside."""

CONTINUOUS: Final = PARTS.index("continuous")
BETWEEN, BREAK, OUTSIDE = (PARTS.index(name) for name in ("between", "break", "outside"))

LATE: Final = 15 * MINUTE
"""After trading stops until when prints are expected: the last session's are reported up to minutes later."""

OF_PART: Final = ("start", "end", "part", "traded", "is_late")
"""What the walk is given of each part of a day, ns. traded: continuous trading of the day until it starts. is_late:
whether a print then is of no session."""

OF_DATES: Final = ("first_day", "first_part", "traded", "first_level", "levels")
"""What it is given of each stretch of days of the same hours and tick sizes. traded: continuous trading of such a day.
"""


@dataclass(frozen=True, slots=True, eq=False)
class DayParts:
    """The parts and tick sizes of the days that some ticks are of, as the walk takes them.

    Attributes:
        dates: Of each stretch of days what OF_DATES names, ascending.
        parts: Of each part what OF_PART names; a stretch's are together, ascending, and fill the day.
        below: Of each level of each tick table, the price below which it applies.
        sizes: The tick sizes of the levels.
    """

    dates: Int64s
    parts: Int64s
    below: Float64s
    sizes: Float64s


def day_parts(facts: MarketFacts, first_day: int, last_day: int) -> DayParts:
    """Return the parts of the days from one to another, since 1970-01-01, both included."""
    dates: list[tuple[int, ...]] = []
    parts: list[tuple[int, ...]] = []
    levels: list[tuple[float, float]] = []
    for day, hours, table in facts.stretches(date_of(first_day), date_of(last_day)):
        own = table or NO_GRID
        dates.append(((day - FIRST_DAY).days, len(parts), hours.open_time, len(levels), len(own)))
        parts += parts_of(hours)
        levels += own
    below, sizes = (np.array(column, np.float64) for column in zip(*levels, strict=True))
    return DayParts(np.array(dates, np.int64).ravel(), np.array(parts, np.int64).ravel(), below, sizes)


def parts_of(hours: Hours) -> list[tuple[int, int, int, int, int]]:
    """Return the parts of a day of some hours, as OF_PART names them; continuous trading goes before an auction."""
    begins, ends = hours.whole
    phases = [(CONTINUOUS, span) for span in hours.continuous]
    phases += [(PARTS.index(name), span) for name in PHASES if name != "continuous" and (span := getattr(hours, name))]
    stops = [end for _, end in hours.continuous] + [ends]
    edges = {0, DAY, *(edge for _, span in phases for edge in span), *(stop + LATE for stop in stops)}
    ascending = sorted(edge for edge in edges if 0 <= edge <= DAY)
    parts, traded = [], 0
    for start, end in pairwise(ascending):
        of_phase = [at for at, span in phases if _has(span, start)]
        is_break = hours.opens <= start < hours.closes
        other = BREAK if is_break else BETWEEN if begins <= start < ends else OUTSIDE
        part = of_phase[0] if of_phase else other
        stopped = max((stop for stop in stops if stop <= start), default=-LATE)
        is_late = part in (BREAK, OUTSIDE) and start >= stopped + LATE
        parts.append((start, end, part, traded, int(is_late)))
        traded += end - start if part == CONTINUOUS else 0
    return parts


def _has(span: Span, time: int) -> bool:
    return span[0] <= time < span[1]

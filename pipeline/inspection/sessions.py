"""Checks tick times against a market's hours: missing days, gaps, ticks outside the session, clocks off by hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.inspection.counts import Gap, Shift
from pipeline.times import DAY, FIRST_DAY, MINUTE, date_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.markets.facts import MarketFacts
    from pipeline.ticks import Int64s

MINUTES: Final = DAY // MINUTE
SHIFTS: Final = (0, *(hours for distance in range(1, 13) for hours in (-distance, distance)))
"""Hours by which a clock may be off, the nearest first."""

SHIFTED_SHARE: Final = 0.05
"""How much more of a day's ticks the session must hold when it is shifted, for the day to count as shifted."""
FITS: Final = 0.95
"""The share of a day's ticks that the shifted session must hold."""
FEW: Final = 20
"""Ticks below which a day says nothing about its clock."""
EDGE: Final = 0.005
MONTHS: Final = 12
NEARER: Final = 4
"""How many times nearer together days must be when day and month are swapped, to be taken for swapped."""


class Clock:
    """Times of ticks as stored, ns: of_day since midnight, step from the row before (one fewer than rows).

    day: since 1970-01-01; starts: where a stretch of one day begins; days: which there are, ascending. in_order:
    whether the clock never steps back.
    """

    def __init__(self, timestamp: Int64s) -> None:
        self.time = timestamp
        self.day: Int64s = timestamp // DAY
        self.of_day: Int64s = timestamp - self.day * DAY
        self.step: Int64s = np.diff(timestamp)
        self.in_order = bool((self.step >= 0).all())
        self.starts: Int64s = np.append(0, np.flatnonzero(self.day[1:] != self.day[:-1]) + 1)
        self.days: Int64s = np.unique(self.day[self.starts])


def missing_days(days: Sequence[int], facts: MarketFacts) -> list[int]:
    """Return the days between the first and the last of these that are none of them and may be trading days."""
    there = set(days)
    between = range(days[0], days[-1]) if days else ()
    return [day for day in between if day not in there and facts.may_trade_on(date_of(day))]


def closed_days(days: Sequence[int], facts: MarketFacts) -> list[int]:
    """Return those of these days on which the exchange does not trade."""
    return [day for day in days if facts.trades_on(date_of(day)) is False]


def unswapped(days: Sequence[int]) -> list[int]:
    """Return days with month and day of the month swapped, where that brings them far nearer together; else none.

    It does where Excel read 5/1/2025 as the first of May: a week becomes the fifth of seven months.
    """
    turned = set()
    for date in map(date_of, days):
        swaps = date.day <= MONTHS
        turned.add(
            (date.replace(month=date.day, day=date.month) - FIRST_DAY).days if swaps else (date - FIRST_DAY).days
        )
    is_nearer = len(turned) > 1 and (max(turned) - min(turned)) * NEARER < days[-1] - days[0]
    return sorted(turned) if is_nearer else []


def longest_gap(clock: Clock, session: tuple[int, int], *, begun: bool = False, goes_on: bool = False) -> Gap | None:
    """Return the longest stretch of [start, end) without a tick on any day with ticks, ends of the session included.

    What is missing before the first tick of all and after the last is no gap: the ticks begin and end there. begun,
    goes_on: whether there are ticks of earlier days, and of later ones.
    """
    within = clock.time[np.flatnonzero((clock.of_day >= session[0]) & (clock.of_day < session[1]))]
    if not clock.in_order:
        within = np.sort(within, kind="stable")
    edges = np.stack([clock.days * DAY + session[0], clock.days * DAY + session[1]])
    edge = np.searchsorted(within, edges)
    some = edge[0] < edge[1]
    first, last = (np.clip(end, 0, max(len(within) - 1, 0)) for end in (edge[0], edge[1] - 1))
    lengths = np.diff(within)
    lengths[last[some & (last < len(lengths))]] = -1  # overnight
    longest = [int(np.argmax(lengths))] if len(lengths) else []
    pairs = [(int(within[at]), int(within[at + 1])) for at in longest if lengths[at] >= 0]
    after_first, before_last = (edges >= clock.time.min()) | begun, (edges <= clock.time.max()) | goes_on
    for day in range(len(clock.days)):
        start, end = edges[:, day].tolist()
        opens, closes = (after_first & before_last)[:, day].tolist()
        if some[day]:
            pairs += [(start, int(within[first[day]]))] * opens + [(int(within[last[day]]), end)] * closes
        elif opens and closes:
            pairs.append((start, end))
    return longest_of(Gap(*pair) for pair in pairs)


def longest_of(gaps: Iterable[Gap]) -> Gap | None:
    """Return the longest, the first of equally long ones."""
    return min(gaps, key=lambda gap: (-gap.length, gap.start), default=None)


def shifted_days(clock: Clock, outside: Int64s, facts: MarketFacts) -> dict[int, tuple[int, Int64s]]:
    """Return by how many whole hours days fit the market's hours better than as they are.

    outside: the rows outside the hours. A day can only fit better by what is outside of it. For each number of hours
    the days, and their ticks in each minute of the day.
    """
    ends = np.append(clock.starts[1:], len(clock.day))
    of_stretch = np.searchsorted(clock.days, clock.day[clock.starts])
    ticks = np.bincount(of_stretch, ends - clock.starts, len(clock.days))
    off = np.bincount(np.searchsorted(clock.days, clock.day[outside]), minlength=len(clock.days))
    days = clock.days[(off > SHIFTED_SHARE * ticks) & (ticks >= FEW)]
    if not len(days):
        return {}
    own = np.isin(clock.day, days)
    of_day = np.searchsorted(days, clock.day[own])
    minute = clock.of_day[own] // MINUTE
    counts = np.bincount(of_day * MINUTES + minute, minlength=len(days) * MINUTES)
    by_minute = counts.reshape(len(days), MINUTES)
    until = np.concatenate([np.zeros((len(days), 1), np.int64), np.cumsum(by_minute, axis=1)], axis=1)
    first, last = facts.pre_open[0] // MINUTE, facts.trade_at_last[1] // MINUTE
    inside = np.stack(
        [until[:, _minute(last + 60 * hours)] - until[:, _minute(first + 60 * hours)] for hours in SHIFTS]
    )
    best = np.argmax(inside, axis=0)
    total = until[:, -1]
    most = inside.max(axis=0)
    better = (most - inside[0] > SHIFTED_SHARE * total) & (most >= FITS * total) & (total >= FEW)
    shifted = {}
    for at in np.unique(best[better]).tolist():
        those = better & (best == at)
        shifted[SHIFTS[at]] = (int(those.sum()), by_minute[those].sum(axis=0))
    return shifted


def shifts_of(shifted: Mapping[int, tuple[int, Int64s]]) -> list[Shift]:
    """Return the shifts of days, most days first, with the minutes in which nearly all their ticks are."""
    found = []
    for hours, (days, by_minute) in shifted.items():
        spread = np.cumsum(by_minute)
        ends = np.searchsorted(spread, [EDGE * spread[-1], (1 - EDGE) * spread[-1]])
        found.append(Shift(hours, days, int(ends[0]), int(ends[1])))
    return sorted(found, key=lambda shift: (-shift.days, shift.hours))


def _minute(minute: int) -> int:
    return min(max(minute, 0), MINUTES)

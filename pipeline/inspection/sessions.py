"""Checks tick times against a market's hours: missing days, gaps, ticks outside the session, clocks off by hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.inspection.counts import Gap, Shift
from pipeline.times import DAY, FIRST_DAY, MINUTE, date_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.markets.market import MarketFacts
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
    if not days:
        return []
    # Most days cannot be swapped, and tell by themselves that the others were not.
    first, last = (next((day for day in ordered if date_of(day).day > MONTHS), 0) for ordered in (days, days[::-1]))
    if (last - first) * NEARER >= days[-1] - days[0]:
        return []
    turned = set()
    for date in map(date_of, days):
        swaps = date.day <= MONTHS
        turned.add(
            (date.replace(month=date.day, day=date.month) - FIRST_DAY).days if swaps else (date - FIRST_DAY).days
        )
    is_nearer = (max(turned) - min(turned)) * NEARER < days[-1] - days[0]
    return sorted(turned) if is_nearer else []


def longest_of(gaps: Iterable[Gap]) -> Gap | None:
    """Return the longest, the first of equally long ones."""
    return min(gaps, key=lambda gap: (-gap.length, gap.start), default=None)


def longest_gap(times: Int64s, days: Int64s, facts: MarketFacts, span: tuple[int, int]) -> Gap | None:
    """Return the longest stretch of a span of trading without a tick, by each day's own hours.

    times: of ticks, ns, ascending; days: those that have any. span: from when to when an end of trading may be an end
    of a gap, since the ticks begin and end there.
    """
    lengths = np.diff(times)
    gaps = []
    for day in days.tolist():
        for ends in facts.hours_on(date_of(day)).continuous:
            opens, closes = (day * DAY + time for time in ends)
            first, last = np.searchsorted(times, (opens, closes)).tolist()
            opened, closed = (np.array([end] * (span[0] <= end <= span[1]), np.int64) for end in (opens, closes))
            ticks = times[first:last]
            at = int(np.argmax(lengths[first : last - 1])) if len(ticks) > 1 else 0
            pairs = [(opened, ticks[:1]), (ticks[at : at + 1], ticks[at + 1 : at + 2]), (ticks[-1:], closed)]
            for start, end in pairs if len(ticks) else [(opened, closed)]:
                gaps += [Gap(a, b) for a, b in zip(start.tolist(), end.tolist(), strict=False)]
    return longest_of(gaps)


def shifted_days(times: Int64s, days: Int64s, counts: Int64s, facts: MarketFacts) -> dict[int, tuple[int, Int64s]]:
    """Return by how many whole hours days fit the market's hours better than as they are.

    times: of ticks, ns; days: those that have any; counts: of each its ticks, its prints and its ticks outside the
    hours. A day can only fit better by what is outside of them. For each number of hours the days, and their ticks in
    each minute of the day.
    """
    ticks, off = counts[:, 0], counts[:, 2]
    days = days[(off > SHIFTED_SHARE * ticks) & (ticks >= FEW)]
    if not len(days):
        return {}
    day = times // DAY
    own = np.isin(day, days)
    of_day = np.searchsorted(days, day[own])
    minute = (times[own] - day[own] * DAY) // MINUTE
    counts = np.bincount(of_day * MINUTES + minute, minlength=len(days) * MINUTES)
    by_minute = counts.reshape(len(days), MINUTES)
    until = np.concatenate([np.zeros((len(days), 1), np.int64), np.cumsum(by_minute, axis=1)], axis=1)
    minutes = np.array([facts.hours_on(date_of(day)).whole for day in days.tolist()]) // MINUTE
    ends = [np.clip(minutes + 60 * hours, 0, MINUTES) for hours in SHIFTS]
    each = np.arange(len(days))
    inside = np.stack([until[each, end[:, 1]] - until[each, end[:, 0]] for end in ends])
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

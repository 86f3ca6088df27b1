"""Times of ticks and a market's hours in; days, gaps, what is outside the hours and by how many hours it is off out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.times import DAY, MINUTE, date_of

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.market.facts import MarketFacts
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


@dataclass(frozen=True, slots=True)
class Gap:
    """The longest stretch of a session without any tick, after the first tick and before the last; ns."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How long it is, ns."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Shift:
    """Days whose ticks fit the market's hours when these are moved by whole hours; minutes of the day they run."""

    hours: int
    days: int
    first_minute: int
    last_minute: int


def days_of(timestamp: Int64s) -> Int64s:
    """Return the days on which there are ticks, since 1970-01-01, ascending."""
    day = timestamp // DAY
    found: Int64s = np.unique(day[np.flatnonzero(np.diff(day, prepend=day[:1] - 1))])
    return found


def missing_days(days: Int64s, facts: MarketFacts) -> list[dt.date]:
    """Return the trading days between the first and the last of these days that are none of them."""
    there = set(days.tolist())
    between = range(int(days[0]), int(days[-1])) if len(days) else ()
    return [date_of(day) for day in between if day not in there and facts.is_trading_day(date_of(day))]


def closed_days(days: Int64s, facts: MarketFacts) -> list[dt.date]:
    """Return those of these days on which the exchange does not trade."""
    return [date_of(day) for day in days.tolist() if not facts.is_trading_day(date_of(day))]


def longest_gap(timestamp: Int64s, days: Int64s, session: tuple[int, int]) -> Gap | None:
    """Return the longest stretch of [start, end) without a tick on any of these days, ends of the session included.

    What is missing before the first tick of all and after the last is no gap: the ticks begin and end there.
    """
    of_day = timestamp % DAY
    within = timestamp[(of_day >= session[0]) & (of_day < session[1])]
    points = np.concatenate([within, days * DAY + session[0], days * DAY + session[1]])
    points = np.sort(points[(points >= timestamp.min()) & (points <= timestamp.max())], kind="stable")
    lengths = np.diff(points)
    lengths[points[1:] // DAY != points[:-1] // DAY] = -1
    if not len(lengths):
        return None
    at = int(np.argmax(lengths))
    return Gap(int(points[at]), int(points[at + 1]))


def outside(timestamp: Int64s, facts: MarketFacts) -> int:
    """Return how many ticks are before the market's first session or after its last."""
    of_day = timestamp % DAY
    return int(((of_day < facts.pre_open[0]) | (of_day >= facts.trade_at_last[1])).sum())


def shifts(timestamp: Int64s, days: Int64s, facts: MarketFacts) -> list[Shift]:
    """Return by how many whole hours days fit the market's hours better than as they are, most days first."""
    place = np.searchsorted(days, timestamp // DAY)
    counts = np.bincount(place * MINUTES + timestamp % DAY // MINUTE, minlength=len(days) * MINUTES)
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
    found = []
    for at in np.unique(best[better]).tolist():
        own = better & (best == at)
        spread = np.cumsum(by_minute[own].sum(axis=0))
        ends = np.searchsorted(spread, [EDGE * spread[-1], (1 - EDGE) * spread[-1]])
        found.append(Shift(SHIFTS[at], int(own.sum()), int(ends[0]), int(ends[1])))
    return sorted(found, key=lambda one: (-one.days, one.hours))


def _minute(minute: int) -> int:
    return min(max(minute, 0), MINUTES)

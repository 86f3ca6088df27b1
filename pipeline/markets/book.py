"""The book of the continuous session as the engine keeps it, looked up for many events at once.

Each side is the latest quote of its day: a quote of size 0 empties it, both sides start a day empty, prints and rows
without a price leave it alone. docs/reference/rules.md states the rules; the engine's loop applies them event by event.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.ticks import ASK, BID
from pipeline.times import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.ticks import Float64s, Int64s, Ticks


class Book:
    """The quotes of the continuous sessions.

    rows: whether each tick is within the session and has a price.
    """

    def __init__(self, ticks: Ticks, session: tuple[int, int], *, in_order: bool) -> None:
        """Find the quotes of [start, end) ns since midnight; in_order: whether the clock never steps back."""
        self._ticks = ticks
        self._session = session
        inside = self._in_sessions(ticks.timestamp) if in_order else self.in_session(ticks.timestamp)
        self.rows: NDArray[np.bool_] = inside & (ticks.price > 0.0)
        self._is_quote = [self.rows & (ticks.kind == kind) for kind in (BID, ASK)]

    def in_session(self, times: Int64s) -> NDArray[np.bool_]:
        """Return whether each of some times, ns since 1970, is within the session."""
        opens, closes = self._session
        time_of_day = times - times // DAY * DAY  # a third of what % takes
        inside: NDArray[np.bool_] = (time_of_day >= opens) & (time_of_day < closes)
        return inside

    def touch(self, events: Int64s, days: Int64s) -> tuple[Float64s, Float64s]:
        """Return best bid and best ask after each of some events, AED; NaN where a side has no quote of the day given.

        Args:
            events: Numbers of ticks, -1 for before the first, of any shape.
            days: The day of each, days since 1970-01-01.
        """
        bid, ask = (np.where(quote >= 0, self._ticks.price[quote], np.nan) for quote in self.standing(events, days))
        return bid, ask

    def standing(self, events: Int64s, days: Int64s) -> tuple[Int64s, Int64s]:
        """Return which quotes are best bid and best ask after each of some events: their numbers of ticks, -1 for none.

        Args:
            events: Numbers of ticks, -1 for before the first, of any shape.
            days: The day of each, days since 1970-01-01.
        """
        bid, ask = (self._latest(*side, events, days) for side in self._sides)
        return bid, ask

    def unbroken(self, kind: int, events: Int64s) -> tuple[Int64s, Int64s]:
        """Return which touch of a side stands after each of some events, and the size it shows then, shares.

        Touches are numbered from 0: at one price, whatever the size, without an empty side or a new day between.

        Args:
            kind: BID or ASK.
            events: Numbers of ticks, none before the side's first quote.
        """
        quotes, count = self._sides[kind]
        price, size = self._ticks.price[quotes], self._ticks.volume[quotes]
        days = self._ticks.timestamp[quotes] // DAY
        begins = (price[1:] != price[:-1]) | (size[:-1] == 0) | (days[1:] != days[:-1])
        numbers = np.concatenate([[0], np.cumsum(begins)])
        latest = count[events] - 1
        return numbers[latest], size[latest]

    def touch_after_each(self, row: Int64s, begins: NDArray[np.bool_]) -> tuple[Float64s, Float64s]:
        """Return best bid and best ask after each tick of `rows`, AED; NaN where a side is empty.

        Args:
            row: The numbers of these ticks.
            begins: Whether the book starts anew with each of them, as the first of a day.
        """
        quotes = np.where(self._ticks.volume[row] > 0, self._ticks.price[row], np.nan)
        bid, ask = (_carried(is_quote[row], quotes, begins) for is_quote in self._is_quote)
        return bid, ask

    def _in_sessions(self, ascending: Int64s) -> NDArray[np.bool_]:
        """Return what `in_session` does of many times that ascend, day by day: a third of what dividing each takes."""
        inside = np.zeros(len(ascending), bool)
        if len(ascending):
            days = np.arange(ascending[0] // DAY, ascending[-1] // DAY + 1) * DAY
            opens, closes = (np.searchsorted(ascending, days + time) for time in self._session)
            for start, end in zip(opens, closes, strict=True):
                inside[start:end] = True
        return inside

    @cached_property
    def _sides(self) -> list[tuple[Int64s, Any]]:
        """The events that are a side's quotes, and how many of them there are up to each event."""
        return [(np.flatnonzero(is_quote), np.cumsum(is_quote, dtype=np.int32)) for is_quote in self._is_quote]

    def _latest(self, quotes: Int64s, count: Any, events: Int64s, days: Int64s) -> Int64s:
        if not len(quotes):
            return np.full(events.shape, -1)
        before = np.where(events >= 0, count[events], 0)
        latest = quotes[before - 1]
        ticks = self._ticks
        stands = (before > 0) & (ticks.timestamp[latest] // DAY == days) & (ticks.volume[latest] > 0)
        standing: Int64s = np.where(stands, latest, -1)
        return standing


def _carried(is_quote: NDArray[np.bool_], quotes: Float64s, begins: NDArray[np.bool_]) -> Float64s:
    """Return one side's price after each event: that of its last quote since the book began."""
    at = np.flatnonzero(is_quote | begins)
    return np.repeat(np.where(is_quote[at], quotes[at], np.nan), np.diff(at, append=len(quotes)))

"""The touch in force at each event of a session, computed for all events at once by the rules of the engine.

A quote of size 0 empties its side, a print leaves the book alone, both sides start a day empty, and rows without a
price are skipped. docs/use/strategies.md states the rules; the engine's own loop applies them event by event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.inspection.sessions import Clock
    from pipeline.ticks import Float64s, Int64s, Ticks

FAR: Final = 0.10
"""How far from the touch a print is that hardly can be one, as a share of the touch's price."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Touch:
    """The book after each event of the session, in stored order; 0 is a side that is empty.

    row: the event's place among the stored ticks. lasts: ns for which the book stands so, on a clock that never steps
    back, the last of a day until the session ends.
    """

    row: Int64s
    is_print: NDArray[np.bool_]
    price: Float64s
    bid: Float64s
    ask: Float64s
    lasts: Int64s

    @property
    def crossed(self) -> NDArray[np.bool_]:
        """Whether both sides are there and the bid is above the ask."""
        crossed: NDArray[np.bool_] = (self.bid > self.ask) & (self.ask > 0)
        return crossed

    @property
    def locked(self) -> NDArray[np.bool_]:
        """Whether both sides are there and the bid is the ask."""
        locked: NDArray[np.bool_] = (self.bid == self.ask) & (self.ask > 0)
        return locked

    @property
    def outside(self) -> Int64s:
        """The places of the prints below the bid or above the ask."""
        outside = (self.price < self.bid) | ((self.price > self.ask) & (self.ask > 0))
        outside &= self.is_print
        return np.flatnonzero(outside)

    def far(self, outside: Int64s) -> Int64s:
        """Return those of the places of prints `outside` the touch that are far from it."""
        price, bid, ask = self.price[outside], self.bid[outside], self.ask[outside]
        far: Int64s = outside[(price < bid * (1 - FAR)) | ((ask > 0) & (price > ask * (1 + FAR)))]
        return far


def touch(ticks: Ticks, clock: Clock, session: tuple[int, int]) -> Touch:
    """Return the book after each event within [start, end) ns since midnight."""
    within = (clock.of_day >= session[0]) & (clock.of_day < session[1]) & (ticks.price > 0)
    row = np.flatnonzero(within)
    # Where the clock steps back, rows outside the session can stand between two of one day, and the day begins anew.
    stretch = clock.day[row] if clock.in_order else _stretches(clock.day, ticks.price)[row]
    of_day, kind, price, volume = clock.of_day[row], ticks.kind[row], ticks.price[row], ticks.volume[row]
    begins = np.ones(len(row), bool)
    np.not_equal(stretch[1:], stretch[:-1], out=begins[1:])
    quote = np.where(volume > 0, price, 0.0)
    return Touch(
        row=row,
        is_print=kind == TRADE,
        price=price,
        bid=_side(kind == BID, quote, begins),
        ask=_side(kind == ASK, quote, begins),
        lasts=_lasts(of_day if clock.in_order else _forward(of_day, stretch), begins, session[1]),
    )


def _stretches(day: Int64s, price: Float64s) -> Int64s:
    """Return for each priced row the number of the stretch of one day that it is in."""
    priced = np.flatnonzero(price > 0)
    found = np.zeros(len(day), np.int64)
    found[priced] = np.cumsum(np.diff(day[priced], prepend=day[:1]) != 0)
    return found


def _side(quoted: NDArray[np.bool_], quote: Float64s, begins: NDArray[np.bool_]) -> Float64s:
    """Return one side's price after each event: that of its last quote in the same stretch of a day."""
    at = np.flatnonzero(quoted | begins)
    return np.repeat(np.where(quoted[at], quote[at], 0.0), np.diff(at, append=len(quoted)))


def _forward(of_day: Int64s, stretch: Int64s) -> Int64s:
    forward: Int64s = np.maximum.accumulate(of_day + stretch * DAY) - stretch * DAY
    return forward


def _lasts(forward: Int64s, begins: NDArray[np.bool_], end: int) -> Int64s:
    until = np.append(forward[1:], end)
    until[:-1][begins[1:]] = end
    lasts: Int64s = until - forward
    return lasts

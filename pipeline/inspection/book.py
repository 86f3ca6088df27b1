"""Ticks and a session in, the touch in force at each event of it out: all events at once, by the rules of the engine.

A quote of size 0 empties its side, a print leaves the book alone, both sides start a day empty, and rows without a
price are passed over. docs/strategies.md states the rules; the engine's own loop walks them event by event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.ticks import Float64s, Int8s, Int64s, Ticks

FAR: Final = 0.10
"""How far from the touch a print is that hardly can be one, as a share of the touch's price."""


@dataclass(frozen=True, slots=True)
class Touch:
    """The book after each event of the session, in stored order; 0 is a side that is empty.

    row: the event's place among the stored ticks. lasts: ns for which the book stands so, on a clock that never steps
    back, the last of a day until the session ends.
    """

    row: Int64s
    kind: Int8s
    price: Float64s
    bid: Float64s
    ask: Float64s
    lasts: Int64s

    @property
    def both(self) -> NDArray[np.bool_]:
        """Whether both sides are there."""
        return (self.bid > 0) & (self.ask > 0)

    @property
    def crossed(self) -> NDArray[np.bool_]:
        """Whether the bid is above the ask."""
        crossed: NDArray[np.bool_] = self.both & (self.bid > self.ask)
        return crossed

    @property
    def locked(self) -> NDArray[np.bool_]:
        """Whether the bid is the ask."""
        locked: NDArray[np.bool_] = self.both & (self.bid == self.ask)
        return locked

    def outside(self, share: float = 0.0) -> NDArray[np.bool_]:
        """Whether a print is below the bid or above the ask, by more than a share of its price."""
        below = (self.bid > 0) & (self.price < self.bid * (1 - share))
        above = (self.ask > 0) & (self.price > self.ask * (1 + share))
        outside: NDArray[np.bool_] = (self.kind == TRADE) & (below | above)
        return outside


def touch(ticks: Ticks, session: tuple[int, int]) -> Touch:
    """Return the book after each event within [start, end) ns since midnight."""
    priced = np.flatnonzero(ticks.price > 0)
    clock = ticks.timestamp[priced]
    day = clock // DAY
    stretch = np.cumsum(np.diff(day, prepend=day[:1]) != 0)
    of_day = clock - day * DAY
    within = (of_day >= session[0]) & (of_day < session[1])
    row, stretch, of_day = priced[within], stretch[within], of_day[within]
    kind, price, volume = ticks.kind[row], ticks.price[row], ticks.volume[row]
    return Touch(
        row=row,
        kind=kind,
        price=price,
        bid=_side(kind == BID, price, volume, stretch),
        ask=_side(kind == ASK, price, volume, stretch),
        lasts=_lasts(of_day, stretch, session[1]),
    )


def _side(quoted: NDArray[np.bool_], price: Float64s, volume: Int64s, stretch: Int64s) -> Float64s:
    """Return one side's price after each event: that of its last quote in the same stretch of a day."""
    place = np.arange(len(quoted))
    last = np.maximum.accumulate(np.where(quoted, place, -1))
    known = last >= 0
    known &= stretch[last] == stretch
    found: Float64s = np.where(known & (volume[last] > 0), price[last], 0.0)
    return found


def _lasts(of_day: Int64s, stretch: Int64s, end: int) -> Int64s:
    forward = np.maximum.accumulate(of_day + stretch * DAY) - stretch * DAY
    until = np.append(forward[1:], end)
    until[np.flatnonzero(np.append(stretch[1:] != stretch[:-1], True))] = end
    lasts: Int64s = until - forward
    return lasts

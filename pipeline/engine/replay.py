"""One setting's replay of a security's ticks, part by part: what both engines keep from one part to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engine.outcome import Buffers, Outcome, check_shares, fills_of, shares_of
from pipeline.errors import ReplayError
from pipeline.ticks import NO_TICKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.outcome import Fills, Number
    from pipeline.ticks import Float64s, Int64s, Ticks


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Where a replay stands: before which event, its state by names in the layout, the times of the part before."""

    event: int
    state: Mapping[str, Any]
    times: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class PartTimes:
    """The times of the ticks at hand, the first of which is event `first`, and of the part before."""

    first: int
    times: Int64s
    before: Int64s

    def of(self, events: Int64s) -> Int64s:
        """Return the times of events; raises ReplayError for one that is no longer at hand."""
        at = events - self.first if self.first else events
        if not len(at) or at.min() >= 0:
            return self.times[at]
        at += len(self.before)
        if at.min() < 0:
            raise ReplayError(
                f"a trade at tick {int(events.min()):,} is booked when that is no longer at hand; the strategy takes "
                "its ticks in one piece only."
            )
        return np.concatenate([self.before, self.times])[at]


class Replay(ABC):
    """A replay under way: fed with a security's ticks in parts, it does what it would do with all of them at once.

    Events are numbered from the security's first tick. Where a strategy books trades of earlier events, as an
    AuctionMarket lets it, parts end between days: an event's time is looked up in the part at hand and the one before.

    series: what its strategy recorded in the last part, by field, a number an event, NaN where it recorded none.
    """

    def __init__(self, buffers: Buffers, start: Checkpoint | None = None) -> None:
        self.buffers = buffers
        self._begun = start is not None
        self._before = start.event if start else 0
        self._times_before = start.times if start else NO_TICKS.timestamp
        self._shares = 0.0
        self.series: Mapping[str, Float64s] = {}

    def feed(self, ticks: Ticks) -> Fills:
        """Replay the next ticks and return the fills made there; raises ReplayError."""
        return self._part(ticks, ends=False)

    def so_far(self, ticks: Ticks) -> Outcome:
        """Replay the next ticks, and return the fills made there, the days so far and the state."""
        return Outcome(self.feed(ticks), self.buffers.market_days, self.state())

    def end(self, ticks: Ticks = NO_TICKS) -> Outcome:
        """Replay the last ticks, and return the fills made there or after them, all days and the final state."""
        fills = self._part(ticks, ends=True)
        final = self.final()
        return Outcome(fills, self.buffers.market_days, {**final, "m_rows": final["m_fills"]})

    def checkpoint(self) -> Checkpoint:
        """Return where the replay stands after the parts so far, for another to go on from there."""
        return Checkpoint(self._before, self.state(), self._times_before)

    @abstractmethod
    def state(self) -> Mapping[str, Any]:
        """Return every field of the market and of the strategy's memory as it is now, by its name in the layout."""

    def final(self) -> Mapping[str, Number]:
        """Return the same when all is over."""
        return self.state()

    @abstractmethod
    def advance(self, ticks: Ticks) -> int:
        """Replay ticks into the buffers, and return how many fills there are in them."""

    def _part(self, ticks: Ticks, *, ends: bool) -> Fills:
        self.buffers.inputs |= {"before": self._before, "begins": not self._begun, "ends": ends}
        count = self.advance(ticks)
        self._begun = True
        times = PartTimes(self._before, ticks.timestamp, self._times_before)
        fills = fills_of(self.buffers, count, times.of)
        self._before += len(ticks)
        self._times_before = ticks.timestamp if len(ticks) else self._times_before
        self._shares += shares_of(fills.quantity)
        check_shares(self._shares)
        return fills

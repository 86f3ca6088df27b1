"""What the market did around one security's fills: the mids at and after each fill, and the path of the price.

The mid is (bid + ask) / 2 of the book that the engine keeps: quotes of the continuous session with a price, each side
the latest of its day, empty while its latest has no volume. Outside that session, and with a side empty, there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.rules.account import NO_ORDER
from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY, SECOND

if TYPE_CHECKING:
    from pipeline.engine.outcome import Fills
    from pipeline.markets.facts import MarketFacts
    from pipeline.ticks import Float64s, Int64s, Ticks

HORIZONS: Final = {"1s": SECOND, "10s": 10 * SECOND, "60s": 60 * SECOND, "300s": 300 * SECOND}
"""How long after a fill the mid is looked at again, ns, by name."""

PATH_STEP: Final = 300 * SECOND
NO_TIME: Final = -(2**63)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Observed:
    """What stands beside one security's fills, one entry a fill, and its price path, one entry a mark.

    placed: when the order that was filled was placed, ns, NO_TIME where no order of ours stood. mid: in force at the
    fill; mid_later: at each of HORIZONS after it, one row a horizon, on a clock that never steps back, so that none is
    from before the fill. path_time: ns, ascending: every five minutes of the continuous session of each market day,
    then the day's last print where it is later. path_mid: in force then.
    path_last: price of the day's last print up to then. All prices AED, NaN where there is none.
    """

    placed: Int64s
    mid: Float64s
    mid_later: Float64s
    path_time: Int64s
    path_mid: Float64s
    path_last: Float64s


def observe(ticks: Ticks, fills: Fills, market_days: Int64s, market: MarketFacts) -> Observed:
    """Return what the market did around the fills; market_days: days since 1970-01-01, ascending."""
    clock = ticks.timestamp
    steps_back = bool((clock[1:] < clock[:-1]).any())
    if steps_back:
        clock = np.maximum.accumulate(clock)
    book = _Book(ticks, market, steps_back=steps_back)
    times, days = _path_times(market_days, market)
    at = np.searchsorted(clock, times, side="right") - 1
    prints = np.flatnonzero((ticks.kind == TRADE) & (ticks.price > 0.0))
    closing = _last_prints(clock, prints, market_days, market)
    path_time = np.concatenate([times, clock[closing]])
    order = np.argsort(path_time, kind="stable")
    path_at = np.concatenate([at, closing])[order]
    path_day = np.concatenate([days, clock[closing] // DAY])[order]
    in_session = np.concatenate([np.ones(len(times), bool), np.zeros(len(closing), bool)])[order]
    return Observed(
        placed=_placed_times(ticks, fills),
        mid=book.mid(fills.event, fills.timestamp),
        mid_later=book.mid_at(clock, clock[fills.event], np.array(list(HORIZONS.values()))[:, None]),
        path_time=path_time[order],
        path_mid=np.where(in_session, book.of_day(path_at, path_day), np.nan),
        path_last=_last_price(ticks, clock, prints, path_at, path_day),
    )


class _Book:
    """The quotes of the continuous sessions, a side's by the numbers of their events."""

    def __init__(self, ticks: Ticks, market: MarketFacts, *, steps_back: bool) -> None:
        self._ticks = ticks
        self._opens, self._closes = market.continuous
        inside = self._in_session(ticks.timestamp) if steps_back else self._in_sessions(ticks.timestamp)
        quoting = inside & (ticks.price > 0.0)
        self._sides = [self._side(quoting & (ticks.kind == kind)) for kind in (BID, ASK)]

    @staticmethod
    def _side(chosen: Any) -> tuple[Int64s, Any]:
        """Return the events that are a side's quotes, and how many of them there are up to each event."""
        return np.flatnonzero(chosen), np.cumsum(chosen, dtype=np.int32)

    def of_day(self, events: Int64s, days: Int64s) -> Float64s:
        """Return the mid after each of some events, of the book of the day given."""
        bid, ask = (self._touch(*side, events, days) for side in self._sides)
        mid: Float64s = (bid + ask) / 2
        return mid

    def mid(self, events: Int64s, times: Int64s) -> Float64s:
        """Return the mid after each of some events, none for those outside the session."""
        found: Float64s = np.where(self._in_session(times), self.of_day(events, times // DAY), np.nan)
        return found

    def mid_at(self, clock: Int64s, times: Int64s, after: Int64s) -> Float64s:
        """Return the mids so long after each of some times, a row each; none unless both are of one day's session."""
        later = times + after
        events = np.searchsorted(clock, later, side="right") - 1
        same = self._in_session(times) & self._in_session(later) & (later // DAY == times // DAY)
        found: Float64s = np.where(same, self.of_day(events, times // DAY), np.nan)
        return found

    def _in_session(self, times: Int64s) -> Any:
        time_of_day = times - times // DAY * DAY  # a third of what % takes
        return (time_of_day >= self._opens) & (time_of_day < self._closes)

    def _in_sessions(self, ascending: Int64s) -> Any:
        """Return what `_in_session` does of many times that ascend, day by day: a third of what dividing each takes."""
        inside = np.zeros(len(ascending), bool)
        if len(ascending):
            days = np.arange(ascending[0] // DAY, ascending[-1] // DAY + 1) * DAY
            starts = np.searchsorted(ascending, days + self._opens)
            for start, end in zip(starts, np.searchsorted(ascending, days + self._closes), strict=True):
                inside[start:end] = True
        return inside

    def _touch(self, quotes: Int64s, count: Any, events: Int64s, days: Int64s) -> Float64s:
        if not len(quotes):
            return np.full(events.shape, np.nan)
        before = np.where(events >= 0, count[events], 0)
        latest = quotes[before - 1]
        ticks = self._ticks
        stands = (before > 0) & (ticks.timestamp[latest] // DAY == days) & (ticks.volume[latest] > 0)
        found: Float64s = np.where(stands, ticks.price[latest], np.nan)
        return found


def _path_times(market_days: Int64s, market: MarketFacts) -> tuple[Int64s, Int64s]:
    opens, closes = market.continuous
    steps = np.arange(opens + PATH_STEP, closes + 1, PATH_STEP, dtype=np.int64)
    times: Int64s = (market_days[:, None] * DAY + steps).ravel()
    return times, np.repeat(market_days, len(steps))


def _last_prints(clock: Int64s, prints: Int64s, market_days: Int64s, market: MarketFacts) -> Int64s:
    """Return the events of the last prints of the market days, of those that are later than the continuous session."""
    times = clock[prints]
    at = np.searchsorted(times, (market_days + 1) * DAY) - 1
    late = (at >= 0) & (times[at] > market_days * DAY + market.continuous[1]) if len(times) else np.zeros(len(at), bool)
    events: Int64s = prints[at[late]]
    return events


def _last_price(ticks: Ticks, clock: Int64s, prints: Int64s, events: Int64s, days: Int64s) -> Float64s:
    if not len(prints):
        return np.full(len(events), np.nan)
    at = np.searchsorted(prints, events, side="right") - 1
    found: Float64s = np.where((at >= 0) & (clock[prints[at]] // DAY == days), ticks.price[prints[at]], np.nan)
    return found


def _placed_times(ticks: Ticks, fills: Fills) -> Int64s:
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    times: Int64s = np.where(fills.placed == NO_ORDER, NO_TIME, ticks.timestamp[fills.placed])
    return times

"""Looks up what the market did around one security's fills: mids at and after each fill, and the path of the price.

The mid is (bid + ask) / 2 of the book that the engine keeps: quotes of the continuous session with a price, each side
the latest of its day, empty while its latest has no volume. Outside that session, and with a side empty, there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.engine.rules.account import NO_ORDER
from pipeline.markets.book import Book
from pipeline.replay.prints import shares_beyond_shown, traits_of
from pipeline.ticks import TRADE
from pipeline.times import DAY, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills
    from pipeline.markets.facts import MarketFacts
    from pipeline.ticks import Float64s, Int8s, Int64s, Ticks

HORIZONS: Final = {"1s": SECOND, "10s": 10 * SECOND, "60s": 60 * SECOND, "300s": 300 * SECOND}
"""How long after a fill the mid is looked at again, ns, by name."""

PATH_STEP: Final = 300 * SECOND
NO_TIME: Final = -(2**63)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Observed:
    """What the market did around one security's fills, one entry a fill, and its price path, one entry a mark.

    placed: when the order that was filled was placed, ns, NO_TIME where no order of ours stood. mid: in force at the
    fill; mid_later: at each of HORIZONS after it, one row a horizon, on a clock that never steps back, so that none is
    from before the fill. traits: what filled it and of what order, by the bits of `replay/prints.py`. beyond_shown:
    shares had of one quote beyond the most that it showed, with the last of its fills. condition: the code of the tick
    that filled it. path_time: ns, ascending: every five minutes of the continuous session of each market day, then the
    day's last print where it is later. path_mid: in force then. path_last: price of the day's last print up to then.
    All prices AED, NaN where there is none.
    """

    placed: Int64s
    mid: Float64s
    mid_later: Float64s
    traits: Int8s
    beyond_shown: Int64s
    condition: NDArray[np.str_]
    path_time: Int64s
    path_mid: Float64s
    path_last: Float64s


def observe(ticks: Ticks, fills: Fills, market_days: Int64s, market: MarketFacts, execution: Execution) -> Observed:
    """Return what the market did around the fills; market_days: days since 1970-01-01, ascending."""
    switches = execution.fields()
    delayed = switches["latency"] > 0
    clock = ticks.timestamp
    steps_back = bool((clock[1:] < clock[:-1]).any())
    if steps_back:
        clock = np.maximum.accumulate(clock)
    book = Book(ticks, market.continuous, in_order=not steps_back)
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
        mid=np.where(book.in_session(fills.timestamp), _mid(book, fills.event, fills.timestamp // DAY), np.nan),
        mid_later=_mid_later(book, clock, clock[fills.event]),
        traits=traits_of(ticks, fills, book, market, delayed=delayed),
        beyond_shown=(
            np.zeros(len(fills), np.int64)
            if switches["shown_once"]
            else shares_beyond_shown(fills, book, delayed=delayed)
        ),
        condition=_conditions(ticks, fills),
        path_time=path_time[order],
        path_mid=np.where(in_session, _mid(book, path_at, path_day), np.nan),
        path_last=_last_price(ticks, clock, prints, path_at, path_day),
    )


def _mid(book: Book, events: Int64s, days: Int64s) -> Float64s:
    """Return the mid after each of some events, of the book of the day given, AED; NaN with a side empty."""
    bid, ask = book.touch(events, days)
    mid: Float64s = (bid + ask) / 2
    return mid


def _mid_later(book: Book, clock: Int64s, times: Int64s) -> Float64s:
    """Return the mids at HORIZONS after some times, a row each; NaN unless both are of one day's session."""
    later = times + np.array(list(HORIZONS.values()))[:, None]
    events = np.searchsorted(clock, later, side="right") - 1
    same = book.in_session(times) & book.in_session(later) & (later // DAY == times // DAY)
    mids: Float64s = np.where(same, _mid(book, events, times // DAY), np.nan)
    return mids


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
    prices: Float64s = np.where((at >= 0) & (clock[prints[at]] // DAY == days), ticks.price[prints[at]], np.nan)
    return prices


def _conditions(ticks: Ticks, fills: Fills) -> NDArray[np.str_]:
    if ticks.condition is None:
        return np.full(len(fills), "")
    texts: NDArray[np.str_] = np.array(ticks.conditions)[ticks.condition[fills.event]]
    return texts


def _placed_times(ticks: Ticks, fills: Fills) -> Int64s:
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    times: Int64s = np.where(fills.placed == NO_ORDER, NO_TIME, ticks.timestamp[fills.placed])
    return times

"""Another security's touch as rows of a signal: bid, ask and mid as its last event of each time left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.engine.day_tables import day_tables
from pipeline.store.tick_file import TickFile
from pipeline.ticks import ASK, BID
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.markets.market import MarketFacts
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s, Ticks


def touch_rows(path: AnyPath, digest: str, market: MarketFacts, names: Sequence[str]) -> tuple[Int64s, list[Float64s]]:
    """Return the times of a security's touch, ascending, and the columns `names` of it, NaN where a side is missing.

    The touch is that of its continuous session, as its own replay has it: empty at the start of a day, and from
    midnight after the last quote on. A time is that of the latest tick so far, where the clock steps back; of events
    of one time the last one stands.

    Args:
        path, digest: Its file of ticks.
        market: Its market, on whose trading clock the times are.
        names: Of mid, bid, ask, bid_size and ask_size.

    Raises:
        StoreError: The file cannot be read, or is another than its digest says.
    """
    times: list[Int64s] = [np.empty(0, np.int64)]
    columns: list[list[Float64s]] = [[np.empty(0)] for _ in names]
    latest = -(2**62)
    with TickFile(path, digest, market.clock_shift) as file:
        for ticks in file.batches():
            known = np.maximum(np.maximum.accumulate(ticks.timestamp), latest)
            latest = int(known[-1])
            of_book = in_session(ticks.timestamp, market) & (ticks.kind <= ASK) & (ticks.price > 0)
            if not of_book.any():
                continue
            own_times, touch = _touch_of(ticks[of_book], known[of_book])
            known_at = np.maximum.accumulate(own_times)
            latest = max(latest, int(known_at[-1]))
            last = _last_of_each(known_at)
            times.append(known_at[last])
            for column, name in zip(columns, names, strict=True):
                column.append(touch[name][last])
    every = np.concatenate(times)
    last = _last_of_each(every)
    return every[last], [np.concatenate(column)[last] for column in columns]


def _last_of_each(times: Int64s) -> Int64s:
    """Return the places of the last of each of times that do not fall."""
    places: Int64s = np.flatnonzero(np.append(np.diff(times) != 0, [True] * bool(len(times))))
    return places


def in_session(times: Int64s, market: MarketFacts) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which times are of continuous trading, by the hours of their days, breaks left out."""
    if not len(times):
        return np.zeros(0, bool)
    days = times // DAY
    first = int(days.min())
    tables = day_tables(market, first, int(days.max()))
    rows = (days - first) * tables.step
    begin, end = tables.day_table[rows + 3], tables.day_table[rows + 4]
    inside = np.zeros(len(times), bool)
    for number in range(int((end - begin).max())):
        at = 2 * np.minimum(begin + number, np.maximum(end - 1, 0))
        of_day = times - days * DAY
        inside |= (begin + number < end) & (tables.span_times[at] <= of_day) & (of_day < tables.span_times[at + 1])
    return inside


def _touch_of(quotes: Ticks, known: Int64s) -> tuple[Int64s, dict[str, Float64s]]:
    """Return the touch after each quote of whole days, known at these times, and an empty one after each day."""
    days = quotes.timestamp // DAY
    ends = _last_of_each(days)
    first_of_day = np.repeat(np.append(0, ends[:-1] + 1), np.diff(np.append(-1, ends)))
    places = np.arange(len(quotes))
    touch: dict[str, Float64s] = {}
    for kind, side in ((BID, "bid"), (ASK, "ask")):
        at = np.maximum.accumulate(np.where(quotes.kind == kind, places, -1))
        there = (at >= first_of_day) & (quotes.volume[at] > 0)
        touch[side] = np.where(there, quotes.price[at], np.nan)
        touch[f"{side}_size"] = np.where(there, quotes.volume[at], 0.0)
    touch["mid"] = (touch["bid"] + touch["ask"]) / 2
    empty = {name: 0.0 if name.endswith("_size") else np.nan for name in touch}
    times = np.insert(known, ends + 1, (days[ends] + 1) * DAY)
    return times, {name: np.insert(column, ends + 1, empty[name]) for name, column in touch.items()}

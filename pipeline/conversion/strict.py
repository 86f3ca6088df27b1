"""Turns columns of one type each into ticks when every row keeps the rules; None asks for the row-by-row reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.ticks import LARGEST_SIZE, Parsed, type_code
from pipeline.ticks import Float64s, Int64s, Ticks
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from pipeline.conversion.excel.fastexcel_reader import StrictColumns

# calamine gives a time without a date as a moment of this day.
_CLOCK_DAY_1900: Final = -25568 * timestamps.MS_PER_DAY
_CLOCK_DAY_1904: Final = -24107 * timestamps.MS_PER_DAY


def accept(columns: StrictColumns, *, date1904: bool) -> Parsed | None:
    """Return the sheet's ticks when each filled row is one, of one security; None when any row may be a reject."""
    filled = slice(None) if columns.filled is None else columns.filled
    price, size = columns.price[filled], columns.size[filled]
    times = [time[filled] for time in columns.times]
    if len(price) == 0 or len(columns.securities) > 1:
        return None
    moments = _moments(times, date1904=date1904)
    codes = np.array([type_code(text) for text in columns.type_texts], dtype=np.int8)
    kinds = codes[columns.types[filled]]
    if moments is None or kinds.min() < 0 or not _all_prices(price):
        return None
    volume = _whole_numbers(size)
    if volume is None:
        return None
    rows = len(columns.price) if columns.filled is None else int(np.flatnonzero(columns.filled)[-1]) + 1
    ticks = Ticks(timestamp=moments * MILLISECOND, kind=kinds, price=price + 0.0, volume=volume)
    texts = frozenset((*columns.type_texts, *columns.securities))
    return Parsed(ticks, (), rows, rows - len(ticks), texts, securities=dict.fromkeys(columns.securities, 0))


def _moments(times: list[Int64s], *, date1904: bool) -> Int64s | None:
    moments = times[0]
    if len(times) > 1:
        base = _CLOCK_DAY_1904 if date1904 else _CLOCK_DAY_1900
        clocks = times[1] - base
        if clocks.min() < 0 or clocks.max() >= timestamps.MS_PER_DAY:
            return None
        moments = moments // timestamps.MS_PER_DAY * timestamps.MS_PER_DAY + clocks
    if moments.min() < timestamps.first_ms(date1904=date1904) or moments.max() >= timestamps.END_MS:
        return None
    return moments


def _all_prices(price: Float64s) -> bool:
    # NaN fails both comparisons, so one pass over each bound checks finiteness too.
    return bool((price >= 0).all() and (price < np.inf).all())


def _whole_numbers(size: Float64s) -> Int64s | None:
    if not bool((size >= 0).all() and (size <= LARGEST_SIZE).all()):
        return None
    volume = size.astype(np.int64)
    return volume if bool((volume == size).all()) else None

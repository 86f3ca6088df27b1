"""An exchange's clock, and the same times in UTC, by which events of exchanges in several time zones are ordered."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from pipeline.markets.market import UNKNOWN_ZONE
from pipeline.times import DAY, SECOND

if TYPE_CHECKING:
    from pipeline.ticks import Int64s

DAY_SECONDS: Final = DAY // SECOND
BLOCK: Final = 512
"""Days whose changes are looked for together."""


class ExchangeClock(NamedTuple):
    """The clock that times of an exchange's ticks and fills are on.

    Attributes:
        time_zone: Its zone, by the name of the tz database.
        shift: How far it is ahead of that zone's, ns, where trading days begin on the evening before.
    """

    time_zone: str = UNKNOWN_ZONE
    shift: int = 0

    def utc(self, times: Int64s) -> Int64s:
        """Return times in UTC, in no other order.

        An hour that the clock repeats is the later one; one that it leaves out is the moment when it does.

        Args:
            times: ns since 1970-01-01 on this clock, of any shape.

        Returns:
            ns since 1970-01-01 in UTC, of the same shape.
        """
        if not times.size or self == UTC:
            return times
        local = times - self.shift
        blocks = [(int(time) // DAY + days) // BLOCK for time, days in ((local.min(), -2), (local.max(), 2))]
        changes = _changes(self.time_zone, blocks[0] * BLOCK, (blocks[1] + 1) * BLOCK)
        at = np.searchsorted(changes.sum(axis=1), local, side="right") - 1
        until = np.append(changes[1:, 0], np.iinfo(np.int64).max)
        utc: Int64s = np.minimum(local - changes[at, 1], until[at])
        return utc


UTC: Final = ExchangeClock()


@lru_cache
def _changes(time_zone: str, first: int, last: int) -> Int64s:
    """Return from when on, ns in UTC, a zone is how far ahead of it, ns: a row an offset, shape (offsets, 2).

    first, last: days since 1970-01-01 in UTC between which changes are looked for; there is one a day at most.
    """
    from zoneinfo import ZoneInfo  # not needed where there is one clock

    zone, midnight = ZoneInfo(time_zone), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    def offset(second: int) -> int:
        ahead = (midnight + dt.timedelta(seconds=second)).astimezone(zone).utcoffset() or dt.timedelta()
        return ahead // dt.timedelta(seconds=1)

    rows = [(first * DAY_SECONDS, offset(first * DAY_SECONDS))]
    for before, after in pairwise(range(first * DAY_SECONDS, (last + 1) * DAY_SECONDS, DAY_SECONDS)):
        if offset(after) != rows[-1][1]:
            low, high = before, after
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == rows[-1][1] else (low, middle)
            rows.append((high, offset(high)))
    return np.array(rows, np.int64) * SECOND

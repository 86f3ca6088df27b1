"""One security's ticks as plain arrays, as the store returns them and the engine reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

BID: Final = 0
ASK: Final = 1
TRADE: Final = 2
MOST_VOLUME: Final = 2**53
"""Every whole number up to here is a float as well."""

TICK_TYPES: Final = ("BID", "ASK", "TRADE")

Int64s: TypeAlias = NDArray[np.int64]
Int8s: TypeAlias = NDArray[np.int8]
Float64s: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """The ticks of one security in workbook order, one array a column, all of one length.

    timestamp: int64, nanoseconds since 1970-01-01 on the exchange's local clock (no zone).
    kind: int8, index into `TICK_TYPES`.
    price: float64, AED a share. volume: int64, shares, from 0 to `MOST_VOLUME`.
    """

    timestamp: Int64s
    kind: Int8s
    price: Float64s
    volume: Int64s

    def __len__(self) -> int:
        return len(self.timestamp)


def union_of(several: Sequence[Int64s]) -> Int64s:
    """Return the days or times that occur in any, ascending; numpy's own would load masked arrays for it."""
    if not several:
        return np.empty(0, np.int64)
    every = np.sort(np.concatenate(several))
    return every[np.concatenate(([True], every[1:] != every[:-1]))] if len(every) else every

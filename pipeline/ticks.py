"""One security's ticks as plain arrays, as the store returns them and the engine reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

BID: Final = 0
ASK: Final = 1
TRADE: Final = 2
MOST_VOLUME: Final = 2**53
"""Every whole number up to here is a float as well."""

TICK_TYPES: Final = ("BID", "ASK", "TRADE")

Int64s: TypeAlias = NDArray[np.int64]
Int8s: TypeAlias = NDArray[np.int8]
Int32s: TypeAlias = NDArray[np.int32]
Float64s: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """The ticks of one security in workbook order, one array a column, all of one length.

    timestamp: int64, nanoseconds since 1970-01-01 on the exchange's local clock (no zone).
    kind: int8, index into `TICK_TYPES`.
    price: float64, a share. volume: int64, shares, from 0 to `MOST_VOLUME`.
    condition: int32, index into `conditions`, the vendor's condition codes, sorted, "" where a tick has none; None and
    empty where the workbook has no such column.
    signals: of each signal that is read beside the ticks its value (float64) and the time of that (int64) as of a tick.
    """

    timestamp: Int64s
    kind: Int8s
    price: Float64s
    volume: Int64s
    condition: Int32s | None = None
    conditions: tuple[str, ...] = ()
    signals: tuple[NDArray[Any], ...] = ()

    def __len__(self) -> int:
        return len(self.timestamp)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Ticks:
        """Return some of the ticks: a stretch of them, or those at these places or where a mask is true."""
        return self.mapped(lambda column: column[rows])

    def mapped(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Ticks:
        """Return the ticks of which each array is `change` of the one here."""
        condition = None if self.condition is None else change(self.condition)
        columns = (change(self.timestamp), change(self.kind), change(self.price), change(self.volume))
        return Ticks(*columns, condition, self.conditions, tuple(map(change, self.signals)))

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """The arrays, in the order of the fields."""
        columns = (self.timestamp, self.kind, self.price, self.volume)
        return (*columns, *([] if self.condition is None else [self.condition]), *self.signals)


NO_TICKS: Final = Ticks(np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0), np.empty(0, np.int64))


def join_ticks(parts: Sequence[Ticks]) -> Ticks:
    """Return ticks one after the other, their conditions sorted; no tick with one is as no column of them."""
    texts = sorted({"", *(text for part in parts for text in part.conditions)})
    condition = None
    if len(texts) > 1:
        codes = [
            np.zeros(len(part), np.int32)
            if part.condition is None
            else np.array([texts.index(text) for text in part.conditions], np.int32)[part.condition]
            for part in parts
        ]
        condition = np.concatenate(codes)
    if len(parts) == 1 and parts[0].condition is None:
        return parts[0]
    return Ticks(
        timestamp=np.concatenate([part.timestamp for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        price=np.concatenate([part.price for part in parts]),
        volume=np.concatenate([part.volume for part in parts]),
        condition=condition,
        conditions=tuple(texts) if condition is not None else (),
    )


def shifted(ticks: Ticks, by: int) -> Ticks:
    """Return ticks on a clock that is ahead of theirs, ns."""
    return replace(ticks, timestamp=ticks.timestamp + by) if by else ticks


def stack_ticks(parts: Iterable[Ticks], rows: int) -> Ticks:
    """Return ticks of the same condition texts one after the other, `rows` in all; a part that is all as it is."""
    whole: Ticks | None = None
    row = 0
    for part in parts:
        if whole is None:
            whole = part if len(part) == rows else part.mapped(lambda column: np.empty(rows, column.dtype))
        if whole is not part and len(part):
            for column, values in zip(whole.columns, part.columns, strict=True):
                column[row : row + len(part)] = values
        row += len(part)
    return NO_TICKS if whole is None else whole


def union_of(several: Sequence[Int64s]) -> Int64s:
    """Return the days or times that occur in any, ascending; numpy's own would load masked arrays for it."""
    if not several:
        return np.empty(0, np.int64)
    every = np.sort(np.concatenate(several))
    return every[np.concatenate(([True], every[1:] != every[:-1]))] if len(every) else every

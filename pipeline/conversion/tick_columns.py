"""The columns of ticks while rows are judged, and together with those that a fast reader took."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np

from pipeline.conversion import timestamps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.ticks import TickRows
    from pipeline.ticks import Float64s, Int8s, Int32s, Int64s


LONGEST_SHOWN: Final = 100
"""How much is kept of a text that is shown."""

Tick: TypeAlias = "tuple[int, int, int, float, int, int, int, bool]"
"""Excel row, ms since 1970, type code, price, size, indices of security and condition codes, whether ms are of UTC."""


class JudgedTicks(NamedTuple):
    """Ticks in ascending order of Excel rows, one array a column, ms on the exchange's clock."""

    rows: Int64s
    ms: Int64s
    kinds: Int8s
    price: Float64s
    volume: Int64s
    security: Int32s
    condition: Int32s

    def where(self, mask: Any) -> JudgedTicks:
        """Return the ticks that a mask or an order of positions takes."""
        return JudgedTicks(*(column[mask] for column in self))


class TickColumns:
    """The ticks of a sheet as they come, and the texts behind the indices of securities and of condition codes."""

    def __init__(self) -> None:
        self._columns: list[array[Any]] = [array(code) for code in "qqbdqiib"]
        self.securities = {"": 0}
        self.conditions = {"": 0}

    def append(self, tick: Tick) -> None:
        """Add a tick."""
        for column, value in zip(self._columns, tick, strict=True):
            column.append(value)

    @property
    def of_utc(self) -> int:
        """Return how many of them are ms of UTC."""
        return sum(self._columns[-1])

    def merged(self, read: TickRows | None, time_zone: str) -> JudgedTicks:
        """Return these ticks and those that a fast reader took."""
        own: list[Any] = [np.array(column) for column in self._columns]
        is_utc = own.pop().astype(bool)
        own[1][is_utc] = timestamps.to_clock(own[1][is_utc], time_zone)
        if read is None:
            return _in_order(own)
        of_reader: list[Any] = [
            read.rows,
            timestamps.to_clock(read.moments, time_zone) if read.utc else read.moments,
            read.kinds,
            read.price,
            read.volume,
            _indices(read.security, read.labels, len(read.rows), self.securities),
            _indices(read.condition, [text.strip() for text in read.labels], len(read.rows), self.conditions),
        ]
        if not len(own[0]):
            return JudgedTicks(*of_reader)
        return _in_order([np.concatenate(pair) for pair in zip(of_reader, own, strict=True)])


def _in_order(columns: list[Any]) -> JudgedTicks:
    """Return the columns in the order that Excel shows, which need not be that of the file."""
    return JudgedTicks(*columns).where(np.argsort(columns[0], kind="stable"))


def _indices(of_labels: Int32s | None, labels: Sequence[str], ticks: int, indices: dict[str, int]) -> Int32s:
    """Return indices into a fast reader's labels as those into `indices`, which gets those used."""
    if of_labels is None:
        return np.zeros(ticks, np.int32)
    used = np.bincount(of_labels, minlength=len(labels)) > 0
    own = [
        indices.setdefault(text[:LONGEST_SHOWN], len(indices)) if use else 0
        for text, use in zip(labels, used, strict=True)
    ]
    return np.array(own, np.int32)[of_labels]

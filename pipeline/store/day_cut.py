"""Cuts ticks that come part by part into stretches of whole days."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from pipeline.ticks import Ticks, stack_ticks
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray


class DayCut:
    """Cuts ticks so that those of a stretch are of earlier days than all that follow; clocks may step back.

    lows: The least timestamp of each part that will come, ns.
    """

    def __init__(self, lows: Sequence[int]) -> None:
        self._rest = iter([*reversed([*accumulate(reversed(lows[1:]), min)]), None])
        self._waiting: list[Ticks] = []

    def add(self, part: Ticks) -> Iterator[Ticks]:
        """Take the next part, which has a tick, and yield the stretches that are whole now."""
        least = next(self._rest)
        if self._waiting:
            # The day under way goes alone, so that the days after it need not be copied to stand behind it.
            end = (max(int(ticks.timestamp.max()) for ticks in self._waiting) // DAY + 1) * DAY
            row = _first(part.timestamp >= end)
            if row < len(part) and min(int(part.timestamp[row:].min()), end if least is None else least) >= end:
                yield _joined([*self._waiting, part[:row]])
                self._waiting, part = [], part[row:]
        self._waiting.append(part)
        number, row = (len(self._waiting), 0) if least is None else self._end(least)
        whole = [*self._waiting[:number], *(ticks[:row] for ticks in self._waiting[number : number + 1])]
        self._waiting = [*(ticks[row:] for ticks in self._waiting[number : number + 1]), *self._waiting[number + 1 :]]
        if any(map(len, whole)):
            yield _joined(whole)

    def _end(self, least: int) -> tuple[int, int]:
        """Return the part and its row up to which days are whole, where `least` is the least time that is to come."""
        begin = least // DAY * DAY
        while True:
            rows = ((number, _first(ticks.timestamp >= begin)) for number, ticks in enumerate(self._waiting))
            number, row = next((at for at in rows if at[1] < len(self._waiting[at[0]])), (len(self._waiting), 0))
            rest = [ticks.timestamp[row if place == 0 else 0 :] for place, ticks in enumerate(self._waiting[number:])]
            before = min([begin, *(int(times.min()) for times in rest)]) // DAY * DAY
            if before == begin:
                return number, row
            begin = before


def _joined(parts: Sequence[Ticks]) -> Ticks:
    parts = [part for part in parts if len(part)]
    return stack_ticks(parts, sum(map(len, parts)))


def _first(which: NDArray[np.bool_]) -> int:
    """Return the first place that is true, or how many there are."""
    place = int(which.argmax())
    return place if which[place] else len(which)

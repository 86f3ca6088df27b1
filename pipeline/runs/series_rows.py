"""Rows of what a strategy recorded: a time, and of each series the number recorded then, as often as it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.store.columns import number_array
from pipeline.times import MILLISECOND, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.series import Series
    from pipeline.ticks import Float64s, Int64s

BEFORE_ALL: Final = -(2**62)


class SeriesRows:
    """The rows of a security's series, from part to part of its ticks.

    shift: how far the clock of its ticks is ahead of its exchange's, ns.
    """

    def __init__(self, series: Mapping[str, Series], shift: int) -> None:
        self._every = {name: round(each.every * SECOND) for name, each in series.items()}
        self._next = dict.fromkeys(series, BEFORE_ALL)
        self._shift = shift

    def table(self, timestamps: Int64s, recorded: Mapping[str, Float64s]) -> Any:
        """Return the rows of a part: where any of its series has a number, the others being null there."""
        kept = {name: self._thinned(name, timestamps, values) for name, values in recorded.items()}
        rows = np.flatnonzero(np.logical_or.reduce([~np.isnan(values) for values in kept.values()]))
        times = number_array((timestamps[rows] - self._shift) // MILLISECOND, pa.timestamp("ms"))
        columns = {
            name: number_array(values[rows], pa.float64(), ~np.isnan(values[rows])) for name, values in kept.items()
        }
        return pa.table({"timestamp": times, **columns})

    def _thinned(self, name: str, timestamps: Int64s, values: Float64s) -> Float64s:
        """Leave out the numbers that come sooner after the one before than a series asks for."""
        if not self._every[name]:
            return values
        places = np.flatnonzero(~np.isnan(values))
        times = np.maximum.accumulate(timestamps[places])
        chosen, at = [], int(np.searchsorted(times, self._next[name]))
        while at < len(places):
            chosen.append(places[at])
            self._next[name] = int(times[at]) + self._every[name]
            at = int(np.searchsorted(times, self._next[name]))
        thinned = np.full(len(values), np.nan)
        thinned[chosen] = values[chosen]
        return thinned

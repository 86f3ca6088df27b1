"""The equity of many securities on one clock: their fills put in order stretch by stretch, most of them in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.exposure import DAY_MS
from pipeline.metrics.records_file import RecordsFile
from pipeline.spark import extremes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.metrics.ledger import Records
    from pipeline.ticks import Float64s, Int64s

IN_MEMORY: Final = 500_000
"""Fills of all securities together that memory holds; those of further securities go to a temporary file."""

AT_A_TIME: Final = 250_000
"""About how many fills are put in order at a time, OF_EACH security at least: a piece of each is read for it."""

OF_EACH: Final = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """Net realised equity (money) at times (ms) of fills, and of how many fills in all."""

    stamps: Int64s
    equity: Float64s
    fills: int


@dataclass(frozen=True, slots=True)
class _Fills:
    """One security's fills, a record each: its time (ms), and net P&L (the bits of a float); and how many by day."""

    records: Records
    days: Int64s
    ends: Int64s


class EquityCurve:
    """Takes the fills of one security after the other, and gives their common equity."""

    def __init__(self) -> None:
        self._fills: dict[str, _Fills] = {}
        self._count = 0
        self._file: RecordsFile | None = None

    def add(self, ticker: str, stamps: Int64s, net: Float64s) -> None:
        """Take the times (ms) of one security's fills, and what each made.

        Raises OSError where the temporary file cannot be written.
        """
        records: Records = np.stack([stamps, net.view(np.int64)], axis=1)
        days, counts = np.unique(stamps // DAY_MS, return_counts=True)
        self._count += len(records)
        if self._count > IN_MEMORY:
            self._file = self._file or RecordsFile()
            records = self._file.append([records], 2)
        self._fills[ticker] = _Fills(records, days, np.cumsum(counts))

    def curve(self, most: int) -> Curve:
        """Return the equity after every fill; of more than so many, with the extremes of each stretch."""
        stamps, curves = [np.empty(0, np.int64)], [np.empty(0)]
        equity = peak = 0.0
        for times, net in self._stretches():
            after = np.cumsum(np.concatenate([[equity], net]))[1:]
            highest = np.maximum(np.maximum.accumulate(after), peak)
            share = len(after) if self._count <= most else most * len(after) // self._count
            drawn = extremes([after, after - highest], share)
            stamps.append(times[drawn])
            curves.append(after[drawn])
            equity, peak = float(after[-1]), float(highest[-1])
        return Curve(np.concatenate(stamps), np.concatenate(curves), self._count)

    def _stretches(self) -> Iterator[tuple[Int64s, Float64s]]:
        """Yield the times of all fills of some days in order, and what each made; of one time those of the first."""
        securities = [self._fills[ticker] for ticker in sorted(self._fills)]
        begun = [0] * len(securities)
        for day in self._ends():
            parts = []
            for number, fills in enumerate(securities):
                after = int(np.searchsorted(fills.days, day, side="right"))
                end = int(fills.ends[after - 1]) if after else 0
                parts.append(fills.records[begun[number] : end])
                begun[number] = end
            records = np.concatenate(parts)
            ordered = records[np.argsort(records[:, 0], kind="stable")]
            yield ordered[:, 0], np.ascontiguousarray(ordered[:, 1]).view(np.float64)

    def _ends(self) -> list[int]:
        """Return the last day of each stretch."""
        every = [(fills.days, np.diff(fills.ends, prepend=0)) for fills in self._fills.values() if len(fills.days)]
        if not every:
            return []
        days, places = np.unique(np.concatenate([days for days, _ in every]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts for _, counts in every]))
        stretch = np.cumsum(counts) // max(AT_A_TIME, OF_EACH * len(self._fills))
        last: list[int] = days[np.flatnonzero(np.diff(stretch, append=-1))].tolist()
        return last

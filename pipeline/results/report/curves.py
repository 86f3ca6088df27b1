"""Long series in, the points worth drawing out: extremes are kept, and what a page holds is as short as it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ticks import Float64s, Int64s


def drawdown(equity: Float64s) -> Float64s:
    """Return how far equity stands below its highest so far, AED, at most 0; it starts from 0."""
    peak = np.maximum(np.maximum.accumulate(equity), 0.0) if len(equity) else equity
    return equity - peak


def extremes(series: Sequence[Any], most: int) -> Int64s:
    """Return the places worth drawing, ascending, at most `most`: all, or of each stretch every series' extremes.

    A stretch keeps the least and the greatest value of each series; the first and last places are kept too. NaN is
    passed over. The series are of one length.
    """
    count = len(series[0])
    most = max(most, 0)
    if count <= most:
        return np.arange(count)
    stretches = max((most - 2) // (2 * len(series)), 1)
    edges = np.linspace(0, count, stretches + 1).astype(np.int64)
    found: list[Any] = [np.array([0, count - 1])]
    for values in series:
        # Every stretch as a row of one table, the last padded with its own end.
        width = int((edges[1:] - edges[:-1]).max())
        places = np.minimum(edges[:-1, None] + np.arange(width), edges[1:, None] - 1)
        held = values[places].astype(np.float64)
        rows = np.arange(stretches)
        found.append(places[rows, np.argmin(np.where(np.isnan(held), np.inf, held), axis=1)])
        found.append(places[rows, np.argmax(np.where(np.isnan(held), -np.inf, held), axis=1)])
    kept: Int64s = np.unique(np.concatenate(found))
    return kept if most >= 2 + 2 * len(series) else kept[:most]


def largest(sizes: Any, most: int) -> Int64s:
    """Return the places worth drawing, ascending, at most `most`: all, or the largest size of each stretch."""
    most = max(most, 0)
    if len(sizes) <= most:
        return np.arange(len(sizes))
    edges = np.linspace(0, len(sizes), most + 1).astype(np.int64)
    stretches = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return np.array([start + int(np.argmax(sizes[start:end])) for start, end in stretches], np.int64)


class Columns:
    """The lists of numbers that a page's charts share: each stands on the page once, as short as it can be."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self._times: dict[bytes, dict[str, str]] = {}

    def add(self, values: Any, digits: int) -> dict[str, str]:
        """Keep numbers rounded to so many digits behind the point, NaN as null; return what stands for them."""
        rounded = np.round(np.asarray(values, np.float64), digits) + 0.0
        missing = np.isnan(rounded)
        if missing.any():
            return self._named([None if empty else one for one, empty in zip(rounded.tolist(), missing, strict=True)])
        whole = rounded.astype(np.int64)
        return self._named((whole if (whole == rounded).all() else rounded).tolist())

    def money(self, values: Float64s) -> dict[str, str]:
        """Keep AED to a cent, or where they span much to a ten-thousandth of the span; return what stands for them."""
        span = float(values.max() - values.min()) if len(values) else 0.0
        return self.add(values, 2 if span < 1_000 else 1 if span < 10_000 else 0)  # noqa: PLR2004 - digits that can be seen

    def times(self, stamps: Int64s) -> dict[str, str]:
        """Keep times (ms) exactly, as steps from one to the next, equal ones once; return what stands for them."""
        key = stamps.tobytes()
        if key not in self._times:
            steps = np.diff(stamps, prepend=stamps[:1])
            unit = int(np.gcd.reduce(steps)) or 1
            start = int(stamps[0]) if len(stamps) else 0
            self._times[key] = self._named({"start": start, "steps": (steps // unit).tolist(), "unit": unit})
        return self._times[key]

    def _named(self, held: Any) -> dict[str, str]:
        name = str(len(self.held))
        self.held[name] = held
        return {"column": name}

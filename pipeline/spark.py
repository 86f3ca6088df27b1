"""Small lines of values over time, drawn beside figures, and which of many points a picture draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ticks import Int64s

WIDTH: Final = 110
HEIGHT: Final = 28
MOST_POINTS: Final = 60


@dataclass(frozen=True, slots=True)
class Spark:
    """An SVG polyline's points in a box of `width` by `height`, and the height at which 0 stands."""

    points: str
    zero: str
    width: int = WIDTH
    height: int = HEIGHT


def spark(values: Sequence[float]) -> Spark | None:
    """Return a line through values at even distances that starts from 0; None where there are none."""
    if not values:
        return None
    every = [0.0, *values]
    highest = max(every)
    spread = highest - min(every) or 1.0
    points = (
        f"{WIDTH * at / len(values):.4g},{(highest - value) / spread * HEIGHT:.4g}" for at, value in enumerate(every)
    )
    return Spark(" ".join(points), f"{highest / spread * HEIGHT:.4g}")


def thinned(values: Sequence[float], most: int = MOST_POINTS) -> list[float]:
    """Return values to the cent, of many the lowest and highest of each stretch in their order, first and last too."""
    rounded = [round(value, 2) for value in values]
    return [rounded[place] for place in extremes([np.array(rounded)], most).tolist()]


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
    extreme: list[Any] = [np.array([0, count - 1])]
    for values in series:
        # Every stretch as a row of one table, the last padded with its own end.
        width = int((edges[1:] - edges[:-1]).max())
        places = np.minimum(edges[:-1, None] + np.arange(width), edges[1:, None] - 1)
        table = values[places].astype(np.float64)
        rows = np.arange(stretches)
        extreme.append(places[rows, np.argmin(np.where(np.isnan(table), np.inf, table), axis=1)])
        extreme.append(places[rows, np.argmax(np.where(np.isnan(table), -np.inf, table), axis=1)])
    ascending = union_of(extreme)
    return ascending if most >= 2 + 2 * len(series) else ascending[:most]

"""Small lines of values over time, drawn beside figures: in tables of pages, and in notebooks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    if len(rounded) <= most:
        return rounded
    stretches = most // 2 - 1
    edges = [len(rounded) * number // stretches for number in range(stretches + 1)]
    places = {0, len(rounded) - 1}
    for start, end in itertools.pairwise(edges):
        stretch = range(start, end)
        places |= {min(stretch, key=rounded.__getitem__), max(stretch, key=rounded.__getitem__)}
    return [rounded[place] for place in sorted(places)]

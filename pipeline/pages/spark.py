"""Small lines of values over time, drawn beside their figures in tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 110
HEIGHT: Final = 28


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

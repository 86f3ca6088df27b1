"""Parameters that are lists of numbers, as a strategy has them: arrays that keep their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.engine.memory import Array, IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.memory import Compound


class Constants(Array):
    """A list of floats that is a parameter: as an `Array` that keeps its values."""

    __setitem__ = None  # type: ignore[assignment]

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__(len(values))
        self.values = list(values)


class IntConstants(IntArray):
    """A list of whole numbers that is a parameter."""

    __setitem__ = None  # type: ignore[assignment]

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__(len(values))
        self.values = list(values)


def constants(values: Sequence[Any], *, whole: bool) -> Compound:
    """Return the memory that a parameter is which is a list of numbers."""
    return IntConstants(values) if whole else Constants(values)

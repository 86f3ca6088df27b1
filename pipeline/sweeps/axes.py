"""The axes of a sweep with their values, and the settings to try: every combination of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.execution import SWITCH, preset_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

STRATEGY: Final = "strategy"
PRESET: Final = "execution"


@dataclass(frozen=True, slots=True)
class Axis:
    """One name and the values it takes: a parameter, `execution` (presets) or a switch as `execution.fill_price`."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """An axis to be searched instead of walked: from one value to another, whole numbers or not, evenly in its log."""

    name: str
    start: float
    end: float
    step: float | None
    log: bool
    points: int | None = None

    @property
    def is_for_search(self) -> bool:
        """Whether it does not say which values it has, so that it cannot be walked."""
        return self.step is None and self.points is None and self.start != self.end

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        whole_step = self.step is None or float(self.step).is_integer()
        return isinstance(self.start, int) and isinstance(self.end, int) and whole_step


@dataclass(frozen=True, slots=True)
class Grid:
    """What a sweep varies, and what its file says of where."""

    strategies: tuple[str, ...]
    axes: tuple[Axis, ...]
    spans: tuple[Span, ...] = ()
    config: str | None = None
    securities: tuple[str, ...] = ()


def is_assumption(axis: str) -> bool:
    """Return whether an axis is an execution assumption, which a desk does not choose."""
    return axis == PRESET or axis.startswith(SWITCH)


def assumed(axes: Sequence[Axis]) -> dict[str, Any]:
    """Return the one execution model among those varied that settings are chosen under, as a value by axis.

    It is the careful one: the value that `strict` has where it is among an axis's values, else the first of them.
    """
    strict = {PRESET: "strict", **{SWITCH + name: value for name, value in preset_settings("strict").items()}}
    return {
        axis.name: next((value for value in axis.values if value == strict.get(axis.name)), axis.values[0])
        for axis in axes
        if is_assumption(axis.name)
    }


def joined(first: Grid, second: Grid) -> Grid:
    """Return a grid with the axes of both; where both have one, the second's."""
    replaced = {axis.name for axis in second.axes}
    return Grid(
        strategies=second.strategies or first.strategies,
        axes=(*(axis for axis in first.axes if axis.name not in replaced), *second.axes),
        spans=(*(span for span in first.spans if span.name not in replaced), *second.spans),
        config=second.config or first.config,
        securities=second.securities or first.securities,
    )

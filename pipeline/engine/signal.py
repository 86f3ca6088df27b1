"""Signals: columns known beforehand, which a strategy reads as of each event and never ahead of it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.memory import Compound
from pipeline.errors import ReplayError, StrategyError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.memory import FloatColumn, IntColumn, Kind
    from pipeline.ticks import Ticks

TOUCHES: Final = ("mid", "bid", "ask", "bid_size", "ask_size")
"""What another security's signals can be of, after its ticker: `EMAAR.mid`."""

SIGNAL_TYPES: Final = ("float64", "int64")
"""The numpy types of a signal's columns: its values, and the times that these are of."""

_OTHER: Final = re.compile(r"(.+)\.(\w+)")


class Signal(Compound):
    """A column known beforehand: `alpha: Signal = Signal("alpha")`, then `self.alpha.value` and `self.alpha.time`.

    `value` is that of the last row of a time not after the event's, NaN before the first row; `time` is that row's
    time, ns on the exchange's clock, 0 before the first, so that its age `m.now - self.alpha.time` is beyond any limit.

    Args:
        name: A column of the security's file of signals; or `TICKER.mid`, `.bid`, `.ask`, `.bid_size` or `.ask_size`,
            another security's touch, as of its last event before the time of ours.
    """

    value: float = math.nan
    time: int = 0
    values: FloatColumn
    times: IntColumn

    def __init__(self, name: str) -> None:
        super().__init__(1)
        if not isinstance(name, str) or not name.strip():
            raise StrategyError(f'Signal({name!r}): it takes the name of a column, as in Signal("alpha").')
        self.name = name
        if (other := self.other) and other[1] not in TOUCHES:
            raise StrategyError(
                f"Signal({name!r}): of another security there are {', '.join(TOUCHES)}.{nearest(other[1], TOUCHES)}"
            )

    @property
    def other(self) -> tuple[str, str] | None:
        """The other security's ticker and what is read of its touch; None for a column of a file of signals."""
        found = _OTHER.fullmatch(self.name)
        return (found[1].upper(), found[2]) if found else None

    def made_with(self) -> str:
        """Return how it is written."""
        return f"Signal({self.name!r})"

    def held(self) -> list[float]:
        """Return its value."""
        return [self.value]

    def numbers(self) -> dict[str, tuple[Kind, int | float]]:
        """Return the kind and the present value of its two numbers; its columns are given, not remembered."""
        return {"value": ("float", self.value), "time": ("int", self.time)}

    def take(self, at: int) -> None:
        """Take the value as of an event, by the event's place in the columns at hand, which only a loop has."""
        self.value = self.values[at]
        self.time = self.times[at]


def signal_columns(ticks: Ticks, signals: Sequence[str]) -> list[Any]:
    """Return the columns of ticks that belong to a strategy's signals: of each its values and its times.

    Raises ReplayError for ticks that came without them.
    """
    if not signals or (len(ticks) and len(ticks.signals) == len(signals) * len(SIGNAL_TYPES)):
        return [np.ascontiguousarray(column) for column in ticks.signals] if signals else []
    if len(ticks):
        raise ReplayError(f"these ticks came without the signals {', '.join(signals)} that the strategy reads.")
    return [np.empty(0, kind) for _ in signals for kind in SIGNAL_TYPES]

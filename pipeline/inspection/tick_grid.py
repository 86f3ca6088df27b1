"""Says of quotes off the tick grid of their exchange on which other exchange's they would be."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.errors import PipelineError
from pipeline.markets.codes import exchanges_beside
from pipeline.markets.facts import facts_of
from pipeline.markets.tick_tables import NO_GRID
from pipeline.ticks import TRADE
from pipeline.times import DAY, FIRST_DAY, date_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Ticks

OFF_GRID: Final = 1e-6
"""Ticks by which a price may miss the grid and still be on it: what binary fractions cost."""


def quotes_elsewhere(ticks: Ticks, facts: MarketFacts) -> dict[str, int]:
    """Return how many quotes that are off the grid of their exchange are on that of each other one of its currency.

    Only exchanges whose tick sizes are known are asked.
    """
    quotes = ticks[(ticks.kind != TRADE) & (ticks.price > 0)]
    off = quotes[_is_off(quotes, facts)]
    found = {}
    for name in exchanges_beside(facts.exchange):
        with suppress(PipelineError):  # what is wrong with another market's file is for who uses it
            other = facts_of(name)
            if other.tick_tables:
                found[name] = int(np.count_nonzero(~_is_off(off, other)))
    return found


def _is_off(ticks: Ticks, facts: MarketFacts) -> NDArray[np.bool_]:
    """Return of each price whether it is no multiple of the tick size of its day."""
    is_off = np.zeros(len(ticks), np.bool_)
    if not len(ticks):
        return is_off
    days = ticks.timestamp // DAY
    stretches = facts.stretches(date_of(int(days.min())), date_of(int(days.max())))
    begins = np.array([(day - FIRST_DAY).days for day, _, _ in stretches])
    of_stretch = np.searchsorted(begins, days, side="right") - 1
    for number, (_, _, levels) in enumerate(stretches):
        own = of_stretch == number
        below, sizes = (np.array(column) for column in zip(*(levels or NO_GRID), strict=True))
        steps = ticks.price[own] / sizes[np.searchsorted(below, ticks.price[own], side="right")]
        is_off[own] = np.abs(steps - np.floor(steps + 0.5)) > OFF_GRID
    return is_off

"""Tells the ticks that stand at the end of one part of a security and at the start of the next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from pipeline.ticks import Ticks

Counted: TypeAlias = "Counter[tuple[int, float, int]]"
"""How many ticks there are of each kind, price and size."""


def ticks_at(ticks: Ticks, moment: int) -> Counted:
    """Return how many ticks of each kind, price and size there are at a time."""
    ticks = ticks[np.flatnonzero(ticks.timestamp == moment)]
    return Counter(zip(ticks.kind.tolist(), ticks.price.tolist(), ticks.volume.tolist(), strict=True))


class Ends:
    """The ticks of the earliest and of the latest time among ticks that come block by block and are not kept."""

    def __init__(self) -> None:
        self._at: dict[int, Counted] = {}

    def add(self, ticks: Ticks) -> None:
        """Take the next ticks."""
        if not len(ticks):
            return
        of_these = {int(ticks.timestamp.min()), int(ticks.timestamp.max())}
        for moment in of_these:
            self._at[moment] = self._at.get(moment, Counter()) + ticks_at(ticks, moment)
        ends = min(self._at), max(self._at)
        self._at = {moment: count for moment, count in self._at.items() if moment in ends}

    def at(self, moment: int) -> Counted:
        """Return how many ticks of each kind, price and size there are at the earliest or latest time."""
        return self._at.get(moment, Counter())

"""The ticks and parameters that every engine gets, and the other shapes they take: numpy alone, for any environment."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

BID, ASK, TRADE = 0, 1, 2
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
OPENS, CLOSES = 36_000 * SECOND, 53_100 * SECOND
"""Time of day between which v1 quotes: 10:00 to 14:45."""


@dataclass(frozen=True)
class Parameters:
    """Of v1: shares a quote, ns between two quotes of a side, and the most shares held, long or short."""

    size: int = 2_400
    refill: int = 180 * SECOND
    most: int = 4_800


@dataclass(frozen=True)
class Shape:
    """Ticks with a price, in order: time in ns, kind, price, shares."""

    timestamp: Any
    kind: Any
    price: Any
    volume: Any

    def __len__(self) -> int:
        return len(self.timestamp)

    def save(self, file: Path) -> None:
        np.savez(file, **asdict(self))

    @classmethod
    def load(cls, file: Path) -> Shape:
        with np.load(file) as arrays:
            return cls(**{name: arrays[name] for name in ("timestamp", "kind", "price", "volume")})

    def standing(self, kind: int, of: Any) -> Any:
        """Return of each tick the value of the last one of a kind so far; 0 before the first."""
        last = np.maximum.accumulate(np.where(self.kind == kind, np.arange(len(self)), -1))
        return np.where(last >= 0, of[last], 0)

    def bought(self) -> Any:
        """Return of each tick whether, were it a print, the buyer hit the ask: it is nearer to that than to the bid."""
        bid, ask = self.standing(BID, self.price), self.standing(ASK, self.price)
        return np.abs(self.price - ask) <= np.abs(self.price - bid)

    def depth_steps(self) -> tuple[Any, Any, Any]:
        """Return the events of a book by price: rows, prices and shares, 0 where a level goes.

        A quote replaces its side's level, so one at another price is two events: the old level goes, the new comes.
        """
        rows = np.arange(len(self))
        goes = np.zeros(len(self), bool)
        before = np.zeros(len(self))
        for kind in (BID, ASK):
            at = np.flatnonzero(self.kind == kind)
            before[at[1:]] = self.price[at[:-1]]
            goes[at[1:]] = self.price[at[1:]] != self.price[at[:-1]]
        order = np.argsort(np.concatenate([2 * rows[goes], 2 * rows + 1]))
        row = np.concatenate([rows[goes], rows])[order]
        price = np.concatenate([before[goes], self.price])[order]
        shares = np.concatenate([np.zeros(int(goes.sum())), self.volume.astype(float)])[order]
        return row, price, shares


def measured(runs: int, replay: Callable[[], int]) -> None:
    """Print the seconds of each run of an engine alone, the first left out, and its fills, as JSON."""
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        fills = replay()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds[1:] or seconds, "fills": fills}))


def asked() -> tuple[Shape, int]:
    """Return the ticks and how often to run, from the command line."""
    return Shape.load(Path(sys.argv[1])), int(sys.argv[2])

"""Synthetic ticks as the texts that a workbook's cells hold, the same for every writer."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

KINDS: Final = ("BID", "ASK", "TRADE")
FIRST_DAY: Final = np.datetime64("2025-05-14")
FIRST_ROW: Final = 4
"""Excel's number of the first row of ticks: two titles and the column names stand above it."""

_ROWS_A_DAY: Final = 10_000
_OPEN_SECONDS: Final = 36_000
_SECONDS_APART: Final = 3
_DAYS_TO_1970: Final = 25_569
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True)
class MadeTicks:
    """Ticks in time order, each at a second of its own, on weekdays from 14 May 2025 on.

    seconds: since 1970-01-01. kind: as of KINDS.
    """

    seconds: NDArray[np.int64]
    kind: NDArray[np.int8]
    price: NDArray[np.float64]
    size: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.seconds)

    def without(self, numbers: Collection[int]) -> MadeTicks:
        """Return the ticks but those of these numbers, counted from 0."""
        kept = np.setdiff1d(np.arange(len(self)), np.array(sorted(numbers), dtype=np.int64))
        return MadeTicks(self.seconds[kept], self.kind[kept], self.price[kept], self.size[kept])

    def serials(self) -> list[float]:
        """Return the times as Excel's serials."""
        serials: list[float] = (self.seconds / _SECONDS_A_DAY + _DAYS_TO_1970).tolist()
        return serials

    def plain(self) -> list[tuple[int, str, float, int]]:
        """Return each tick as (seconds since 1970, BID, ASK or TRADE, price, size)."""
        kinds = [KINDS[code] for code in self.kind.tolist()]
        return list(zip(self.seconds.tolist(), kinds, self.price.tolist(), self.size.tolist(), strict=True))

    def columns(self) -> dict[str, list[Any]]:
        """Return what a cell's template may name, one value a row each.

        n: the row's number. time: a serial; iso, spaced, dmy: the same as text. kind, price, size. own, shared_kind:
        numbers of shared texts, the row's own one and that of its type.
        """
        numbers = np.arange(len(self))
        iso: list[str] = np.datetime_as_string(self.seconds.astype("datetime64[s]")).tolist()
        return {
            "n": (numbers + FIRST_ROW).tolist(),
            "time": list(map(repr, self.serials())),
            "iso": iso,
            "spaced": [text.replace("T", " ") for text in iso],
            "dmy": [f"{text[8:10]}/{text[5:7]}/{text[:4]} {text[11:]}" for text in iso],
            "kind": np.array(KINDS)[self.kind].tolist(),
            "price": list(map(repr, self.price.tolist())),
            "size": self.size.tolist(),
            "own": (numbers + FIRST_OWN_TEXT).tolist(),
            "shared_kind": (self.kind + FIRST_KIND).tolist(),
        }


TITLES: Final = ("FAB UH Equity", "Ask,Trade,Bid")
NAMES: Final = ("Dates", "Type", "Price", "Size")
FIRST_KIND: Final = len(TITLES) + len(NAMES)
"""Number of BID among the shared texts: titles and column names come before it."""

FIRST_OWN_TEXT: Final = FIRST_KIND + len(KINDS)
SHARED: Final = (*TITLES, *NAMES, *KINDS)


@functools.lru_cache(maxsize=2)
def made_ticks(rows: int, seed: int = 5) -> MadeTicks:
    """Return so many ticks; equal arguments give equal ticks."""
    rng = np.random.default_rng(seed)
    day, number = np.divmod(np.arange(rows), _ROWS_A_DAY)
    dates = np.busday_offset(FIRST_DAY, day).astype("datetime64[s]").astype(np.int64)
    seconds = dates + _OPEN_SECONDS + number * _SECONDS_APART + rng.integers(0, _SECONDS_APART, rows)
    kind = rng.integers(0, len(KINDS), rows).astype(np.int8)
    ticks_up = np.cumsum(rng.integers(-1, 2, rows)) % 200
    price = np.round(16 + ticks_up * 0.02 + (kind == 1) * 0.02, 2)
    return MadeTicks(seconds, kind, price, rng.integers(1, 200, rows) * 500)

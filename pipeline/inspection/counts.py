"""The counts of one security's ticks, and the text form in which they are stored with the ticks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts

FAR: Final = 0.10
"""How far from the touch a print is that hardly can be one, as a share of the touch's price."""

VERSION: Final = 2
"""Raise it when the same ticks would be counted otherwise, or more of them."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FarPrint:
    """A print far from the touch: its time in ns, its price, and the touch then (0: that side is empty), money."""

    timestamp: int
    price: float
    bid: float
    ask: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Gap:
    """The longest stretch of a session without any tick, after the first tick and before the last; ns."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How long it is, ns."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Shift:
    """Days whose ticks fit the market's hours when these are moved by whole hours; minutes of the day they run."""

    hours: int
    days: int
    first_minute: int
    last_minute: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Counts:
    """What one security's ticks hold. Times are ns on the exchange's clock, durations ns, days since 1970-01-01.

    days: those with ticks, ascending; days_without_print: those of them without a print.
    steps_back, steps_forward: rows whose clock is before, or after, that of the row before; largest_step: back, at
    most. repeated: rows that are in all four columns what an earlier row is. Of continuous trading, breaks left out, by
    the rules of the engine's book: events, those after which the book is crossed or locked, for how long, and how long
    trading is; prints, those outside the touch, those far outside and the first of them. outside_hours: ticks before
    the first phase of their day or after its last; prints_outside_hours: prints before the first, or well after the
    last or after a break began. phases: ticks and prints in each of `PARTS` of the day that has any. off_grid: prices
    that no order could have on their day; quotes_off_grid: those of them that are bids and asks;
    quotes_elsewhere: how many of these are on the grid of each other exchange of the same currency and clock.
    """

    ticks: int
    bids: int
    asks: int
    trades: int
    first: int
    last: int
    days: tuple[int, ...]
    days_without_print: tuple[int, ...]
    gap: Gap | None
    zero_prices: int
    zero_sizes: int
    steps_back: int
    steps_forward: int
    largest_step: int
    repeated: int
    session_events: int
    session: int
    crossed_events: int
    crossed: int
    locked_events: int
    locked: int
    session_prints: int
    prints_outside: int
    prints_far: int
    first_far: FarPrint | None
    outside_hours: int
    prints_outside_hours: int
    phases: dict[str, tuple[int, int]]
    shifts: tuple[Shift, ...]
    off_grid: int
    quotes_off_grid: int
    quotes_elsewhere: dict[str, int]


def as_text(counts: Counts | None, facts: MarketFacts) -> str:
    """Return counts, or that there was no tick to count, as one line of JSON, with what they were counted by."""
    values = None if counts is None else asdict(counts)
    return json.dumps({"version": VERSION, "market": facts.key, "counts": values}, separators=(",", ":"))


def is_current(text: str, facts: MarketFacts) -> bool:
    """Return whether a text is what this version counts, by these sessions and tick sizes."""
    return text.startswith(json.dumps({"version": VERSION, "market": facts.key}, separators=(",", ":"))[:-1] + ",")


def from_text(text: str) -> Counts | None:
    """Return the counts of a text that `is_current`; None where there was no tick to count."""
    values = json.loads(text)["counts"]
    if values is None:
        return None
    values["gap"] = values["gap"] and Gap(**values["gap"])
    values["first_far"] = values["first_far"] and FarPrint(**values["first_far"])
    values["shifts"] = tuple(Shift(**shift) for shift in values["shifts"])
    values["phases"] = {name: tuple(many) for name, many in values["phases"].items()}
    return Counts(**values | {name: tuple(values[name]) for name in ("days", "days_without_print")})

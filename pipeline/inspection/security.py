"""One security's ticks and the facts of its market in, everything that is counted about them out. No files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.inspection.book import FAR, touch
from pipeline.inspection.clock import Gap, Shift, closed_days, days_of, longest_gap, missing_days, outside, shifts
from pipeline.ticks import ASK, BID, TRADE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pipeline.inspection.book import Touch
    from pipeline.market.facts import MarketFacts
    from pipeline.ticks import Int64s, Ticks

OFF_GRID: Final = 1e-6
"""Ticks by which a price may miss the grid and still be on it: what binary fractions cost."""

MIXERS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class FarPrint:
    """A print far from the touch: its time in ns, its price, and the touch then (0: that side is empty), AED."""

    timestamp: int
    price: float
    bid: float
    ask: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What one security's ticks hold. Times are ns on the exchange's clock, durations ns.

    days: how many have ticks. missing_days, closed_days: trading days without, other days with ticks.
    steps_back: rows whose clock is before the row before, largest_step: by how much at most. repeated: rows that are
    in all four columns what an earlier row is. Of the continuous session, by the rules of the engine's book: events,
    those after which the book is crossed or locked, for how long, and how long the session is; prints, those outside
    the touch, those far outside and the first of them. outside_hours: ticks before the pre-open or after the close.
    off_grid: prices that no order could have.
    """

    ticks: int
    bids: int
    asks: int
    trades: int
    first: int
    last: int
    days: int
    missing_days: tuple[dt.date, ...]
    closed_days: tuple[dt.date, ...]
    gap: Gap | None
    zero_prices: int
    zero_sizes: int
    steps_back: int
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
    shifts: tuple[Shift, ...]
    off_grid: int


def count(ticks: Ticks, facts: MarketFacts) -> Counts:
    """Count everything about one security's ticks, of which there is at least one."""
    kinds = np.bincount(ticks.kind, minlength=3)
    step = np.diff(ticks.timestamp)
    days = days_of(ticks.timestamp)
    book = touch(ticks, facts.continuous)
    far = np.flatnonzero(book.outside(FAR))
    return Counts(
        ticks=len(ticks),
        bids=int(kinds[BID]),
        asks=int(kinds[ASK]),
        trades=int(kinds[TRADE]),
        first=int(ticks.timestamp.min()),
        last=int(ticks.timestamp.max()),
        days=len(days),
        missing_days=tuple(missing_days(days, facts)),
        closed_days=tuple(closed_days(days, facts)),
        gap=longest_gap(ticks.timestamp, days, facts.continuous),
        zero_prices=int((ticks.price == 0).sum()),
        zero_sizes=int((ticks.volume == 0).sum()),
        steps_back=int((step < 0).sum()),
        largest_step=int(-min(step.min(initial=0), 0)),
        repeated=repeated(ticks),
        session_events=len(book.row),
        session=int(book.lasts.sum()),
        crossed_events=int(book.crossed.sum()),
        crossed=int(book.lasts[book.crossed].sum()),
        locked_events=int(book.locked.sum()),
        locked=int(book.lasts[book.locked].sum()),
        session_prints=int((book.kind == TRADE).sum()),
        prints_outside=int(book.outside().sum()),
        prints_far=len(far),
        first_far=_far_print(ticks, book, int(far[0])) if len(far) else None,
        outside_hours=outside(ticks.timestamp, facts),
        shifts=tuple(shifts(ticks.timestamp, days, facts)),
        off_grid=off_grid(ticks, facts),
    )


def repeated(ticks: Ticks) -> int:
    """Return how many rows are in every column what an earlier row is.

    Rows are ordered by a hash of their columns, which is several times as quick as by the columns themselves; should
    two different rows have one hash, the columns decide.
    """
    columns = [ticks.timestamp.view(np.uint64), ticks.kind.astype(np.uint64), ticks.volume.view(np.uint64)]
    columns.append((ticks.price + 0.0).view(np.uint64))  # -0.0 is 0.0
    mixed = np.zeros(len(ticks), np.uint64)
    for column, mixer in zip(columns, MIXERS, strict=True):
        mixed = (mixed ^ column) * np.uint64(mixer)
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed)
    pairs = np.flatnonzero(mixed[order[1:]] == mixed[order[:-1]])
    if not _same(columns, order[pairs], order[pairs + 1]).all():
        order = np.lexsort(columns)
        return int(_same(columns, order[:-1], order[1:]).sum())
    return len(pairs)


def _same(columns: Sequence[NDArray[np.uint64]], one: Int64s, other: Int64s) -> NDArray[np.bool_]:
    same = np.ones(len(one), bool)
    for column in columns:
        same &= column[one] == column[other]
    return same


def off_grid(ticks: Ticks, facts: MarketFacts) -> int:
    """Return how many prices above 0 are no whole number of the tick sizes that apply to them."""
    price = ticks.price[ticks.price > 0]
    below, size = (np.array(column) for column in zip(*facts.tick_sizes, strict=True))
    steps = price / size[np.searchsorted(below, price, side="right")]
    return int((np.abs(steps - np.rint(steps)) > OFF_GRID).sum())


def _far_print(ticks: Ticks, book: Touch, at: int) -> FarPrint:
    timestamp = int(ticks.timestamp[book.row[at]])
    return FarPrint(timestamp, float(book.price[at]), float(book.bid[at]), float(book.ask[at]))

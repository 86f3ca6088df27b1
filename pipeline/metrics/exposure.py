"""What a portfolio holds over time, from the fills and the price path of each security: exposure, and buy and hold.

Times are ms on the exchange's clock, days are days since 1970-01-01, money is in one currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.formulas import market_day_indices
from pipeline.ticks import union_of
from pipeline.times import DAY, MILLISECOND, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ticks import Float64s, Int64s

DAY_MS: Final = DAY // MILLISECOND
SLOT_MS: Final = 5 * MINUTE // MILLISECOND
SLOTS: Final = DAY_MS // SLOT_MS


class Exposure:
    """Adds up the value of open positions, long or short, as slots of five minutes end, and the growth of prices.

    Args:
        days: Market days of any security, shape (days,), ascending.
    """

    def __init__(self, days: Int64s) -> None:
        self._days = days
        self._changes = np.zeros(len(days) * SLOTS + 1)
        self._growth = np.zeros(len(days))
        self._priced = 0
        self._first, self._last = SLOTS, -1

    def add(
        self,
        stamps: Int64s,
        position: Int64s,
        price: Float64s,
        mark_stamps: Int64s,
        marks: Float64s,
        together: Callable[[Int64s], Int64s] = lambda stamps: stamps,
    ) -> None:
        """Add one security.

        Args:
            stamps, position, price: Of its fills, in order of time.
            mark_stamps, marks: Its price path; NaN where no price is known.
            together: Puts its times on the clock of all securities, which its slots are on.
        """
        if not len(self._days):
            return
        known = ~np.isnan(marks)
        mark_stamps, marks = mark_stamps[known], marks[known]
        if len(marks):
            days, last = np.unique((mark_stamps // DAY_MS)[::-1], return_index=True)
            closes = marks[::-1][last] / marks[0] - 1.0
            at = np.searchsorted(days, self._days, side="right") - 1
            self._growth += np.where(at >= 0, closes[at], 0.0)
            self._priced += 1
        of_marks, of_fills = self._slots(together(mark_stamps)), self._slots(together(stamps))
        for slots in (of_marks, of_fills):
            if len(slots):
                of_day = slots % SLOTS
                self._first, self._last = min(self._first, int(of_day.min())), max(self._last, int(of_day.max()))
        slots = union_of([of_marks, of_fills])
        fill = np.searchsorted(of_fills, slots, side="right") - 1
        mark = np.searchsorted(of_marks, slots, side="right") - 1
        held = np.where(fill >= 0, np.abs(position[fill]), 0) if len(stamps) else np.zeros(len(slots))
        first_price = price[np.maximum(fill, 0)] if len(stamps) else 0.0
        at_mark = np.where(mark >= 0, marks[mark], first_price) if len(marks) else first_price
        value = held * at_mark
        self._changes[slots] += np.diff(value, prepend=0.0)

    def by_day(self) -> tuple[Float64s, Float64s]:
        """Return the mean and the highest exposure of each market day's slots, shape (days,) each.

        A day's slots are those between the first and the last that any day has a fill or a price in.
        """
        slots = np.cumsum(self._changes[:-1]).reshape(len(self._days), SLOTS)
        within = slots[:, min(self._first, SLOTS - 1) : max(self._last, 0) + 1]
        return within.mean(axis=1) if within.size else slots[:, 0], within.max(axis=1) if within.size else slots[:, 0]

    def growth(self) -> Float64s | None:
        """Return how much equal stakes in all securities had grown as each market day ended, without costs.

        Returns:
            A share of the stakes, shape (days,), 0 before a security's first price; None where none has a price.
        """
        return self._growth / self._priced if self._priced else None

    def _slots(self, stamps: Int64s) -> Int64s:
        """Return the slot of each time; what is on a day without a market counts to the last slot of the day before."""
        days = stamps // DAY_MS
        at = market_day_indices(days, self._days)
        of_day = np.where(
            self._days[at] == days, stamps % DAY_MS // SLOT_MS, np.where(self._days[at] < days, SLOTS - 1, 0)
        )
        slots: Int64s = at * SLOTS + of_day
        return slots

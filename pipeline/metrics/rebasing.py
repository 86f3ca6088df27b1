"""Puts a converted ledger on a clock: what an open position comes to once the rate of its currency has moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.metrics.loop_fills import DAY_FIELDS, FILL_FIELDS, MARK_FIELDS

if TYPE_CHECKING:
    from pipeline.metrics.ledger import Ledger
    from pipeline.ticks import Int64s

_POSITION, _PRICE, _EQUITY, _CASH = (FILL_FIELDS.index(name) for name in ("position", "price", "equity", "cash"))
_MARK: Final = MARK_FIELDS.index("mark")
_COUNTS: Final = [DAY_FIELDS.index(name) for name in ("fills", "marks")]


def rebased(ledger: Ledger) -> Ledger:
    """Return a converted ledger for a clock.

    Before the first event of each day whose rate is another than that of the day before it has one more record of the
    position, as a fill of nothing, where one is open, and one of the last mark, below 0 as nothing is looked at then.
    """
    rates, days = ledger.rates[:], ledger.days[:]
    if not len(rates):
        return ledger
    rate = rates.view(np.float64)[:, 1]
    both = (ledger.fills[:], ledger.marks[:])
    counts, counted = days[:, _COUNTS], np.array(days)
    after = np.cumsum(counts, axis=0)
    before = after - counts
    at: tuple[list[int], list[int]] = ([], [])
    added: tuple[list[Int64s], list[Int64s]] = ([], [])
    for day in np.flatnonzero(np.diff(rate, prepend=rate[:1])).tolist():
        first = min(int(both[of][before[day, of], 0]) for of in range(2) if counts[day, of])
        for of, records in enumerate(both):
            last = int(before[day, of]) - 1
            if last >= 0:
                change = rate[day] / rate[int(np.searchsorted(after[:, of], last, side="right"))]
                record = np.array(records[last])
                record[0] = first
                if (_move_mark if of else _move_position)(record, change):
                    at[of].append(day)
                    added[of].append(record)
    for of, several in enumerate(at):
        counted[several, _COUNTS[of]] += 1
    fills, marks = (
        np.insert(records, before[at[of], of], np.reshape(added[of], (-1, records.shape[1])), axis=0)
        for of, records in enumerate(both)
    )
    return replace(ledger, fills=fills, marks=marks, days=counted)


def _move_position(record: Int64s, change: float) -> bool:
    """Put a fill's record at another rate; say whether it leaves a position."""
    amounts = record.view(np.float64)
    amounts[_PRICE] *= change
    amounts[_CASH] = amounts[_EQUITY] + (amounts[_CASH] - amounts[_EQUITY]) * change
    return bool(record[_POSITION])


def _move_mark(record: Int64s, change: float) -> bool:
    """Put a mark at another rate, below 0; say whether it is known."""
    amounts = record.view(np.float64)
    amounts[_MARK] *= -change
    return not np.isnan(amounts[_MARK])

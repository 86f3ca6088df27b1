"""Puts a converted ledger on a clock: what an open position comes to once the rate of its currency has moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.metrics.loop_fills import FILL_FIELDS

if TYPE_CHECKING:
    from pipeline.metrics.ledger import Ledger
    from pipeline.ticks import Int64s

_POSITION, _PRICE, _EQUITY, _CASH = (FILL_FIELDS.index(name) for name in ("position", "price", "equity", "cash"))


def rebased(ledger: Ledger) -> Ledger:
    """Return a converted ledger for a clock.

    It has one more record, as a fill of nothing, before the first event of each day on which a position is open and the
    rate is another than on the day before.
    """
    rates, fills, marks, days = (getattr(ledger, name)[:] for name in ("rates", "fills", "marks", "days"))
    if not len(rates):
        return ledger
    rate = rates.view(np.float64)[:, 1]
    after, marks_after = np.cumsum(days[:, 1]), np.cumsum(days[:, 2])
    before = after - days[:, 1]
    at, records = [], []
    for day in np.flatnonzero(np.diff(rate, prepend=rate[:1])).tolist():
        last = int(before[day]) - 1
        if last >= 0 and fills[last, _POSITION]:
            of_fill = rate[int(np.searchsorted(after, last, side="right"))]
            firsts = [int(fills[before[day], 0])] if days[day, 1] else []
            firsts += [int(marks[marks_after[day] - days[day, 2], 0])] if days[day, 2] else []
            records.append(_record(fills[last], min(firsts), rate[day] / of_fill))
            at.append(day)
    if not at:
        return ledger
    counted = np.array(days)
    counted[at, 1] += 1
    return replace(ledger, fills=np.insert(fills, before[at], np.array(records), axis=0), days=counted)


def _record(fill: Int64s, clock: int, change: float) -> Int64s:
    """Return a fill's record as it is at a later time and another rate; change: of the rate since the fill."""
    record = np.array(fill)
    amounts = record.view(np.float64)
    record[0] = clock
    amounts[_PRICE] *= change
    amounts[_CASH] = amounts[_EQUITY] + (amounts[_CASH] - amounts[_EQUITY]) * change
    return record

"""Converts one security's ledger into the currency of a run: what happens on a day at the rate of that day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.ledger_builder import LedgerBuilder
from pipeline.metrics.loop_fills import DAY_FIELDS, FILL_FIELDS, MARK_FIELDS
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.metrics.accounts import AccountHistory
    from pipeline.metrics.ledger import Ledger
    from pipeline.replay.fx import Conversion
    from pipeline.replay.simulate import Replayed

_EQUITY, _CASH = FILL_FIELDS.index("equity"), FILL_FIELDS.index("cash")
_MARK: Final = MARK_FIELDS.index("mark")


class ConvertedBuilder:
    """Books one security's fills and marks in another currency, batch by batch of whole days."""

    def __init__(self, conversion: Conversion) -> None:
        self._conversion = conversion
        self._builder: LedgerBuilder | None = None
        self._pnl = 0.0

    def add(self, account: AccountHistory) -> None:
        """Book what the account's own ledger is made of, each fill and mark at the rate of its day."""
        converted = self._converted(account)
        self._builder = self._builder or LedgerBuilder(converted)
        self._builder.add(converted)

    def finish(self, replayed: Replayed, own: Ledger) -> Ledger:
        """Return the ledger. own: the security's ledger in its own currency.

        An open position is worth its mark at the rate of the day, one carried from an earlier day too, and what it
        gains or loses is converted at that rate: a change of rates by itself is no P&L of a position.
        """
        assert self._builder is not None  # noqa: S101 - there is one part at least
        ledger = self._builder.portfolio(replayed).ledgers[0]
        fills, marks, days = np.array(ledger.fills[:]), np.array(own.marks[:]), np.array(ledger.days[:])
        marks.view(np.float64)[:, _MARK] *= self._conversion.at(marks[:, 0] // DAY)
        of_fill = self._conversion.at(own.fills[:][:, 0] // DAY)
        _set_open(fills, own.fills[:], of_fill, _EQUITY, _CASH)
        equity, marked = DAY_FIELDS.index("equity"), DAY_FIELDS.index("marked")
        _set_open(days, own.days[:], self._conversion.at(own.days[:][:, 0]), equity, marked)
        rates = np.empty((len(days), 2), np.int64)
        rates[:, 0] = days[:, 0]
        rates.view(np.float64)[:, 1] = self._conversion.at(days[:, 0])
        changes = np.flatnonzero(np.diff(rates[:, 1], prepend=rates[:1, 1])) if len(rates) else rates[:0, 0]
        return replace(ledger, fills=fills, marks=marks, days=days, rates=rates if len(changes) else rates[:0])

    def _converted(self, account: AccountHistory) -> AccountHistory:
        replayed, observed, at = account.replayed, account.observed, self._conversion.at
        fills = replayed.fills
        rates = at(fills.clock // DAY)
        realized = fills.realized * rates
        pnl = self._pnl + np.cumsum(realized)
        self._pnl = float(pnl[-1]) if len(pnl) else self._pnl
        limit = None if fills.limit is None else fills.limit * rates
        charges = None if replayed.charges is None else replayed.charges * rates
        fills = replace(fills, price=fills.price * rates, realized=realized, pnl=pnl, limit=limit)
        if observed is not None:
            observed = replace(observed, mid=observed.mid * rates, mid_later=observed.mid_later * rates)
        notional = account.notional_limit
        if notional is not None:
            notional *= float(at(replayed.market_days[-1:] if len(replayed.market_days) else np.zeros(1, np.int64))[0])
        return replace(
            account,
            replayed=replace(replayed, fills=fills, charges=charges),
            observed=observed,
            notional_limit=notional,
        )


def _set_open(records: Any, own: Any, rates: Any, equity: int, worth: int) -> None:
    """Set what records say of equity with an open position: converted equity, and the position at the day's rate."""
    amounts, of_own = records.view(np.float64), own.view(np.float64)
    amounts[:, worth] = amounts[:, equity] + rates * (of_own[:, worth] - of_own[:, equity])

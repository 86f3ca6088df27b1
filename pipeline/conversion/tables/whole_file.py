"""What is known of a file only when all of it was read, and is taken to be so until a part shows that it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.conversion.ticks import AT_TRADE_NOTES
from pipeline.conversion.time_column import Quoted, decided_order
from pipeline.ticks import TRADE

if TYPE_CHECKING:
    from pipeline.conversion.rules import DateOrder, Rules
    from pipeline.conversion.tables.tick_rows import Evidence
    from pipeline.conversion.ticks import Parsed


class OtherRules(Exception):
    """The file is to be read again, by these rules."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self.rules = rules


class WholeFile:
    """Which of two numbers is the day and which the month, and whether there is TRADE.

    requested: the rules of the request. rules: those by which the file is read, as parts before show it.
    of_utc: how many times had a zone.
    """

    def __init__(self, requested: Rules, rules: Rules) -> None:
        self.requested = requested
        self.rules = rules
        self.of_utc = 0
        self._text: Quoted | None = None
        self._serial: Quoted | None = None
        self._proofs: dict[DateOrder, Quoted] = {}
        self._trades = self._at_trades = 0

    def add(self, evidence: Evidence, row: int) -> None:
        """Take what a part shows that begins at `row`; raises OtherRules or AmbiguousTimes where it is not so."""
        self.of_utc += evidence.of_utc
        self._text = self._text or _at(evidence.text, row)
        self._serial = self._serial or _at(evidence.serial, row)
        self._proofs = {
            order: Quoted(row + place, text) for order, (place, text) in evidence.proofs.items()
        } | self._proofs
        if self._text is None and not self._proofs:
            return
        order = self.requested.date_order or next(iter(self._proofs), None) or self.rules.date_order or "dmy"
        if self._proofs or self._serial:
            decided_order(self._text, self._serial, self._proofs, self.requested.date_order)
        if order != self.rules.date_order:
            raise OtherRules(replace(self.rules, date_order=order))

    def add_ticks(self, parsed: Parsed) -> None:
        """Take what was made of a part; raises OtherRules where AT_TRADE is to be read otherwise."""
        as_trades, left_out = (parsed.notes.get(note, 0) for note in AT_TRADE_NOTES)
        self._trades += int(np.count_nonzero(parsed.ticks.kind == TRADE)) - as_trades
        self._at_trades += as_trades + left_out
        has_trades = self.rules.has_trades
        if self._at_trades and (has_trades is None or has_trades < bool(self._trades)):
            raise OtherRules(replace(self.rules, has_trades=self._trades > 0))

    def check(self) -> None:
        """Raise AmbiguousTimes where no part has shown the order of day and month."""
        decided_order(self._text, self._serial, self._proofs, self.requested.date_order)


def _at(quoted: tuple[int, str] | None, row: int) -> Quoted | None:
    return None if quoted is None else Quoted(row + quoted[0], quoted[1])

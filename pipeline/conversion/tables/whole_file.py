"""What is known of a file only when all of it was read, and is taken to be so until a part shows that it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.conversion.ticks import AT_TRADE_NOTES
from pipeline.conversion.time_column import Evidence
from pipeline.ticks import TRADE

if TYPE_CHECKING:
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.tables.tick_rows import BlockRows
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
        self._seen = Evidence()
        self._trades = self._at_trades = 0

    def add(self, part: BlockRows, row: int) -> None:
        """Take what a part shows that begins at `row`; raises OtherRules or AmbiguousTimes where it is not so."""
        self.of_utc += part.of_utc
        seen = self._seen = self._seen.then(part.evidence, row)
        if seen.text is None and not seen.proofs:
            return
        requested = self.requested.date_order
        order = requested or next(iter(seen.proofs), None) or self.rules.date_order or "dmy"
        if seen.proofs or seen.serial:
            seen.order(requested)
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
        self._seen.order(self.requested.date_order)

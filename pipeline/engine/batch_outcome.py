"""What settings of a batch leave behind: each its part of the columns of fills, and its state."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import Fills, Outcome, Totals, check_shares, shares_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.engine.outcome import Number
    from pipeline.ticks import Int64s, Ticks

FILL_NAMES: Final = {
    f"fill_{name}": {"type": "trade_type"}.get(name, name)
    for name in ("event", "side", "price", "quantity", "realized", "position", "pnl", "how", "type", "reference")
}
"""The columns of a batch's fills, and what they are in `Fills`: a batch keeps no account of which order was filled."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchBlock:
    """Settings that were replayed together.

    columns: of fills, by the names of `Fills`. starts: where each setting's part of them begins. states: of each, every
    field of the market and of the strategy's memory after the last event.
    """

    ticks: Ticks
    market_days: Int64s
    columns: Mapping[str, Any]
    starts: Sequence[int]
    states: Sequence[Mapping[str, Number]]

    @classmethod
    def of(cls, ticks: Ticks, outcome: Outcome) -> BatchBlock:
        """Return a block of one setting, which was replayed alone."""
        names = [field.name for field in fields(Fills)]
        columns = {name: column for name in names if (column := getattr(outcome.fills, name)) is not None}
        state = {**outcome.final, "m_fills": len(outcome.fills)}
        return cls(ticks, outcome.market_days, columns, [0], [state])

    @property
    def counts(self) -> Int64s:
        """How many fills each setting has."""
        return np.array([state["m_fills"] for state in self.states], np.int64)

    def outcome(self, at: int) -> Outcome:
        """Return a setting's outcome; raises ReplayError for more shares than a position can be told of."""
        state = self.states[at]
        return Outcome(self.fills(at), self.market_days, {**state, "m_rows": state["m_fills"]})

    def totals(self, at: int) -> Totals:
        """Return what a setting comes to; nothing is made of its fills before they are asked for."""
        state = self.states[at]
        return Totals(float(state["m_realized_pnl"]), int(state["m_fills"]), lambda: self.fills(at))

    def fills(self, at: int) -> Fills:
        """Return a setting's fills, which share the memory of the columns."""
        some = slice(self.starts[at], self.starts[at] + int(self.states[at]["m_fills"]))
        cut = {name: column[some] for name, column in self.columns.items()}
        check_shares(shares_of(cut["quantity"]))
        return Fills(**{"timestamp": self.ticks.timestamp[cut["event"]], **cut})

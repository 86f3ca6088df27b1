"""What settings of a batch leave behind: each its part of the columns of fills, and its state."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import Fills, Outcome, check_shares, shares_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.outcome import Number
    from pipeline.engine.replay import PartTimes
    from pipeline.ticks import Int64s

OF_ORDERS: Final = ("fill_placed", "fill_limit", "fill_order")
"""The columns of fills that a batch leaves out, which keeps no account of which order was filled."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchBlock:
    """What settings that were replayed together left behind, of all ticks or of those of one part.

    columns: of fills, by the names of `Fills`. starts, counts: each setting's part of them, empty where it keeps none.
    shared, own: every field of the market and of the strategy's memory after the last event: what all settings share,
    and arrays of the others.
    """

    times: PartTimes
    market_days: Int64s
    columns: Mapping[str, Any]
    starts: Int64s
    counts: Int64s
    shared: Mapping[str, Number]
    own: Mapping[str, Any]

    @classmethod
    def of(cls, times: PartTimes, outcome: Outcome) -> BatchBlock:
        """Return a block of one setting, which was replayed alone."""
        names = [field.name for field in fields(Fills)]
        columns = {name: column for name in names if (column := getattr(outcome.fills, name)) is not None}
        none, count = np.zeros(1, np.int64), np.array([len(outcome.fills)])
        return cls(times, outcome.market_days, columns, none, count, outcome.final, {})

    def of_each(self, name: str) -> list[Number]:
        """Return a field of each setting."""
        values: list[Number] = self.own[name].tolist() if name in self.own else [self.shared[name]] * len(self.starts)
        return values

    def outcome(self, at: int) -> Outcome:
        """Return a setting's outcome, with fills of its own; raises ReplayError for more shares than are possible."""
        state = {**self.shared, **{name: values[at].item() for name, values in self.own.items()}}
        fills = self.fills(at).at(np.arange(self.counts[at]))
        return Outcome(fills, self.market_days, {**state, "m_rows": state["m_fills"]})

    def fills(self, at: int) -> Fills:
        """Return a setting's fills, which share the memory of the columns: the next block's, too."""
        some = slice(self.starts[at], self.starts[at] + self.counts[at])
        cut = {name: column[some] for name, column in self.columns.items()}
        check_shares(shares_of(cut["quantity"]))
        if "timestamp" not in cut:
            cut["timestamp"] = self.times.of(cut["event"])
        return Fills(**cut)

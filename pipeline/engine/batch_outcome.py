"""What a setting of a batch leaves behind: its part of the columns of fills, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.engine.outcome import Fills, Outcome, Totals, check_shares, shares_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.outcome import Buffers, Number
    from pipeline.ticks import Ticks


@dataclass(frozen=True, slots=True, eq=False)
class BatchPart:
    """One setting's part of a batch.

    start: where its fills begin in the columns of the buffers. state: every field of the market and of the strategy's
    memory after the last event.
    """

    ticks: Ticks
    buffers: Buffers
    start: int
    state: Mapping[str, Number]

    def outcome(self) -> Outcome:
        """Return the setting's outcome; raises ReplayError for more shares than a position can be told of."""
        return Outcome(self.fills(), self.buffers.market_days, {**self.state, "m_rows": self.state["m_fills"]})

    def totals(self) -> Totals:
        """Return what the setting comes to; nothing is made of its fills before they are asked for."""
        return Totals(float(self.state["m_realized_pnl"]), int(self.state["m_fills"]), self.fills)

    def fills(self) -> Fills:
        """Return the setting's fills, which share the memory of the buffers."""
        some = slice(self.start, self.start + int(self.state["m_fills"]))
        names = [name for name in self.buffers.fill_columns if name not in ("fill_placed", "fill_limit")]
        cut = {name.removeprefix("fill_"): self.buffers.columns[name][some] for name in names}
        check_shares(shares_of(cut["quantity"]))
        types = cut.pop("type", None)
        return Fills(**cut, timestamp=self.ticks.timestamp[cut["event"]], trade_type=types)

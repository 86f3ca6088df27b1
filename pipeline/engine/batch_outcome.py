"""What the settings of a batch leave behind: one log of fills, in the order they came about, and each one's state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engine.outcome import Fills, Outcome, Totals, check_shares, shares_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.engine.outcome import Buffers, Number
    from pipeline.ticks import Int64s, Ticks


class BatchLog:
    """The fills of all settings of a batch; raises ReplayError for more shares than a position can be told of.

    states: of each setting, the fields of the market and of the strategy's memory after the last event.
    """

    def __init__(self, ticks: Ticks, buffers: Buffers, rows: int, states: Sequence[Mapping[str, Number]]) -> None:
        self._columns: dict[str, Any] = {name: buffers.columns[name][:rows] for name in buffers.fill_columns}
        self._timestamps = ticks.timestamp
        self._market_days = buffers.market_days
        self._states = states
        self._owners = self._columns["fill_setting"]
        self._counts: list[int] = np.bincount(self._owners, minlength=len(states)).tolist()
        check_shares(shares_of(self._columns["fill_quantity"]))

    def fills(self, rows: Int64s) -> Fills:
        """Return some of the fills, by their numbers."""
        cut = {
            name.removeprefix("fill_"): column[rows]
            for name, column in self._columns.items()
            if name not in ("fill_setting", "fill_placed", "fill_limit", "fill_type")
        }
        types = self._columns.get("fill_type")
        return Fills(**cut, timestamp=self._timestamps[cut["event"]], trade_type=None if types is None else types[rows])

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of each setting."""
        fills = self.fills(np.argsort(self._owners, kind="stable"))
        start = 0
        for count, state in zip(self._counts, self._states, strict=True):
            some = slice(start, start + count)
            yield Outcome(fills.at(some), self._market_days, {**state, "m_rows": count})
            start += count

    def totals(self) -> Iterator[Totals]:
        """Yield what each setting comes to; unlike outcomes, these leave the fills in the order they came about."""
        for number, (count, state) in enumerate(zip(self._counts, self._states, strict=True)):
            yield Totals(float(state["m_realized_pnl"]), count, partial(self._fills_of, number))

    def _fills_of(self, number: int) -> Fills:
        return self.fills(np.flatnonzero(self._owners == number))

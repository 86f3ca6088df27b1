"""The market an auction strategy sees: every stored tick, and a trade wherever the strategy says there was one.

There are no orders of the engine's here: the strategy keeps its own and decides what fills them.
"""

from __future__ import annotations

from typing import ClassVar

from pipeline.engine.rules.account import NO_ORDER, OWN
from pipeline.engine.rules.replay_state import FloatColumn, IntColumn, ReplayState
from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY


class AuctionMarket(ReplayState):
    """One security's ticks, those with a price of zero included; `best_bid` and `best_ask` are never reset."""

    actions: ClassVar[tuple[str, ...]] = (*ReplayState.actions, "trade")

    fill_type: IntColumn
    fill_reference: FloatColumn

    in_session: bool = False
    best_bid: float = 0.0
    best_ask: float = 0.0

    # What a strategy may do

    def trade(
        self, side: int, price: float, quantity: int, realized: float, trade_type: int, reference: float, event: int
    ) -> None:
        """Book a trade that took place at an event: its type by number, and the price it is measured against."""
        self.position += side * quantity
        self.realized_pnl += realized
        if self.rows < self.capacity:
            self.fill_type[self.rows] = trade_type
            self.fill_reference[self.rows] = reference
        self.record(side, price, quantity, realized, event, NO_ORDER, OWN, price)

    # What happens on an event

    def on_event(self) -> None:
        """Show the strategy one tick, and tell it of the day before when that is over."""
        self.events += 1
        if self.now < self.day_start or self.now >= self.day_start + DAY:
            if self.events > 1:
                self.strategy.on_day_end(self)
            self.turn_day()
        self.time_of_day = self.now - self.day_start
        if self.kind == TRADE:
            self.market_days[self.day_index] = 1
        elif self.price > 0.0:
            if self.kind == BID:
                self.best_bid = self.price
            else:
                self.best_ask = self.price
        self.in_session = self.continuous_opens <= self.time_of_day < self.continuous_closes
        if self.varies and self.in_session:
            self.in_session = self.is_in_span()
        if self.in_session:
            self.count_session_row()
        self.strategy.on_tick(self)

    def on_end(self) -> None:
        """Tell the strategy that the last day is over."""
        if self.events > 0:
            self.strategy.on_day_end(self)

    def count_session_row(self) -> None:
        """Count an event of the continuous session."""
        self.session_rows += 1
        if self.kind == BID:
            self.bid_count += 1
        elif self.kind == ASK:
            self.ask_count += 1
        else:
            self.trade_count += 1
            self.last_price = self.price

"""One side of a market in which we have several orders: what its quotes do to the queue of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.engine.rules.replay_state import FloatColumn, IntColumn
from pipeline.engine.rules.side import Side

if TYPE_CHECKING:
    from pipeline.engine.rules.ladder import LadderMarket

MOST_LEVELS: Final = 16
"""The most orders of ours that a side can hold."""

SLOTS: Final = 2 * MOST_LEVELS
"""Those of both sides: the bids have the first half of the market's level columns, the asks the second."""

IntLevels: TypeAlias = IntColumn
FloatLevels: TypeAlias = FloatColumn
"""Columns of a market's state, a number a slot."""


class LadderSide(Side):
    """The bid or the ask with several orders of ours, which the market has in its level columns.

    The fields of `Order` are those of one order at a time, so that a quote does to each what it does to a single one.
    """

    market: LadderMarket

    def first(self) -> int:
        """Return where this side begins in the level columns."""
        return 0 if self.is_bid else MOST_LEVELS

    def show(self, price: float, size: int) -> None:
        """Let a quote of our side, before it replaces the touch, reach what depends on both."""
        if self.market.queue_model > 0:
            first = self.first()
            for place in range(first, first + self.market.level_standing[first]):
                slot = self.market.level_queue[place]
                self.order_price = self.market.level_price[slot]
                self.ahead = self.market.level_ahead[slot]
                self.printed = self.market.level_printed[slot]
                self.follow_quote(price, size)
                self.market.level_printed[slot] = self.printed
                self.market.stand_behind(place, slot, self.ahead)
        if self.market.shown_once and (price != self.price or self.size == 0):
            self.taken = 0

    def forget(self) -> None:
        """Start a day, or go on after a break, with no order."""
        while self.market.level_standing[self.first()] > 0:
            self.market.leave(self.market.level_queue[self.first()])
        self.market.forget_messages(self.first())

    def arrive(self) -> None:
        """Let what was sent of both sides arrive, before the bid does."""
        if self.is_bid:
            self.market.deliver()

"""Our position and its average entry: what a fill closes, what it opens, what it realises."""

from __future__ import annotations

from typing import Final

from pipeline.engine.rules.replay_state import BUY, SELL, ReplayState

NO_ORDER: Final = -1
"""Where a fill says which order it is of: of none, as one that takes from the touch or closes the day."""


PRINT: Final = 0
TOUCH: Final = 1
TAKE: Final = 2
CLOSE: Final = 3
OWN: Final = 4
"""How a fill came about: a print filled our order, the opposite touch did, we took from the touch, the day's position
was closed, or a strategy that keeps its own orders booked it."""


class Account(ReplayState):
    """A position in shares (negative is short), its average entry price in money, and what was realised in money.

    The entry price is kept when the position closes and is unchanged by partial closes. Two products, a sum and a
    division, in that order: the exact bits of the P&L depend on it.
    """

    entry_price: float = 0.0

    def flatten(self, price: float) -> None:
        """Close the whole position at a price, whatever volume stands behind it; live orders stay."""
        side = SELL if self.position > 0 else BUY
        self.book_fill(side, price, abs(self.position), NO_ORDER, CLOSE, price)

    def book_fill(self, side: int, price: float, quantity: int, placed: int, how: int, limit: float) -> None:
        """Book a fill of an order placed at an event: close and open what it does, record it, tell the strategy.

        how: by which of the ways above; limit: the order's own price.
        """
        realized = 0.0
        held = side * self.position
        opening = quantity
        if held < 0:
            closing = min(quantity, -held)
            gain = self.entry_price - price if side == BUY else price - self.entry_price
            realized += gain * closing
            self.realized_pnl += realized
            held += closing
            opening -= closing
        if opening > 0:
            if held == 0:
                self.entry_price = price
                held = opening
            else:
                cost = self.entry_price * held + price * opening
                held += opening
                self.entry_price = cost / held
        self.position = side * held
        self.record(side, price, quantity, realized, self.event, placed, how, limit)
        self.strategy.on_fill(self, side, price, quantity)

"""The touch of one side of the market and our place in its queue: what stands ahead of us, and what moves us up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipeline.engine.rules.orders import Orders
    from pipeline.engine.rules.side import Side

CAPPED: Final = 1
FRONT: Final = 2
"""The queue models by number, 0 for none: above these two, `number - FRONT` is the power of powerN."""


class Queue:
    """The touch, empty when its size is 0, and our order's place there.

    `ahead`: the shares that stand before us. `taken`: those we have had of the touch as it stands. `printed`: those of
    prints matched at our price since the side's last quote or our placement. `rounded`: what the last price that was
    rounded, `rounded_from`, is on the grid.
    """

    is_bid: bool
    market: Orders
    other: Side

    live: bool = False
    order_price: float = 0.0
    ahead: int = 0
    remaining: int = 0
    taken: int = 0
    printed: int = 0
    rounded_from: float = 0.0
    rounded: float = 0.0

    def __init__(self, market: Orders, *, is_bid: bool) -> None:
        self.market = market
        self.is_bid = is_bid

    @property
    def price(self) -> float:
        """The price of the touch, which the market holds, as strategies read it at every event."""
        return self.market.bid if self.is_bid else self.market.ask

    @property
    def size(self) -> int:
        """The size of the touch."""
        return self.market.bid_size if self.is_bid else self.market.ask_size

    def show(self, price: float, size: int) -> None:
        """Let a quote of our side, before it replaces the touch, reach what depends on both."""
        if self.market.queue_model > 0:
            self.follow_quote(price, size)
        if self.market.shown_once and (price != self.price or self.size == 0):
            self.taken = 0

    def follow_quote(self, price: float, size: int) -> None:
        """Let a quote of our side tell how many shares can stand ahead of us.

        Behind a price better than ours the quote shows nothing of our queue. At our price at most its size is ahead; at
        a worse price, or of an empty side, nothing is.
        """
        shown = size if price == self.order_price else 0
        shares_cancels = self.market.queue_model > CAPPED
        if (self.ahead > shown or shares_cancels) and (
            size == 0 or (price <= self.order_price if self.is_bid else price >= self.order_price)
        ):
            if shares_cancels and shown > 0 and self.size > 0 and self.price == self.order_price:
                gone = self.size - shown - self.printed
                if gone > 0:
                    self.share_cancels(gone)
            self.ahead = min(self.ahead, shown)
        if shares_cancels:
            self.printed = 0

    def share_cancels(self, gone: int) -> None:
        """Take from the queue ahead of us its part of the shares that were cancelled at our price.

        `front`: all that is there. `powerN`: by the shares ahead and behind to the power of N, as in hftbacktest's
        PowerProbQueueModel.
        """
        if self.market.queue_model == FRONT:
            self.ahead = max(0, self.ahead - gone)
        elif self.ahead > 0:
            behind = float(max(self.size - self.ahead, 0))
            before = float(self.ahead)
            weight_behind = behind
            weight_before = before
            for _ in range(self.market.queue_model - FRONT - 1):
                weight_behind = weight_behind * behind
                weight_before = weight_before * before
            share = weight_behind / (weight_behind + weight_before)
            left = self.ahead - (1.0 - share) * gone + min((self.size - self.ahead) - share * gone, 0.0)
            self.ahead = math.ceil(max(left, 0.0))

    def forget_rounding(self) -> None:
        """Forget how the last price was rounded: the tick sizes may have changed."""
        self.rounded_from = 0.0
        self.rounded = 0.0

    def queue_at(self, price: float) -> int:
        """Return what an order placed now stands behind: what the touch shows, or nothing when it betters the touch."""
        return self.size if (price <= self.price if self.is_bid else price >= self.price) else 0

    def available(self) -> int:
        """Return how many shares of the touch can be had."""
        return max(0, self.size - self.taken) if self.market.shown_once else self.size

    def is_marketable(self, price: float) -> bool:
        """Say whether an order at this price would trade with the opposite touch at once."""
        return self.other.size > 0 and (price >= self.other.price if self.is_bid else price <= self.other.price)

    def on_grid(self, price: float) -> float:
        """Return a price on the market's grid; the last one is remembered, in a batch for all its settings."""
        if price != self.rounded_from:
            self.rounded_from = price
            self.rounded = self.round_to_grid(price)
        return self.rounded

    def round_to_grid(self, price: float) -> float:
        """Round a bid down, an ask up."""
        return self.market.round_down_to_tick(price) if self.is_bid else self.market.round_up_to_tick(price)

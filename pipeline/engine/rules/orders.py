"""Our simulated orders, one a side, in the queues of the touch: how they are placed, sized, delayed and cancelled.

An order is our quote on one side at one price without a break: placed anew at its price it goes to the back of its
queue and is still the same order; at another price, or after it was cancelled or filled, it is a new one.
"""

from __future__ import annotations

from typing import ClassVar

from pipeline.engine.rules.account import NO_ORDER, Account
from pipeline.engine.rules.replay_state import BUY, SELL


class Orders(Account):
    """The touch of the book and our orders in it. A side of the book with size 0 is empty.

    A side's `placed` is the number of the event on which its order was placed; `orders` counts those placed. Where many
    settings walk the ticks together neither is kept: it would cost them up to half their speed.
    """

    verbs: ClassVar[tuple[str, ...]] = (
        *Account.verbs,
        *("quote_bid", "resize_bid", "watch_bid", "cancel_bid", "buy_at_ask"),
        *("quote_ask", "resize_ask", "watch_ask", "cancel_ask", "sell_at_bid"),
        *("stand_aside", "resume"),
    )

    no_self_cross: bool
    wait_while_crossed: bool
    latency: int

    bid: float = 0.0
    bid_size: int = 0
    ask: float = 0.0
    ask_size: int = 0

    orders: int = 0
    standing_aside: bool = False

    bid_live: bool = False
    bid_order: float = 0.0
    bid_ahead: int = 0
    bid_remaining: int = 0
    bid_placed: int = 0
    bid_sent: bool = False
    bid_arrives: int = 0
    bid_sent_price: float = 0.0
    bid_sent_size: int = 0
    ask_live: bool = False
    ask_order: float = 0.0
    ask_ahead: int = 0
    ask_remaining: int = 0
    ask_placed: int = 0
    ask_sent: bool = False
    ask_arrives: int = 0
    ask_sent_price: float = 0.0
    ask_sent_size: int = 0

    # What a strategy may do

    def quote_bid(self, price: float, size: int) -> bool:
        """Place our bid at the back of its queue, replacing the one we had; say whether it may stand.

        One on its way at the same price arrives when it would have, with the new size.
        """
        if self.wait_while_crossed and self.bid_size > 0 and self.ask_size > 0 and self.bid >= self.ask:
            self.hold_bid(price)
            return False
        if self.latency > 0:
            if not self.bid_sent or price != self.bid_sent_price:
                self.bid_arrives = self.now + self.latency
            self.bid_sent = True
            self.bid_sent_price = price
            self.bid_sent_size = size
        else:
            self.join_bid(price, size)
        return True

    def quote_ask(self, price: float, size: int) -> bool:
        """Place our ask at the back of its queue, replacing the one we had; say whether it may stand.

        One on its way at the same price arrives when it would have, with the new size.
        """
        if self.wait_while_crossed and self.bid_size > 0 and self.ask_size > 0 and self.bid >= self.ask:
            self.hold_ask(price)
            return False
        if self.latency > 0:
            if not self.ask_sent or price != self.ask_sent_price:
                self.ask_arrives = self.now + self.latency
            self.ask_sent = True
            self.ask_sent_price = price
            self.ask_sent_size = size
        else:
            self.join_ask(price, size)
        return True

    def resize_bid(self, size: int) -> bool:
        """Let our bid stand at the price and in the place it has, with this size; say whether it may."""
        if self.wait_while_crossed and self.bid_size > 0 and self.ask_size > 0 and self.bid >= self.ask:
            self.hold_bid(self.bid_order)
            return False
        if self.no_self_cross and self.ask_live and self.bid_order >= self.ask_order:
            self.remove_ask()
        if not self.many and not self.bid_live:
            self.note_bid()
        self.bid_remaining = size
        self.bid_live = True
        self.bid_sent = False
        return True

    def resize_ask(self, size: int) -> bool:
        """Let our ask stand at the price and in the place it has, with this size; say whether it may."""
        if self.wait_while_crossed and self.bid_size > 0 and self.ask_size > 0 and self.bid >= self.ask:
            self.hold_ask(self.ask_order)
            return False
        if self.no_self_cross and self.bid_live and self.ask_order <= self.bid_order:
            self.remove_bid()
        if not self.many and not self.ask_live:
            self.note_ask()
        self.ask_remaining = size
        self.ask_live = True
        self.ask_sent = False
        return True

    def watch_bid(self, price: float) -> None:
        """Have no bid, but keep a place in the queue as it stands at this price now, for `resize_bid` to take."""
        self.hold_bid(price)

    def watch_ask(self, price: float) -> None:
        """Have no ask, but keep a place in the queue as it stands at this price now, for `resize_ask` to take."""
        self.hold_ask(price)

    def cancel_bid(self) -> None:
        """Take our bid out of the market."""
        self.bid_live = False
        self.bid_remaining = 0
        self.bid_sent = False

    def cancel_ask(self) -> None:
        """Take our ask out of the market."""
        self.ask_live = False
        self.ask_remaining = 0
        self.ask_sent = False

    def buy_at_ask(self, quantity: int) -> int:
        """Take from the ask's touch, at most what it shows; return how much. The book does not change."""
        taken = min(quantity, self.ask_size)
        if taken > 0:
            self.book_fill(BUY, self.ask, taken, NO_ORDER)
        return taken

    def sell_at_bid(self, quantity: int) -> int:
        """Give to the bid's touch, at most what it shows; return how much. The book does not change."""
        taken = min(quantity, self.bid_size)
        if taken > 0:
            self.book_fill(SELL, self.bid, taken, NO_ORDER)
        return taken

    def stand_aside(self) -> None:
        """Let no print fill our orders until `resume`."""
        self.standing_aside = True

    def resume(self) -> None:
        """Let prints fill our orders again."""
        self.standing_aside = False

    # What becomes of them

    def take_arrivals(self) -> None:
        """Let orders sent long enough ago join their queues, in the book as it stands before this event."""
        if self.bid_sent and self.now >= self.bid_arrives:
            self.bid_sent = False
            self.join_bid(self.bid_sent_price, self.bid_sent_size)
        if self.ask_sent and self.now >= self.ask_arrives:
            self.ask_sent = False
            self.join_ask(self.ask_sent_price, self.ask_sent_size)

    def join_bid(self, price: float, size: int) -> None:
        """Put our bid at the back of its queue: behind what the touch shows, or first when it betters the touch."""
        if self.no_self_cross and self.ask_live and price >= self.ask_order:
            self.remove_ask()
        if not self.many and (not self.bid_live or price != self.bid_order):
            self.note_bid()
        self.bid_live = True
        self.bid_order = price
        self.bid_ahead = self.bid_size if price <= self.bid else 0
        self.bid_remaining = size

    def join_ask(self, price: float, size: int) -> None:
        """Put our ask at the back of its queue: behind what the touch shows, or first when it betters the touch."""
        if self.no_self_cross and self.bid_live and price <= self.bid_order:
            self.remove_bid()
        if not self.many and (not self.ask_live or price != self.ask_order):
            self.note_ask()
        self.ask_live = True
        self.ask_order = price
        self.ask_ahead = self.ask_size if price >= self.ask else 0
        self.ask_remaining = size

    def hold_bid(self, price: float) -> None:
        """Have no bid, and keep a place in the queue at a price."""
        self.cancel_bid()
        self.bid_order = price
        self.bid_ahead = self.bid_size if price <= self.bid else 0

    def note_bid(self) -> None:
        """Note that a new bid is placed at this event."""
        self.bid_placed = self.event
        self.orders += 1

    def hold_ask(self, price: float) -> None:
        """Have no ask, and keep a place in the queue at a price."""
        self.cancel_ask()
        self.ask_order = price
        self.ask_ahead = self.ask_size if price >= self.ask else 0

    def note_ask(self) -> None:
        """Note that a new ask is placed at this event."""
        self.ask_placed = self.event
        self.orders += 1

    def remove_bid(self) -> None:
        """Cancel our bid for good: neither its price nor its place is kept; one on its way still arrives."""
        self.bid_live = False
        self.bid_remaining = 0
        self.bid_order = 0.0
        self.bid_ahead = 0

    def remove_ask(self) -> None:
        """Cancel our ask for good: neither its price nor its place is kept; one on its way still arrives."""
        self.ask_live = False
        self.ask_remaining = 0
        self.ask_order = 0.0
        self.ask_ahead = 0

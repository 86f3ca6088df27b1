"""Our simulated orders, one a side, in the queues of the touch: how they are placed, sized, delayed and cancelled.

An order is our quote on one side at one price without a break: placed anew at its price it goes to the back of its
queue and is still the same order; at another price, or after it was cancelled or filled, it is a new one.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar

from pipeline.engine.rules.account import NO_ORDER, Account
from pipeline.engine.rules.replay_state import BUY, SELL


class Side:
    """The bid or the ask: its touch in the book and our order there. A side with size 0 is empty.

    Written once for both: the compiled engine takes this text into its loop twice. `placed` is the number of the event
    on which the order was placed. Of an order on its way (`sent`), price and size are those it will have.
    """

    is_bid: bool
    market: Orders
    other: Side

    live: bool = False
    order_price: float = 0.0
    ahead: int = 0
    remaining: int = 0
    placed: int = 0

    sent: bool = False
    arrives: int = 0
    sent_price: float = 0.0
    sent_size: int = 0

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

    # What a strategy may do

    def quote(self, price: float, size: int) -> bool:
        """Place our order at the back of its queue, replacing the one we had; say whether it may stand.

        One on its way at the same price arrives when it would have, with the new size.
        """
        if self.must_wait():
            self.hold(price)
            return False
        if self.market.latency > 0:
            if not self.sent or price != self.sent_price:
                self.arrives = self.market.now + self.market.latency
            self.sent = True
            self.sent_price = price
            self.sent_size = size
        else:
            self.join(price, size)
        return True

    def resize(self, size: int) -> bool:
        """Let our order stand at the price and in the place it has, with this size; say whether it may."""
        if self.must_wait():
            self.hold(self.order_price)
            return False
        self.avoid_self_cross(self.order_price)
        if not self.market.batched and not self.live:
            self.note_new()
        self.remaining = size
        self.live = True
        self.sent = False
        return True

    def hold(self, price: float) -> None:
        """Have no order, but keep a place in the queue at a price, for `resize` to take."""
        self.cancel()
        self.order_price = price
        self.ahead = self.queue_at(price)

    def cancel(self) -> None:
        """Take our order out of the market."""
        self.live = False
        self.remaining = 0
        self.sent = False

    def take(self, quantity: int) -> int:
        """Trade against the touch, at most what it shows; return how much. The book does not change."""
        taken = min(quantity, self.size)
        if taken > 0:
            self.market.book_fill(SELL if self.is_bid else BUY, self.price, taken, NO_ORDER)
        return taken

    # What becomes of an order

    def arrive(self) -> None:
        """Let an order sent long enough ago join its queue."""
        if self.sent and self.market.now >= self.arrives:
            self.sent = False
            self.join(self.sent_price, self.sent_size)

    def join(self, price: float, size: int) -> None:
        """Put our order at the back of its queue."""
        self.avoid_self_cross(price)
        if not self.market.batched and (not self.live or price != self.order_price):
            self.note_new()
        self.live = True
        self.order_price = price
        self.ahead = self.queue_at(price)
        self.remaining = size

    def match(self, volume: int) -> int:
        """Let a print that reaches our order pass the queue ahead, then fill us; return what is left of it."""
        if self.market.through_clears and self.market.price != self.order_price:
            self.ahead = 0
        passed = min(self.ahead, volume)
        self.ahead -= passed
        left = volume - passed
        filled = min(self.remaining, left)
        if filled > 0:
            left -= filled
            self.remaining -= filled
            if self.remaining == 0:
                self.live = False
            price = self.order_price if self.market.order_price_fills else self.market.price
            self.market.book_fill(BUY if self.is_bid else SELL, price, filled, self.placed)
        return left

    def remove(self) -> None:
        """Cancel our order for good: neither its price nor its place is kept; one on its way still arrives."""
        self.live = False
        self.remaining = 0
        self.order_price = 0.0
        self.ahead = 0

    def remove_stale(self) -> None:
        """Cancel our order when its touch is empty or stands at another price."""
        if self.live and (self.size == 0 or self.price != self.order_price):
            self.remove()

    def must_wait(self) -> bool:
        """Say whether nothing may be quoted now, as the book is crossed."""
        return (
            self.market.wait_while_crossed
            and self.market.bid_size > 0
            and self.market.ask_size > 0
            and self.market.bid >= self.market.ask
        )

    def avoid_self_cross(self, price: float) -> None:
        """Cancel our order of the other side where one at this price would trade with it."""
        if (
            self.market.no_self_cross
            and self.other.live
            and (price >= self.other.order_price if self.is_bid else price <= self.other.order_price)
        ):
            self.other.remove()

    def queue_at(self, price: float) -> int:
        """Return what an order placed now stands behind: what the touch shows, or nothing when it betters the touch."""
        return self.size if (price <= self.price if self.is_bid else price >= self.price) else 0

    def note_new(self) -> None:
        """Note that a new order is placed at this event."""
        self.placed = self.market.event
        self.market.orders += 1


class SideField(property):
    """A field of a side under the name by which a strategy reads it."""

    def __init__(self, side: str, field: str) -> None:
        super().__init__(attrgetter(f"{side}.{field}"))
        self.side = side
        self.field = field


def of_bid(field: str) -> Any:
    """Let the market show a field of its bid side."""
    return SideField("bid_side", field)


def of_ask(field: str) -> Any:
    """Let the market show a field of its ask side."""
    return SideField("ask_side", field)


class Orders(Account):
    """Both sides of the market, and what a strategy may do there.

    `orders` counts those placed. In a batch neither that nor `placed` is kept: it would cost up to half its speed.
    """

    actions: ClassVar[tuple[str, ...]] = (
        *Account.actions,
        *("quote_bid", "resize_bid", "watch_bid", "cancel_bid", "buy_at_ask"),
        *("quote_ask", "resize_ask", "watch_ask", "cancel_ask", "sell_at_bid"),
        *("stand_aside", "resume"),
    )
    side_type: ClassVar[type[Side]] = Side
    bid_side: Side
    ask_side: Side

    order_price_fills: bool
    through_clears: bool
    no_self_cross: bool
    wait_while_crossed: bool
    latency: int

    orders: int = 0
    standing_aside: bool = False

    bid: float = 0.0
    bid_size: int = 0
    ask: float = 0.0
    ask_size: int = 0

    bid_live: bool = of_bid("live")
    bid_order: float = of_bid("order_price")
    bid_ahead: int = of_bid("ahead")
    bid_remaining: int = of_bid("remaining")
    bid_placed: int = of_bid("placed")
    bid_sent: bool = of_bid("sent")
    bid_arrives: int = of_bid("arrives")
    bid_sent_price: float = of_bid("sent_price")
    bid_sent_size: int = of_bid("sent_size")
    ask_live: bool = of_ask("live")
    ask_order: float = of_ask("order_price")
    ask_ahead: int = of_ask("ahead")
    ask_remaining: int = of_ask("remaining")
    ask_placed: int = of_ask("placed")
    ask_sent: bool = of_ask("sent")
    ask_arrives: int = of_ask("arrives")
    ask_sent_price: float = of_ask("sent_price")
    ask_sent_size: int = of_ask("sent_size")

    def __init__(self) -> None:
        self.bid_side = self.side_type(self, is_bid=True)
        self.ask_side = self.side_type(self, is_bid=False)
        self.bid_side.other, self.ask_side.other = self.ask_side, self.bid_side

    def quote_bid(self, price: float, size: int) -> bool:
        """Place our bid at the back of its queue, replacing the one we had; say whether it may stand."""
        return self.bid_side.quote(price, size)

    def quote_ask(self, price: float, size: int) -> bool:
        """Place our ask at the back of its queue, replacing the one we had; say whether it may stand."""
        return self.ask_side.quote(price, size)

    def resize_bid(self, size: int) -> bool:
        """Let our bid stand at the price and in the place it has, with this size; say whether it may."""
        return self.bid_side.resize(size)

    def resize_ask(self, size: int) -> bool:
        """Let our ask stand at the price and in the place it has, with this size; say whether it may."""
        return self.ask_side.resize(size)

    def watch_bid(self, price: float) -> None:
        """Have no bid, but keep a place in the queue as it stands at this price now, for `resize_bid` to take."""
        self.bid_side.hold(price)

    def watch_ask(self, price: float) -> None:
        """Have no ask, but keep a place in the queue as it stands at this price now, for `resize_ask` to take."""
        self.ask_side.hold(price)

    def cancel_bid(self) -> None:
        """Take our bid out of the market."""
        self.bid_side.cancel()

    def cancel_ask(self) -> None:
        """Take our ask out of the market."""
        self.ask_side.cancel()

    def buy_at_ask(self, quantity: int) -> int:
        """Take from the ask's touch, at most what it shows; return how much. The book does not change."""
        return self.ask_side.take(quantity)

    def sell_at_bid(self, quantity: int) -> int:
        """Give to the bid's touch, at most what it shows; return how much. The book does not change."""
        return self.bid_side.take(quantity)

    def stand_aside(self) -> None:
        """Let no print fill our orders until `resume`."""
        self.standing_aside = True

    def resume(self) -> None:
        """Let prints fill our orders again."""
        self.standing_aside = False

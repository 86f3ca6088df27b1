"""Both sides of the market, and what a strategy may do there."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar

from pipeline.engine.rules.account import NO_ORDER, TAKE, Account
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.engine.rules.side import Side


def shown(field: str) -> Any:
    """Let a strategy read a field of a side of its market."""
    return property(attrgetter(field))


class Orders(Account):
    """Both sides of the market, and what a strategy may do there.

    `orders` counts those placed. In a batch neither that nor `placed` is kept: it would cost up to half its speed.
    `crossing_awaited`: whether something that was taken may be still to be booked, in a batch by any of its settings.
    """

    actions: ClassVar[tuple[str, ...]] = (
        *Account.actions,
        *("post_bid", "post_ask"),
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
    queue_model: int
    touch_fills: bool
    shown_once: bool
    takes_marketable: bool
    rejects_marketable: bool
    prices_on_grid: bool

    orders: int = 0
    crossing_awaited: bool = False
    standing_aside: bool = False

    bid: float = 0.0
    bid_size: int = 0
    ask: float = 0.0
    ask_size: int = 0

    bid_live: bool = shown("bid_side.live")
    bid_order: float = shown("bid_side.order_price")
    bid_ahead: int = shown("bid_side.ahead")
    bid_remaining: int = shown("bid_side.remaining")
    bid_sent: bool = shown("bid_side.sent")
    bid_arrives: int = shown("bid_side.arrives")
    bid_sent_price: float = shown("bid_side.sent_price")
    bid_sent_size: int = shown("bid_side.sent_size")
    ask_live: bool = shown("ask_side.live")
    ask_order: float = shown("ask_side.order_price")
    ask_ahead: int = shown("ask_side.ahead")
    ask_remaining: int = shown("ask_side.remaining")
    ask_sent: bool = shown("ask_side.sent")
    ask_arrives: int = shown("ask_side.arrives")
    ask_sent_price: float = shown("ask_side.sent_price")
    ask_sent_size: int = shown("ask_side.sent_size")

    def __init__(self) -> None:
        self.bid_side = self.side_type(self, is_bid=True)
        self.ask_side = self.side_type(self, is_bid=False)
        self.bid_side.other, self.ask_side.other = self.ask_side, self.bid_side

    def quote_bid(self, price: float, size: int) -> bool:
        """Place our bid at the back of its queue, replacing the one we had; say whether it may stand."""
        return self.bid_side.quote(price, size, False)

    def quote_ask(self, price: float, size: int) -> bool:
        """Place our ask at the back of its queue, replacing the one we had; say whether it may stand."""
        return self.ask_side.quote(price, size, False)

    def post_bid(self, price: float, size: int) -> bool:
        """Quote the bid, unless it would trade with the ask at once: then change nothing and say False."""
        return self.bid_side.quote(price, size, True)

    def post_ask(self, price: float, size: int) -> bool:
        """Quote the ask, unless it would trade with the bid at once: then change nothing and say False."""
        return self.ask_side.quote(price, size, True)

    def resize_bid(self, size: int) -> bool:
        """Let our bid stand at the price and in the place it has, with this size; say whether it may."""
        return self.bid_side.resize(size)

    def resize_ask(self, size: int) -> bool:
        """Let our ask stand at the price and in the place it has, with this size; say whether it may."""
        return self.ask_side.resize(size)

    def watch_bid(self, price: float) -> None:
        """Have no bid, but keep a place in the queue as it stands at this price now, for `resize_bid` to take."""
        self.bid_side.watch(price)

    def watch_ask(self, price: float) -> None:
        """Have no ask, but keep a place in the queue as it stands at this price now, for `resize_ask` to take."""
        self.ask_side.watch(price)

    def cancel_bid(self) -> None:
        """Take our bid out of the market."""
        self.bid_side.cancel()

    def cancel_ask(self) -> None:
        """Take our ask out of the market."""
        self.ask_side.cancel()

    def buy_at_ask(self, quantity: int) -> int:
        """Take from the ask's touch, at most what can be had; return how much. The book does not change."""
        return self.bid_side.take(quantity)

    def sell_at_bid(self, quantity: int) -> int:
        """Give to the bid's touch, at most what it shows; return how much. The book does not change."""
        return self.ask_side.take(quantity)

    def remove_stale(self) -> None:
        """Cancel our orders whose touch has left their price."""
        self.bid_side.remove_stale()
        self.ask_side.remove_stale()

    def end_event(self) -> None:
        """Note whether something that was taken is still to be booked, and send what the strategy asked for."""
        if self.crossing_awaited:
            self.crossing_awaited = False
            if self.bid_side.has_taken() or self.ask_side.has_taken():
                self.crossing_awaited = True
        if self.latency > 0:
            self.bid_side.send()
            self.ask_side.send()

    def book_crossing(self) -> None:
        """Book what was taken from the touch: by the bid when it was placed, by a late order to buy, then the ask's.

        What a hook adds to it is booked at the next event.
        """
        if self.crossing_awaited and (self.bid_side.has_taken() or self.ask_side.has_taken()):
            for _ in range(4 if self.latency > 0 else 2):
                if self.bid_side.has_taken() or self.ask_side.has_taken():
                    buys = self.bid_side.has_taken()
                    quantity = self.bid_side.crossing if buys else self.ask_side.crossing
                    price = self.bid_side.crossing_price if buys else self.ask_side.crossing_price
                    order = self.bid_side.crossing_order if buys else self.ask_side.crossing_order
                    limit = self.bid_side.order_price if buys else self.ask_side.order_price
                    if self.latency > 0 and quantity == 0:
                        quantity = self.bid_side.late if buys else self.ask_side.late
                        price = self.bid_side.late_price if buys else self.ask_side.late_price
                        order = NO_ORDER
                        limit = price
                        if buys:
                            self.bid_side.late = 0
                        else:
                            self.ask_side.late = 0
                    elif buys:
                        self.bid_side.crossing = 0
                    else:
                        self.ask_side.crossing = 0
                    self.book_fill(BUY if buys else SELL, price, quantity, order, TAKE, limit if limit > 0.0 else price)

    def stand_aside(self) -> None:
        """Let no print fill our orders until `resume`."""
        self.standing_aside = True

    def resume(self) -> None:
        """Let prints fill our orders again."""
        self.standing_aside = False

"""Our order on one side of the market: how it is placed, sized, filled and cancelled.

An order is our quote on one side at one price without a break: placed anew at its price it goes to the back of its
queue and is still the same order; at another price, or after it was cancelled or filled, it is a new one.
"""

from __future__ import annotations

from typing import Final

from pipeline.engine.rules.account import NO_ORDER, PRINT, TAKE, TOUCH
from pipeline.engine.rules.queue import CAPPED, Queue
from pipeline.engine.rules.replay_state import BUY, SELL

PLACE: Final = 1
POST: Final = 2
RESIZE: Final = 3
JOIN: Final = 4
CANCEL: Final = 5
HOLD: Final = 6
"""What a message to the exchange asks for, 0 for none."""


class Order(Queue):
    """Our order. `placed` is the number of the event on which it was placed.

    `crossing`: the shares that it has taken from the opposite touch and that are still to be booked. With a latency,
    `asked` is the message that the strategy wants sent at this event. An order of our side to take is on its way when
    `take_sent`, behind `take_behind` messages; `late` is what one has had and is still to be booked, `took` what they
    have had since the strategy was last told.
    """

    placed: int = 0
    crossing: int = 0
    crossing_price: float = 0.0
    crossing_order: int = 0
    late: int = 0
    late_price: float = 0.0
    asked: int = 0
    asked_price: float = 0.0
    asked_size: int = 0
    sent: bool = False
    sent_message: int = 0
    sent_price: float = 0.0
    later: int = 0
    take_sent: bool = False
    take_arrives: int = 0
    take_behind: int = 0
    take_size: int = 0
    took: int = 0

    # What a strategy may do

    def quote(self, price: float, size: int, post_only: bool) -> bool:  # noqa: FBT001 - a loop takes plain arguments
        """Place our order at the back of its queue, replacing the one we had; say whether it may stand."""
        limit = self.on_grid(price) if self.market.prices_on_grid else price
        if self.must_wait() or (self.market.prices_on_grid and limit <= 0.0):
            self.hold(limit)
            return False
        if self.market.latency > 0:
            self.ask_for(POST if post_only else PLACE, limit, size)
        elif (self.market.rejects_marketable or post_only) and self.is_marketable(limit):
            return False
        else:
            self.place(limit, size, True)
        return True

    def resize(self, size: int) -> bool:
        """Let our order stand at the price and in the place it has, with this size; say whether it may."""
        if self.must_wait():
            self.hold(self.order_price)
            return False
        if self.market.latency > 0:
            changes = not self.live or self.sent or size != self.remaining
            self.ask_for(self.message_to_resize() if changes else 0, self.order_price, size)
        elif self.market.rejects_marketable and not self.live and self.is_marketable(self.order_price):
            return False
        else:
            self.place(self.order_price, size, False)
        return True

    def watch(self, price: float) -> None:
        """Have no order, but keep a place in the queue at a price, for `resize` to take."""
        self.hold(self.on_grid(price) if self.market.prices_on_grid else price)

    def hold(self, price: float) -> None:
        """Have no order, but keep a place in the queue at a price that may be ours."""
        if self.market.latency > 0 and (self.live or self.sent):
            self.ask_for(HOLD, price, 0)
        else:
            if self.market.latency > 0:
                self.asked = 0
            self.keep_place(price)

    def cancel(self) -> None:
        """Take our order out of the market."""
        if self.market.latency > 0:
            self.ask_for(CANCEL if self.live or self.sent else 0, 0.0, 0)
        else:
            self.withdraw()

    def take(self, quantity: int) -> int:
        """Trade with the opposite touch, at most what can be had of it; return how much. The book does not change.

        With a latency the order to take arrives later: return what earlier ones have had since the last call.
        """
        if self.market.latency > 0:
            return self.ask_to_take(quantity)
        had = min(quantity, self.other.available())
        if had > 0:
            if self.market.shown_once:
                self.other.taken += had
            self.market.book_fill(BUY if self.is_bid else SELL, self.other.price, had, NO_ORDER, TAKE, self.other.price)
        return had

    def ask_for(self, message: int, price: float, size: int) -> None:
        """Note what is to be sent when the event is over: the last that the strategy asked for."""
        self.asked = message
        self.asked_price = price
        self.asked_size = size

    def message_to_resize(self) -> int:
        """Return what a new size is sent as, by what the message before it leaves there."""
        before = self.sent_message if self.sent else 0
        if self.sent and before != CANCEL and self.sent_price != self.order_price:
            return PLACE
        is_placed = 0 < before <= POST
        return RESIZE if is_placed or (self.live and before < CANCEL) else JOIN

    def ask_to_take(self, quantity: int) -> int:
        """Send an order to take, or change the size of the one on its way; return what earlier ones have had."""
        had = self.took
        self.took = 0
        if quantity > had:
            if not self.take_sent:
                self.take_sent = True
                self.take_arrives = self.market.now + self.market.latency
                self.take_behind = (1 if self.sent else 0) + (1 if self.later != 0 else 0)
            self.take_size = quantity - had
        return had

    # What becomes of an order

    def place(self, price: float, size: int, anew: bool) -> None:  # noqa: FBT001
        """Let our order stand at a price: anew at the back of its queue, or else in the place it has there."""
        self.avoid_self_cross(price)
        enters = anew or not self.live
        if not self.market.batched and (not self.live or price != self.order_price):
            self.note_new()
        self.live = True
        if anew:
            self.order_price = price
            self.ahead = self.queue_at(price)
            if self.market.queue_model > CAPPED:
                self.printed = 0
        self.remaining = size
        if self.market.takes_marketable and enters:
            self.cross()

    def cross(self) -> None:
        """Let our order, when it is placed at or through the opposite touch, take what can be had of that."""
        if self.is_marketable(self.order_price):
            had = min(self.remaining, self.other.available())
            if had > 0:
                if self.market.shown_once:
                    self.other.taken += had
                self.crossing += had
                self.market.crossing_awaited = True
                self.crossing_price = self.other.price
                self.crossing_order = self.placed
                self.remaining -= had
                if self.remaining == 0:
                    self.live = False
                    self.order_price = 0.0
            self.ahead = 0

    def match(self, volume: int, touched: bool) -> int:  # noqa: FBT001 - a loop takes plain arguments
        """Let a print that reaches our order pass the queue ahead, then fill us; return what is left of it.

        touched: the opposite touch has reached us instead: nobody is ahead, and it fills us at our price.
        """
        if touched or (self.market.through_clears and self.market.price != self.order_price):
            self.ahead = 0
        if self.market.queue_model > CAPPED and self.market.price == self.order_price and not touched:
            self.printed += volume
        passed = min(self.ahead, volume)
        self.ahead -= passed
        left = volume - passed
        filled = min(self.remaining, left)
        if filled > 0:
            left -= filled
            self.remaining -= filled
            if self.remaining == 0:
                self.live = False
            if touched and self.market.shown_once:
                self.other.taken += filled
            price = self.order_price if self.market.order_price_fills or touched else self.market.price
            side = BUY if self.is_bid else SELL
            self.market.book_fill(side, price, filled, self.placed, TOUCH if touched else PRINT, self.order_price)
        return left

    def withdraw(self) -> None:
        """Have no order."""
        self.live = False
        self.remaining = 0

    def keep_place(self, price: float) -> None:
        """Have no order, but the place in the queue that one would have that is placed now."""
        self.withdraw()
        self.order_price = price
        self.ahead = self.queue_at(price)
        if self.market.queue_model > CAPPED:
            self.printed = 0

    def remove(self) -> None:
        """Cancel our order for good: neither its price nor its place is kept; one on its way still arrives."""
        self.withdraw()
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

    def note_new(self) -> None:
        """Note that a new order is placed at this event."""
        self.placed = self.market.event
        self.market.orders += 1

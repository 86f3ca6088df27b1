"""Several orders a side: the exchange's rules for each, the best price first, then the older one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .exchange import shown_at
from .order_list import OrderList
from .queues import Quoted, ahead_after
from .records import ASK, BID, MINUTE, TRADE

if TYPE_CHECKING:
    from .order_list import Resting
    from .orders import Event


class Ladder(OrderList):
    """A market maker with up to `levels` orders a side."""

    def stands_aside(self) -> bool:
        """Say whether the strategy has frozen its orders."""
        return self.aside

    def hear(self, event: Event, which: int, price: float, quantity: int, number: int) -> None:
        """Hear of a fill and of the number of the order that had it, 0 for none."""

    # What the exchange does.

    def cancel_overnight(self) -> None:
        """Lose every order."""
        for order in self.known:
            order.remaining = 0
        self.mail = []
        self.took = {BID: 0, ASK: 0}

    def move_queue(self, event: Event, side: Any, before: tuple[float, float] | None) -> None:
        """Correct what stands ahead of each order by what its side shows now."""
        assert side is self.sides[event.kind]
        for order in self.ranked(event.kind):
            quoted = Quoted(
                shown=shown_at(order.price, event),
                previous=math.trunc(before[1]) if before is not None and before[0] == order.price else 0,
                printed=order.printed,
                at_our_price=event.price == order.price,
            )
            order.ahead = ahead_after(self.switches.queue, order.ahead, quoted)
            order.printed = 0
        if self.switches.queue != "prints":
            self.keep_priority(event.kind)

    def fill_at_touch(self, event: Event) -> None:
        """Fill the orders that the opposite touch of an uncrossed book has come to."""
        if self.switches.latency_ms:
            self.book_takes(event)
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if bid is None or ask is None or bid[0] >= ask[0] or self.stands_aside():
            return
        reached = {BID: self.reached(BID, ask[0]), ASK: self.reached(ASK, bid[0])}
        for which, price, other in ((ASK, bid[0], BID), (BID, ask[0], ASK)):
            left = self.to_be_had(other)
            for order in reached[which]:
                if not self.still(order, price):
                    continue
                order.ahead = 0
                filled = min(order.remaining, left, self.to_be_had(other))
                left -= filled
                if filled > 0:
                    self.sides[other].taken += filled if self.switches.shown_size == "once" else 0
                    self.crossed_fills += 1
                    self.crossed_shares += filled
                    self.fill_order(event, order, order.price, filled)

    def to_be_had(self, which: int) -> int:
        """Give how many shares of a touch can be had."""
        touch = self.sides[which].touch
        shown = 0 if touch is None else math.trunc(touch[1])
        return max(0, shown - self.sides[which].taken) if self.switches.shown_size == "once" else shown

    def reached(self, which: int, price: float) -> list[Resting]:
        """Give the orders of a side that a price reaches, in their order."""
        return [order for order in self.ranked(which) if self.still(order, price)]

    def still(self, order: Resting, price: float) -> bool:
        """Say whether an order stands where a price reaches it."""
        return order.remaining > 0 and (price <= order.price if order.which == BID else price >= order.price)

    def match(self, event: Event) -> None:
        """Match a print against our asks, then against our bids."""
        reached = {which: self.reached(which, event.price) for which in (ASK, BID)}
        volume = math.trunc(event.volume)
        left = self.match_all(event, reached[ASK], volume)
        self.match_all(event, reached[BID], left if self.switches.shared_print_volume == "once" else volume)

    def match_all(self, event: Event, orders: list[Resting], volume: int) -> int:
        """Let a print pass the queues of our orders and fill these, price by price; give what is left."""
        at, ours, others = None, 0, 0
        for order in orders:
            if not self.still(order, event.price):
                continue
            if order.price != at:
                volume = max(volume - ours - others, 0)
                at, ours, others = order.price, 0, 0
            if self.switches.trade_through == "clears" and event.price != order.price:
                order.ahead = 0
            if event.price == order.price:
                order.printed += volume
            passed = min(order.ahead, volume - ours)
            filled = min(order.remaining, volume - ours - passed)
            order.ahead -= passed
            ours, others = ours + filled, max(others, passed)
            if filled > 0:
                price = order.price if self.switches.fill_price == "order" else event.price
                self.fill_order(event, order, price, filled)
        return max(volume - ours - others, 0)

    def fill_order(self, event: Event, order: Resting, price: float, quantity: int) -> None:
        """Record a fill of an order."""
        order.remaining -= quantity
        if order.remaining == 0:
            self.forget_mail(order)
        self.filling = order.number
        self.fill(event, order.which, price, quantity)

    def fill(self, event: Event, which: int, price: float, quantity: int) -> None:
        """Record a fill, and tell the strategy."""
        number, self.filling = self.filling, 0
        super().fill(event, which, price, quantity)
        self.hear(event, which, price, quantity, number)

    def book_takes(self, event: Event) -> None:
        """Record what orders took as they were placed, the older order's first, then late hits: bids before asks."""
        last = self.placed
        for which in (BID, ASK):
            for order in [order for order in self.known if order.which == which and order.number <= last]:
                quantity, order.unbooked = order.unbooked, 0
                if quantity > 0:
                    self.takes += 1
                    self.taken_shares += quantity
                    self.filling = order.number
                    self.fill(event, which, order.unbooked_price, quantity)
            price, quantity = self.late_hits[which]
            self.late_hits[which] = (0.0, 0)
            if quantity > 0:
                self.fill(event, which, price, quantity)

    # The course of an event.

    def on_event(self, event: Event) -> None:
        """Take an event."""
        self.now = event.ts
        super().on_event(event)

    def see(self, event: Event) -> None:
        """Update the book and the counters, let the touch fill us, and lose what the touch has left."""
        self.counts[event.kind] += 1
        self.arrive()
        if event.kind == TRADE:
            self.last_price = event.price
        else:
            self.see_quote(event)
        if self.switches.latency_ms or (event.kind != TRADE and self.switches.touch == "fills"):
            self.book_takes(event)
        if self.switches.stale_orders == "cancel":
            for order in self.known:
                touch = self.sides[order.which].touch
                if order.remaining > 0 and (touch is None or touch[0] != order.price):
                    self.remove(order)
        if self.switches.open_delay == "10:05" and event.tod < self.hours.opens + 5 * MINUTE:
            self.book_takes(event)
            self.book_takes(event)

    def trade_and_quote(self, event: Event) -> None:
        """Let the strategy act and a print be matched, in the order that the switch says."""
        if event.kind != TRADE and self.switches.touch == "fills":
            self.quote(event)  # the touch has had its turn
            self.book_takes(event)
            return
        turns = [self.quote, self.match_unless_aside]
        for turn in turns if self.switches.same_event_fill == "yes" else reversed(turns):
            turn(event)
            self.book_takes(event)

    def match_unless_aside(self, event: Event) -> None:
        """Match a print unless the strategy stands aside."""
        if event.kind == TRADE and not self.stands_aside():
            self.match(event)

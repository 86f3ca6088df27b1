"""What an exchange does with our orders besides matching prints: queues, touches that reach us, orders that cross."""

from __future__ import annotations

import math
from typing import Any

from .grid import on_grid
from .orders import Event, Orders, Side
from .queues import Quoted, ahead_after
from .records import ASK, BID, TRADE


class Exchange(Orders):
    """Our orders, as an exchange treats them when a quote changes and when we place them."""

    crossed_fills = crossed_shares = 0
    takes = taken_shares = 0

    def __init__(self, *inputs: Any) -> None:
        super().__init__(*inputs)
        self.unbooked = {BID: (0.0, 0), ASK: (0.0, 0)}  # price, shares
        self.late_hits = {BID: (0.0, 0), ASK: (0.0, 0)}

    def see_quote(self, event: Event) -> None:
        """Put a quote into the book, then let it move the queue and fill what it reaches."""
        side = self.sides[event.kind]
        before = side.touch
        side.touch = (event.price, event.volume) if event.volume > 0 else None
        if before is None or before[0] != event.price:
            side.taken = 0
        self.move_queue(event, side, before)
        if self.switches.touch == "fills":
            self.fill_at_touch(event)

    def move_queue(self, event: Event, side: Side, before: tuple[float, float] | None) -> None:
        """Correct what stands ahead of our order by what its side shows now."""
        if side.price is not None:
            quoted = Quoted(
                shown=shown_at(side.price, event),
                previous=math.trunc(before[1]) if before is not None and before[0] == side.price else 0,
                printed=side.printed,
                at_our_price=event.price == side.price,
            )
            side.ahead = ahead_after(self.switches.queue, side.ahead, quoted)
        side.printed = 0

    def fill_at_touch(self, event: Event) -> None:
        """Fill our ask, then our bid, when the opposite touch of an uncrossed book stands at or through it."""
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if bid is None or ask is None or bid[0] >= ask[0] or self.stands_aside():
            return
        for which in (ASK, BID):
            side = self.sides[which]
            if side.quote is None or side.remaining == 0 or not self.reaches_opposite(which, side.quote):
                continue
            side.ahead = 0
            filled = self.take(which, side.remaining)
            if filled > 0:
                price = side.quote
                side.remaining -= filled
                if side.remaining == 0:
                    side.quote = None
                self.crossed_fills += 1
                self.crossed_shares += filled
                self.fill(event, which, price, filled)

    def reaches_opposite(self, which: int, price: float) -> bool:
        """Say whether the opposite touch stands at or through a price of ours."""
        opposite = self.sides[ASK if which == BID else BID].touch
        return opposite is not None and (price >= opposite[0] if which == BID else price <= opposite[0])

    def take(self, which: int, wanted: int) -> int:
        """Use up what the opposite touch shows, and what of it we have not had; give how much."""
        opposite = self.sides[ASK if which == BID else BID]
        shown = 0 if opposite.touch is None else math.trunc(opposite.touch[1])
        if self.switches.shown_size == "again":
            return min(wanted, shown)
        taken = min(wanted, max(0, shown - opposite.taken))
        opposite.taken += taken
        return taken

    def place(self, which: int, price: float, size: int) -> bool:
        """Place an order at the back of the displayed queue, in place of the one there; say whether it was placed."""
        return self.stand(which, price, size, self.queue_at(which, price))

    def stand(self, which: int, price: float, size: int, ahead: int | None = None) -> bool:
        """Let an order stand, behind so many or in the place we watch, unless it may not; it may trade at once."""
        side = self.sides[which]
        crosses = self.reaches_opposite(which, price)
        if crosses and self.switches.marketable == "reject":
            return False
        self.cancel_opposite_if_crossing(which, price)
        if ahead is not None:
            side.join(price, ahead)
        side.quote = price
        side.remaining = size
        if crosses and self.switches.marketable == "take":
            self.take_and_rest(which)
        return True

    def amend(self, which: int, price: float, size: int) -> bool:
        """Let the order that stands at a price stand in its place with another size; say whether it was there."""
        side = self.sides[which]
        if side.quote != price:
            return False
        self.cancel_opposite_if_crossing(which, price)
        side.remaining = size
        return True

    def join(self, which: int, price: float, size: int) -> bool:
        """Place an order where we watched a place; say whether it was placed."""
        side = self.sides[which]
        if side.quote is not None or side.price != price:
            return False
        return self.stand(which, price, size)

    def take_and_rest(self, which: int) -> None:
        """Trade an order at the touch it was placed at or through; what is left stands first in its queue."""
        side, opposite = self.sides[which], self.sides[ASK if which == BID else BID]
        assert opposite.touch is not None
        price = opposite.touch[0]
        side.ahead = 0
        taken = self.take(which, side.remaining)
        side.remaining -= taken
        if side.remaining == 0:
            side.cancel()
        self.unbooked[which] = (price, self.unbooked[which][1] + taken)

    def book_takes(self, event: Event) -> None:
        """Record what this turn took, the bid's first; what orders took as they were placed before late hits."""
        for which in (BID, ASK):
            price, taken = self.unbooked[which]
            self.unbooked[which] = (0.0, 0)
            if taken > 0:
                self.takes += 1
                self.taken_shares += taken
                self.fill(event, which, price, taken)
            price, taken = self.late_hits[which]
            self.late_hits[which] = (0.0, 0)
            if taken > 0:
                self.fill(event, which, price, taken)

    def watch(self, which: int, price: float) -> None:
        """Have no order, but note the queue at a price."""
        side = self.sides[which]
        side.join(price, self.queue_at(which, price))
        side.remaining = 0
        side.quote = None

    def hit(self, event: Event, which: int, wanted: int) -> None:
        """Trade with the opposite touch, as far as it shows anything."""
        opposite = self.sides[ASK if which == BID else BID].touch
        filled = self.take(which, wanted)
        if opposite is None or filled == 0:
            return
        if self.switches.latency_ms > 0:
            self.late_hits[which] = (opposite[0], filled)
        else:
            self.fill(event, which, opposite[0], filled)
        self.after_hit(filled)

    def after_hit(self, filled: int) -> None:
        """Hear how much of a hit was filled."""

    def order_price(self, which: int, price: float) -> float:
        """Give the price at which an order for this price stands."""
        if self.switches.order_price == "any":
            return price
        return on_grid(price, self.exchange, up=which == ASK)

    def queue_at(self, which: int, price: float) -> int:
        """Give what an order at a price joins behind: all that its touch shows, nobody if it betters the touch."""
        touch = self.sides[which].touch
        if touch is None:
            return 0
        betters = price > touch[0] if which == BID else price < touch[0]
        return 0 if betters else math.trunc(touch[1])

    def stands_aside(self) -> bool:
        """Say whether the strategy has frozen its quotes."""
        return False


def shown_at(price: float, event: Event) -> int | None:
    """Give the shares a quote shows at a price of its side; none if it hides them behind a better price."""
    assert event.kind != TRADE
    if event.volume <= 0:
        return 0
    if event.price == price:
        return math.trunc(event.volume)
    worse = event.price < price if event.kind == BID else event.price > price
    return 0 if worse else None

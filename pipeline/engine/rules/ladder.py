"""The market of a strategy with several orders a side: its verbs, and what fills its orders, the best price first."""

from __future__ import annotations

from typing import ClassVar, Final

from pipeline.engine.rules.account import CLOSE, NO_ORDER, PRINT, TAKE, TOUCH
from pipeline.engine.rules.ladder_messages import CANCEL, NOTHING, PLACE, REPLACE, LadderMessages
from pipeline.engine.rules.ladder_orders import FULL
from pipeline.engine.rules.ladder_side import MOST_LEVELS, SLOTS
from pipeline.engine.rules.queue import CAPPED
from pipeline.engine.rules.replay_state import BUY, SELL, IntColumn, ReplayState

AFTER_BIDS: Final = 2**60
"""What comes before the place of an ask where bids are booked first; a multiple of SLOTS beyond all numbers."""

LATE: Final = 2**58
"""What comes before the place of a late order to take where orders are booked first; a multiple of SLOTS."""


class LadderMarket(LadderMessages):
    """What a strategy with several orders a side sees and may do.

    `filled_order` is the order of the fill at hand, 0 where none of ours stood.
    """

    actions: ClassVar[tuple[str, ...]] = (
        *ReplayState.actions,
        *("place", "replace", "cancel", "live", "order_price", "remaining", "ahead", "sent"),
        *("buy_at_ask", "sell_at_bid", "stand_aside", "resume"),
    )

    fill_order: IntColumn

    filled_order: int = 0

    # What a strategy may do

    def place(self, side: int, price: float, size: int) -> int:
        """Place one more order at the back of its queue; return its number, 0 when it may not stand."""
        order = 0
        limit = self.limit_of(side, price)
        if size > 0 and self.may_ask(limit) and not (self.latency == 0 and self.is_rejected(side, limit)):
            slot = self.free_slot(side)
            if slot == FULL:
                self.beyond_levels += 1
            else:
                order = self.new_order(slot)
                if self.latency > 0:
                    self.send(slot, PLACE, limit, size)
                else:
                    self.begin(side, slot, limit, size)
        return order

    def replace(self, order: int, price: float, size: int) -> bool:
        """Give an order another price and size; say whether it was done, or with a latency asked for.

        It goes to the back of its queue, but keeps its place at its price when it does not grow. Size 0 cancels it.
        """
        slot = order % SLOTS
        limit = self.limit_of(BUY if slot < MOST_LEVELS else SELL, price)
        done = self.live(order) or self.sent(order)
        if done and size > 0 and not self.shrinks(slot, limit, size):
            done = self.may_ask(limit)
        if done:
            if self.latency > 0:
                self.send(slot, REPLACE, limit, size)
            else:
                done = self.change(slot, limit, size)
        return done

    def cancel(self, order: int) -> None:
        """Take an order out of the market, if it stands or is on its way."""
        if self.latency > 0:
            if self.live(order) or self.sent(order):
                self.send(order % SLOTS, CANCEL, 0.0, 0)
        elif self.live(order):
            self.leave(order % SLOTS)

    def sent(self, order: int) -> bool:
        """Say whether a message about an order is on its way, with a latency."""
        return self.latency > 0 and self.level_order[order % SLOTS] == order and self.level_sent[order % SLOTS] != 0

    def live(self, order: int) -> bool:
        """Say whether an order stands in the market."""
        return self.remaining(order) > 0

    def order_price(self, order: int) -> float:
        """Return the price of an order that stands, else 0.0."""
        return self.level_price[order % SLOTS] if self.remaining(order) > 0 else 0.0

    def remaining(self, order: int) -> int:
        """Return what is left of an order, 0 when it does not stand."""
        return self.level_remaining[order % SLOTS] if self.level_order[order % SLOTS] == order else 0

    def ahead(self, order: int) -> int:
        """Return how many shares of others stand before an order, 0 when it does not stand."""
        return self.level_ahead[order % SLOTS] if self.remaining(order) > 0 else 0

    def buy_at_ask(self, quantity: int) -> int:
        """Take from the ask's touch, at most what can be had; return how much. The book does not change."""
        return self.take(BUY, quantity)

    def sell_at_bid(self, quantity: int) -> int:
        """Give to the bid's touch, at most what can be had; return how much. The book does not change."""
        return self.take(SELL, quantity)

    def take(self, side: int, quantity: int) -> int:
        """Trade with the opposite touch, at most what can be had of it; return how much.

        With a latency the order to take arrives later: return what earlier ones have had since the last call.
        """
        if self.latency > 0:
            return self.ask_to_take(side, quantity)
        had = min(quantity, self.available(-side))
        if had > 0:
            self.use_up(-side, had)
            self.book_of_none(side, self.ask if side == BUY else self.bid, had, TAKE)
        return had

    # What fills, and how it is booked

    def match_orders(self, touched: bool) -> None:  # noqa: FBT001 - a loop takes plain arguments
        """Match a print, or the touch that has reached them, against our orders: the asks first, the best price first.

        Which of them it reaches is settled before any is filled.
        """
        if not touched or (self.bid_size > 0 and self.ask_size > 0 and self.bid < self.ask):
            asks = self.find_reached(SELL, self.bid if touched else self.price)
            bids = self.find_reached(BUY, self.ask if touched else self.price)
            if asks > 0 or bids > 0:
                left = self.volume
                for turn in range(2):
                    side = BUY if turn > 0 else SELL
                    volume = left if self.print_used_once else self.volume
                    volume = self.available(-side) if touched else volume
                    left = self.fill_reached(side, bids if turn > 0 else asks, volume, touched)

    def find_reached(self, side: int, price: float) -> int:
        """Note which of a side's orders a print at a price, or an opposite touch there, reaches; return how many."""
        first = 0 if side == BUY else MOST_LEVELS
        reached = 0
        reaches = self.level_standing[first] > 0
        while reaches:
            slot = self.level_queue[first + reached]
            reaches = not self.is_better(side, price, self.level_price[slot])
            if reaches:
                self.level_reached[first + reached] = self.level_order[slot]
                reached += 1
                reaches = reached < self.level_standing[first]
        return reached

    def fill_reached(self, side: int, reached: int, volume: int, touched: bool) -> int:  # noqa: FBT001
        """Let a print, or the opposite touch, go through the orders that it reaches; return what is left of it.

        What the shares before our orders at one price, and these, use of it is gone for the next price.
        """
        first = 0 if side == BUY else MOST_LEVELS
        price = self.price
        left = volume
        arriving = volume
        coming = volume
        before = 0
        level = 0.0
        if touched:
            price = self.ask if side == BUY else self.bid
        for at in range(first, first + reached):
            order = self.level_reached[at]
            slot = order % SLOTS
            limit = self.level_price[slot]
            if self.remaining(order) > 0 and not self.is_better(side, price, limit):
                if limit != level:
                    level = limit
                    arriving = left
                    coming = left
                    before = 0
                if touched and self.shown_once:
                    coming = min(coming, self.available(-side))
                passed = self.pass_ahead(slot, coming, arriving, touched)
                filled = min(self.level_remaining[slot], coming - passed)
                before = max(before, passed)
                coming -= filled
                left = max(coming - before, 0)
                if filled > 0:
                    self.fill(side, slot, order, filled, touched)
        return left

    def pass_ahead(self, slot: int, coming: int, arriving: int, touched: bool) -> int:  # noqa: FBT001
        """Let what comes of a print pass the shares ahead of an order; return how many. A touch finds nobody there.

        arriving: what has come of it to the order's price, where our earlier orders have had their part.
        """
        through = self.price != self.level_price[slot]
        if touched or (self.through_clears and through):
            self.level_ahead[slot] = 0
        if self.queue_model > CAPPED and not through and not touched:
            self.level_printed[slot] += arriving
        passed = min(self.level_ahead[slot], coming)
        self.level_ahead[slot] -= passed
        return passed

    def fill(self, side: int, slot: int, order: int, quantity: int, touched: bool) -> None:  # noqa: FBT001
        """Fill an order."""
        limit = self.level_price[slot]
        if touched:
            self.use_up(-side, quantity)
        if quantity == self.level_remaining[slot]:
            self.leave(slot)
        else:
            self.level_remaining[slot] -= quantity
        price = limit if self.order_price_fills or touched else self.price
        self.book_of(side, slot, order, price, quantity, TOUCH if touched else PRINT)

    def book_crossing(self) -> None:
        """Book what orders took as they were placed, the bids' first, by their numbers; what a hook adds, later."""
        if self.crossing_awaited:
            last = self.last_order
            place = self.next_taken(NOTHING, last)
            while place > NOTHING:
                slot = place % SLOTS
                side = BUY if slot < MOST_LEVELS else SELL
                if self.latency > 0 and place % AFTER_BIDS >= LATE:
                    quantity = self.level_late[slot]
                    self.level_late[slot] = 0
                    self.book_of_none(side, self.level_late_price[slot], quantity, TAKE)
                else:
                    self.book_taken(side, slot)
                place = self.next_taken(place, last)

    def book_taken(self, side: int, slot: int) -> None:
        """Book what an order took as it was placed."""
        quantity = self.level_crossing[slot]
        order = self.level_order[slot]
        self.level_crossing[slot] = 0
        if self.level_remaining[slot] == 0:
            self.free(slot)
        self.book_of(side, slot, order, self.level_crossing_price[slot], quantity, TAKE)

    def end_event(self) -> None:
        """Note whether something that was taken is still to be booked."""
        if self.crossing_awaited:
            self.crossing_awaited = self.next_taken(NOTHING, self.last_order) > NOTHING

    def next_taken(self, after: int, last: int) -> int:
        """Return the place in the order of booking of what is booked next after a place, NOTHING when that is all.

        Of the first `last` orders; the rest of a place by SLOTS is the slot.
        """
        found = NOTHING
        slot = 0
        while slot < SLOTS:
            if self.level_crossing[slot] > 0 and self.level_order[slot] < (last + 1) * SLOTS:
                at = self.level_order[slot] + (0 if slot < MOST_LEVELS else AFTER_BIDS)
                if at > after and (found == NOTHING or at < found):
                    found = at
            if self.latency > 0 and self.level_late[slot] > 0:
                at = LATE + slot + (0 if slot < MOST_LEVELS else AFTER_BIDS)
                if at > after and (found == NOTHING or at < found):
                    found = at
            slot += 1
        return found

    def book_of(self, side: int, slot: int, order: int, price: float, quantity: int, how: int) -> None:
        """Book a fill of an order."""
        number = self.level_number[slot]
        self.level_number[slot] = -abs(number)
        self.name_fill(order, number)
        self.book_fill(side, price, quantity, self.level_placed[slot], how, self.level_price[slot])

    def book_of_none(self, side: int, price: float, quantity: int, how: int) -> None:
        """Book a fill of no order."""
        self.name_fill(0, 0)
        self.book_fill(side, price, quantity, NO_ORDER, how, price)

    def name_fill(self, order: int, number: int) -> None:
        """Note of which order the next fill is."""
        self.filled_order = order
        if self.rows < self.capacity:
            self.fill_order[self.rows] = number

    def flatten(self, price: float) -> None:
        """Close the whole position at a price, whatever volume stands behind it; live orders stay."""
        self.book_of_none(SELL if self.position > 0 else BUY, price, abs(self.position), CLOSE)

    def remove_stale(self) -> None:
        """Cancel our orders that do not stand at the price of their touch."""
        slot = 0
        while slot < SLOTS:
            size = self.bid_size if slot < MOST_LEVELS else self.ask_size
            touch = self.bid if slot < MOST_LEVELS else self.ask
            if self.level_remaining[slot] > 0 and (size == 0 or touch != self.level_price[slot]):
                self.leave(slot)
            slot += 1

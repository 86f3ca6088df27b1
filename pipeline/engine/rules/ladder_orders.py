"""Several orders of ours a side: how they are placed, changed and cancelled, and in which order they stand."""

from __future__ import annotations

from typing import ClassVar, Final

from pipeline.engine.rules.ladder_side import MOST_LEVELS, SLOTS, FloatLevels, IntLevels, LadderSide
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, SELL

FULL: Final = -1
"""In place of a slot's number: there is none."""


class LadderOrders(Market):
    """A market in which each side holds up to `levels` orders of ours.

    An order is known by a number above 0, of which the rest by SLOTS is its slot; it keeps that as long as it stands,
    or as something that it took is still to be booked. `last_order` counts those placed, `beyond_levels` those refused
    as all levels were taken.

    The level columns have of each slot its order; the number by which fills name it, below 0 when it had one; where and
    how it stands; what it took. `level_queue` has the slots of a side from its first one on in price-time order, so
    many as `level_standing` says at that first one.
    """

    side_type: ClassVar[type[LadderSide]] = LadderSide
    bid_side: LadderSide
    ask_side: LadderSide

    levels: int

    last_order: int = 0
    beyond_levels: int = 0

    level_order: IntLevels
    level_number: IntLevels
    level_placed: IntLevels
    level_standing: IntLevels
    level_queue: IntLevels
    level_price: FloatLevels
    level_remaining: IntLevels
    level_ahead: IntLevels
    level_printed: IntLevels
    level_crossing: IntLevels
    level_crossing_price: FloatLevels
    level_reached: IntLevels

    def __init__(self) -> None:
        super().__init__()
        hints = {
            name: hint for base in type(self).__mro__ for name, hint in vars(base).get("__annotations__", {}).items()
        }
        for name, hint in hints.items():
            if hint in ("IntLevels", "FloatLevels"):
                setattr(self, name, [0 if hint == "IntLevels" else 0.0] * SLOTS)

    def new_order(self, slot: int) -> int:
        """Give an order that is to be placed a slot; return its number."""
        self.last_order += 1
        self.level_order[slot] = self.last_order * SLOTS + slot
        return self.level_order[slot]

    def begin(self, side: int, slot: int, price: float, size: int) -> None:
        """Let a new order stand, unless it may not."""
        if self.is_rejected(side, price):
            self.free(slot)
        else:
            self.count(slot)
            self.stand(side, slot, price, size)

    def change(self, slot: int, price: float, size: int) -> bool:
        """Give an order that stands another price or size; say whether it was done."""
        side = BUY if slot < MOST_LEVELS else SELL
        done = True
        if size == 0:
            self.leave(slot)
        elif self.shrinks(slot, price, size):
            self.level_remaining[slot] = size
        elif self.is_rejected(side, price):
            done = False
        else:
            self.take_out(slot)
            if price != self.level_price[slot]:
                self.count(slot)
            self.stand(side, slot, price, size)
        return done

    def shrinks(self, slot: int, price: float, size: int) -> bool:
        """Say whether an order keeps its place: its price stays and it does not grow."""
        return price == self.level_price[slot] and size <= self.level_remaining[slot]

    def limit_of(self, side: int, price: float) -> float:
        """Return the price at which an order asked for at a price would stand."""
        limit = price
        if self.prices_on_grid:
            limit = self.bid_side.on_grid(price) if side == BUY else self.ask_side.on_grid(price)
        return limit

    def may_ask(self, price: float) -> bool:
        """Say whether an order at a price may be asked for now."""
        return not self.bid_side.must_wait() and not (self.prices_on_grid and price <= 0.0)

    def is_rejected(self, side: int, price: float) -> bool:
        """Say whether the exchange places no order at a price now."""
        return self.rejects_marketable and self.is_marketable(side, price)

    def is_marketable(self, side: int, price: float) -> bool:
        """Say whether an order at this price would trade with the opposite touch at once."""
        return self.ask_size > 0 and price >= self.ask if side == BUY else self.bid_size > 0 and price <= self.bid

    def is_better(self, side: int, price: float, than: float) -> bool:
        """Say whether an order at a price comes before one of its side at another price."""
        return price > than if side == BUY else price < than

    def available(self, side: int) -> int:
        """Return how many shares of a side's touch can be had."""
        return self.bid_side.available() if side == BUY else self.ask_side.available()

    def use_up(self, side: int, quantity: int) -> None:
        """Note that we have had so many shares of a side's touch."""
        if self.shown_once:
            if side == BUY:
                self.bid_side.taken += quantity
            else:
                self.ask_side.taken += quantity

    def free_slot(self, side: int) -> int:
        """Return a slot of a side without an order, or FULL."""
        slot = 0 if side == BUY else MOST_LEVELS
        last = slot + self.levels
        while slot < last and self.level_order[slot] != 0:
            slot += 1
        return slot if slot < last else FULL

    def count(self, slot: int) -> None:
        """Count an order as a new one, placed at this event."""
        self.orders += 1
        self.level_number[slot] = self.orders
        self.level_placed[slot] = self.event

    def stand(self, side: int, slot: int, price: float, size: int) -> None:
        """Let an order stand at the back of its queue; one at or through the opposite touch may take from it."""
        if self.no_self_cross:
            self.cancel_crossed(-side, price)
        touch = self.bid if side == BUY else self.ask
        ahead = self.bid_size if side == BUY else self.ask_size
        if self.is_better(side, price, touch):
            ahead = 0
        left = size
        if self.takes_marketable and self.is_marketable(side, price):
            ahead = 0
            had = min(size, self.available(-side))
            if had > 0:
                left -= had
                self.use_up(-side, had)
                self.crossing_awaited = True
                self.level_crossing[slot] += had
                self.level_crossing_price[slot] = self.ask if side == BUY else self.bid
        self.level_price[slot] = price
        self.level_remaining[slot] = left
        self.level_printed[slot] = 0
        if left > 0:
            self.join(side, slot, price, ahead)
        else:
            self.free(slot)

    def join(self, side: int, slot: int, price: float, ahead: int) -> None:
        """Let an order stand behind those of ours that have a better price, or this price for longer."""
        first = 0 if side == BUY else MOST_LEVELS
        place = first + self.level_standing[first]
        moving = place > first
        while moving:
            before = self.level_queue[place - 1]
            moving = self.is_better(side, price, self.level_price[before])
            if moving:
                self.level_queue[place] = before
                place -= 1
                moving = place > first
        self.level_queue[place] = slot
        self.level_standing[first] += 1
        self.stand_behind(place, slot, ahead)

    def stand_behind(self, place: int, slot: int, ahead: int) -> None:
        """Note what is ahead of an order: what stands before one of ours stands before those behind it as well."""
        self.level_ahead[slot] = ahead
        if place % MOST_LEVELS > 0:
            before = self.level_queue[place - 1]
            if self.level_price[before] == self.level_price[slot]:
                self.level_ahead[slot] = max(ahead, self.level_ahead[before])

    def take_out(self, slot: int) -> None:
        """Let an order not stand any more."""
        first = slot - slot % MOST_LEVELS
        place = first
        while self.level_queue[place] != slot:
            place += 1
        self.level_standing[first] -= 1
        last = first + self.level_standing[first]
        while place < last:
            self.level_queue[place] = self.level_queue[place + 1]
            place += 1

    def leave(self, slot: int) -> None:
        """Let an order be gone: cancelled, or filled."""
        self.take_out(slot)
        self.level_remaining[slot] = 0
        self.free(slot)

    def free(self, slot: int) -> None:
        """Let an order have gone: its slot is free when nothing of it is to be booked any more."""

    def cancel_crossed(self, side: int, price: float) -> None:
        """Cancel our orders of a side that one of the other side at a price would trade with."""
        first = 0 if side == BUY else MOST_LEVELS
        crossed = self.level_standing[first] > 0
        while crossed:
            best = self.level_queue[first]
            crossed = not self.is_better(side, price, self.level_price[best])
            if crossed:
                self.leave(best)
                crossed = self.level_standing[first] > 0

"""What is on its way to the exchange about several orders a side: each call is a message that a latency delays."""

from __future__ import annotations

from typing import Final

from pipeline.engine.rules.ladder_orders import LadderOrders
from pipeline.engine.rules.ladder_side import MOST_LEVELS, SLOTS, FloatLevels, IntLevels
from pipeline.engine.rules.replay_state import BUY, SELL

PLACE: Final = 1
REPLACE: Final = 2
CANCEL: Final = 3
"""What a message asks for, 0 for none."""

NOTHING: Final = -1

PLACES: Final = 2 * SLOTS
"""A message's place in the order of arrival: its number times this, and its slot, or SLOTS and its side's first."""

NO_ARRIVAL: Final = 2**62


class LadderMessages(LadderOrders):
    """Orders as the exchange has them, and what is on its way there.

    Of an order two messages are on their way at most, a third takes the place of the second; of a side one order to
    take. `messages` counts them. `level_sent` is the first of an order, `level_later` the one behind it; what is of a
    side stands at its first slot. `level_late` is what an order to take has had and is still to be booked, `level_took`
    what they have had since the strategy was last told.
    """

    messages: int = 0
    next_arrival: int = NO_ARRIVAL

    level_sent: IntLevels
    level_sent_number: IntLevels
    level_sent_price: FloatLevels
    level_sent_size: IntLevels
    level_arrives: IntLevels
    level_later: IntLevels
    level_later_number: IntLevels
    level_later_price: FloatLevels
    level_later_size: IntLevels
    level_later_arrives: IntLevels
    level_take: IntLevels
    level_take_number: IntLevels
    level_take_arrives: IntLevels
    level_took: IntLevels
    level_late: IntLevels
    level_late_price: FloatLevels

    def send(self, slot: int, message: int, price: float, size: int) -> None:
        """Send a message about an order."""
        self.messages += 1
        arrives = self.now + self.latency
        self.next_arrival = min(self.next_arrival, arrives)
        if self.level_sent[slot] == 0:
            self.level_sent[slot] = message
            self.level_sent_number[slot] = self.messages
            self.level_sent_price[slot] = price
            self.level_sent_size[slot] = size
            self.level_arrives[slot] = arrives
        else:
            self.level_later[slot] = message
            self.level_later_number[slot] = self.messages
            self.level_later_price[slot] = price
            self.level_later_size[slot] = size
            self.level_later_arrives[slot] = arrives

    def ask_to_take(self, side: int, quantity: int) -> int:
        """Send an order to take, or change the size of the one on its way; return what earlier ones have had."""
        first = 0 if side == BUY else MOST_LEVELS
        had = self.level_took[first]
        self.level_took[first] = 0
        if quantity > had:
            if self.level_take[first] == 0:
                self.messages += 1
                self.level_take_number[first] = self.messages
                self.level_take_arrives[first] = self.now + self.latency
                self.next_arrival = min(self.next_arrival, self.now + self.latency)
            self.level_take[first] = quantity - had
        return had

    def deliver(self) -> None:
        """Let the exchange act on what was sent long enough ago: of the bids, then of the asks, as it was sent."""
        if self.now >= self.next_arrival:
            place = self.next_due()
            while place > NOTHING:
                slot = place % SLOTS
                if place % PLACES < SLOTS:
                    self.obey(slot)
                else:
                    self.take_late(slot)
                place = self.next_due()
            self.next_arrival = NO_ARRIVAL
            slot = 0
            while slot < SLOTS:
                if self.level_sent[slot] != 0:
                    self.next_arrival = min(self.next_arrival, self.level_arrives[slot])
                if self.level_take[slot] > 0:
                    self.next_arrival = min(self.next_arrival, self.level_take_arrives[slot])
                slot += 1

    def next_due(self) -> int:
        """Return what arrives next, NOTHING when that is all; nothing overtakes what its side sent before."""
        found = NOTHING
        arrives = NO_ARRIVAL
        slot = 0
        while slot < SLOTS and (slot != MOST_LEVELS or self.now < arrives):
            if slot == MOST_LEVELS:
                found = NOTHING
            if self.level_sent[slot] != 0:
                place = self.level_sent_number[slot] * PLACES + slot
                if found == NOTHING or place < found:
                    found = place
                    arrives = self.level_arrives[slot]
            if self.level_take[slot] > 0:
                place = self.level_take_number[slot] * PLACES + SLOTS + slot
                if found == NOTHING or place < found:
                    found = place
                    arrives = self.level_take_arrives[slot]
            slot += 1
        return found if found > NOTHING and self.now >= arrives else NOTHING

    def obey(self, slot: int) -> None:
        """Do what the first message about an order asks for; it is void when the order has gone."""
        message = self.level_sent[slot]
        price = self.level_sent_price[slot]
        size = self.level_sent_size[slot]
        self.level_sent[slot] = self.level_later[slot]
        self.level_sent_number[slot] = self.level_later_number[slot]
        self.level_sent_price[slot] = self.level_later_price[slot]
        self.level_sent_size[slot] = self.level_later_size[slot]
        self.level_arrives[slot] = self.level_later_arrives[slot]
        self.level_later[slot] = 0
        if message == PLACE:
            self.begin(BUY if slot < MOST_LEVELS else SELL, slot, price, size)
        elif self.level_remaining[slot] > 0:
            self.change(slot, price, size if message == REPLACE else 0)

    def take_late(self, first: int) -> None:
        """Let an order to take that has arrived have what it finds."""
        side = BUY if first == 0 else SELL
        had = min(self.level_take[first], self.available(-side))
        self.level_take[first] = 0
        if had > 0:
            self.use_up(-side, had)
            self.level_took[first] += had
            self.level_late[first] = had
            self.level_late_price[first] = self.ask if side == BUY else self.bid
            self.crossing_awaited = True

    def free(self, slot: int) -> None:
        """Let an order have gone, and what is on its way of it be void."""
        self.level_sent[slot] = 0
        self.level_later[slot] = 0
        if self.level_crossing[slot] == 0:
            self.level_order[slot] = 0

    def forget_messages(self, first: int) -> None:
        """Let nothing be on its way of a side, and no order that was only on its way."""
        slot = first
        while slot < first + MOST_LEVELS:
            self.free(slot)
            slot += 1
        self.level_take[first] = 0
        self.level_took[first] = 0

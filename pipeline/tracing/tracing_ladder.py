"""The market of several orders a side, its rules unchanged, with a record of each order and what led to one fill.

Each override calls the engine's own method and notes the state before and after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.engine.rules.account import TAKE
from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.ladder_side import MOST_LEVELS, SLOTS, LadderSide
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.tracing.explanation import Match, Passed, Prior, Resize, Shrink
from pipeline.tracing.trace import BEFORE, NEVER, Decision, Met, QueuePosition, TracedEnd, TracedTake, caller, ended_by
from pipeline.tracing.tracing_market import TracingOrders
from pipeline.tracing.tracing_side import TracingQueue

if TYPE_CHECKING:
    from pipeline.engine.rules.orders import Orders
    from pipeline.tracing.trace import TracedFill


class TracingLadderSide(TracingQueue, LadderSide):
    """`LadderSide`, traced."""

    market: TracingLadder

    def __init__(self, market: Orders, *, is_bid: bool) -> None:
        super().__init__(market, is_bid=is_bid)
        self.at = NEVER

    @property
    def queue_position(self) -> QueuePosition:  # type: ignore[override]
        """That of the order that the quote has come to."""
        return self.market.positions[self.market.level_queue[self.at]]

    def show(self, price: float, size: int) -> None:
        """Note a quote at the price of our orders, or one that changes what stands ahead of them."""
        slots = self.market.standing_of(self.first())
        before = {slot: (self.market.level_ahead[slot], len(self.market.positions[slot].shrinks)) for slot in slots}
        self.at = self.first() - 1
        super().show(price, size)
        for slot, (ahead, shrinks) in before.items():
            position, left = self.market.positions[slot], self.market.level_ahead[slot]
            followed = len(position.shrinks) > shrinks
            unmoved = Shrink(self.market.at_hand(), 0, 0, 0, 0, 0.0, ahead, 0, 0, ahead)
            quote = position.shrinks.pop() if followed else unmoved
            if left != ahead:
                position.shrinks.append(replace(quote, kept=left - quote.left, left=left))
            if price == self.market.level_price[slot] or left != ahead:
                position.last_quote = Passed(self.market.at_hand(), ahead - left, 0)

    def follow_quote(self, price: float, size: int) -> None:
        """Go on to the next order."""
        self.at += 1
        super().follow_quote(price, size)

    def forget(self) -> None:
        """Note that a new day, or a break, cancels our orders."""
        with ended_by(self.market, "overnight_orders=cancelled"):
            super().forget()


class TracingLadder(TracingOrders, LadderMarket):
    """`LadderMarket`, traced: what it knows of an order stands at its slot, what of a side at the side's first."""

    side_type = TracingLadderSide

    bid_side: TracingLadderSide
    ask_side: TracingLadderSide

    def __init__(self) -> None:
        super().__init__()
        self.positions = [QueuePosition() for _ in range(SLOTS)]
        self.on_way: list[list[Decision]] = [[] for _ in range(SLOTS)]
        self.takings: list[Any] = [None] * SLOTS
        self.late_takings: list[Any] = [None] * SLOTS
        self.to_take: list[Any] = [None] * SLOTS
        self.ended: list[Any] = [None] * SLOTS
        self.calls: list[Any] = [None] * SLOTS
        self.decision: Any = None
        self.ended_by = ""
        self.filling = NEVER
        self.reaching = 0
        self.reached: list[Prior] = []
        self.met = Met(0, 0, 0, 0, 0, 0)
        self.of_fill: tuple[Any, Match | None, Any, tuple[Prior, ...]] = None, None, None, ()

    def forget_past(self) -> None:
        """Know nothing of what was before the event with which the trace begins."""
        super().forget_past()
        self.positions = [
            QueuePosition(BEFORE, placed=BEFORE, first=BEFORE, number=order) for order in self.level_order
        ]
        sent = zip(self.level_sent, self.level_later, strict=True)
        self.on_way = [[BEFORE] * ((first != 0) + (later != 0)) for first, later in sent]
        self.takings, self.late_takings, self.to_take, self.ended, self.calls = ([BEFORE] * SLOTS for _ in range(5))
        self.decision = BEFORE

    def standing_of(self, first: int) -> list[int]:
        """Return the slots of the orders that stand on a side, in price-time order."""
        return list(self.level_queue[first : first + self.level_standing[first]])

    def number_of_order(self) -> int | None:
        """Return the number of the order that is filled."""
        return self.filled_order or None

    # What a strategy asks for

    def place(self, side: int, price: float, size: int) -> int:
        """Note the line that placed it."""
        self.decision = Decision(self.at_hand(), caller(), price)
        order = super().place(side, price, size)
        self.note_call(side, refused=order == 0)
        return order

    def replace(self, order: int, price: float, size: int) -> bool:
        """Note the line that asked for it."""
        self.decision = Decision(self.at_hand(), caller(), price)
        done = super().replace(order, price, size)
        self.note_call(BUY if order % SLOTS < MOST_LEVELS else SELL, refused=not done)
        return done

    def cancel(self, order: int) -> None:
        """Note the line that asked for it."""
        self.decision = Decision(self.at_hand(), caller())
        super().cancel(order)
        self.note_call(BUY if order % SLOTS < MOST_LEVELS else SELL, refused=False)

    def note_call(self, side: int, *, refused: bool) -> None:
        """Note the last call for a side, and whether it was refused."""
        self.calls[_first(side)] = replace(self.decision, refused=refused)

    def take(self, side: int, quantity: int) -> int:
        """Note the line that takes from the opposite touch, and how much it asked for."""
        decision = Decision(self.at_hand(), caller())
        if self.latency == 0:
            self.late_takings[_first(side)] = self.of_touch(-side, quantity, decision)
        elif self.level_take[_first(side)] == 0:
            self.to_take[_first(side)] = decision
        return super().take(side, quantity)

    def take_late(self, first: int) -> None:
        """Note what an order to take finds."""
        side = SELL if first == 0 else BUY
        self.late_takings[first] = self.of_touch(side, self.level_take[first], self.to_take[first])
        super().take_late(first)

    def of_touch(self, side: int, wanted: int, decision: Decision | None = None) -> TracedTake:
        """Return what a side's touch has for an order that wants so much."""
        touch = self.bid_side if side == BUY else self.ask_side
        had = touch.taken if self.shown_once else 0
        return TracedTake(self.at_hand(), touch.price, wanted, touch.size, had, decision)

    # Messages

    def send(self, slot: int, message: int, price: float, size: int) -> None:
        """Note where it was decided."""
        self.on_way[slot][1:] = [self.decision]
        super().send(slot, message, price, size)

    def obey(self, slot: int) -> None:
        """Note where the message that has arrived was decided, for as long as it is acted on."""
        last, self.decision = self.decision, self.on_way[slot].pop(0)
        super().obey(slot)
        self.decision = last

    def free(self, slot: int) -> None:
        """Note that nothing is on its way of it."""
        self.on_way[slot] = []
        super().free(slot)

    # What becomes of orders

    def stand(self, side: int, slot: int, price: float, size: int) -> None:
        """Note the place that an order takes, and what it takes of the touch."""
        before, number, tick = self.positions[slot], self.level_order[slot], self.at_hand()
        known = before.number == number
        unbroken = known and price == self.level_price[slot]
        self.positions[slot] = position = QueuePosition(
            taken=tick,
            shown=self.bid_size if side == BUY else self.ask_size,
            shown_at=self.bid if side == BUY else self.ask,
            placed=before.placed if unbroken else tick,
            size=size,
            again=before.again + 1 if unbroken else 0,
            decision=self.decision,
            number=number,
            first=before.first if known else tick,
            moves=before.moves + (not unbroken) if known else 0,
        )
        taking, taken = self.of_touch(-side, size), self.level_crossing[slot]
        super().stand(side, slot, price, size)
        remaining = self.level_remaining[slot]
        position.ahead = self.level_ahead[slot] if remaining > 0 else 0
        if self.level_crossing[slot] > taken:
            taking.limit = price
            taking.queue_position = position.copied()
            self.takings[slot] = taking
            position.touches.append(Passed(tick, 0, size - remaining))
            if remaining == 0:
                self.end(slot, "filled")

    def change(self, slot: int, price: float, size: int) -> bool:
        """Note a size that changed and kept its place."""
        before = self.level_remaining[slot]
        if 0 < size != before and self.shrinks(slot, price, size):
            self.positions[slot].resizes.append(Resize(self.at_hand(), before, size))
        return super().change(slot, price, size)

    def cancel_crossed(self, side: int, price: float) -> None:
        """Note that orders of the other side are cancelled for one of ours."""
        with ended_by(self, "self_cross=cancel_older"):
            super().cancel_crossed(side, price)

    def remove_stale(self) -> None:
        """Note that orders are cancelled since their touch has left them."""
        with ended_by(self, "stale_orders=cancel"):
            super().remove_stale()

    def leave(self, slot: int) -> None:
        """Note how an order ends."""
        self.end(slot, "filled" if slot == self.filling else self.ended_by or "cancelled")
        super().leave(slot)

    def end(self, slot: int, how: str) -> None:
        """Note that an order has ended at this event."""
        decision = self.decision if how == "cancelled" else None
        number = self.positions[slot].number
        self.ended[slot - slot % MOST_LEVELS] = TracedEnd(self.at_hand(), how, decision, number)

    # What fills them

    def fill_reached(self, side: int, reached: int, volume: int, touched: bool) -> int:  # noqa: FBT001
        """Note what a print, or the touch, is for a side, and which orders it comes to."""
        self.reaching = volume
        slots = [order % SLOTS for order in self.level_reached[_first(side) : _first(side) + reached]]
        self.reached = [
            Prior(self.level_order[slot], self.level_price[slot], self.level_remaining[slot], 0) for slot in slots
        ]
        return super().fill_reached(side, reached, volume, touched)

    def pass_ahead(self, slot: int, coming: int, arriving: int, touched: bool) -> int:  # noqa: FBT001
        """Note what a print or the touch finds, and what it takes of the queue when it does not fill the order."""
        ahead = self.level_ahead[slot]
        passed = super().pass_ahead(slot, coming, arriving, touched)
        self.met = Met(self.reaching, arriving, coming, ahead, self.level_remaining[slot], passed)
        if coming == passed and ahead > self.level_ahead[slot]:
            self.note_reached(slot, ahead - self.level_ahead[slot], 0, touched=touched)
        return passed

    def note_reached(self, slot: int, ahead: int, quantity: int, *, touched: bool) -> None:
        """Note what a print or the touch took of the queue ahead and of an order."""
        position = self.positions[slot]
        (position.touches if touched else position.prints).append(Passed(self.at_hand(), ahead, quantity))

    def fill(self, side: int, slot: int, order: int, quantity: int, touched: bool) -> None:  # noqa: FBT001
        """Note the fill in the order's history, all of it when it is the one that is explained."""
        at = next(at for at, one in enumerate(self.reached) if one.number == order)
        if self.is_explained():
            touch = self.of_touch(-side, self.met.remaining)
            touch.had = touch.shown - self.met.coming
            match = None if touched else self.match_of(self.met, self.level_price[slot], quantity)
            self.of_fill = self.positions[slot].copied(), match, touch if touched else None, tuple(self.reached[:at])
        self.reached[at] = replace(self.reached[at], filled=quantity)
        self.note_reached(slot, self.met.ahead - self.level_ahead[slot], quantity, touched=touched)
        self.filling = slot if quantity == self.level_remaining[slot] else NEVER
        super().fill(side, slot, order, quantity, touched)

    def book_taken(self, side: int, slot: int) -> None:
        """Note what an order took as it was placed."""
        taking = self.takings[slot]
        self.of_fill = BEFORE if taking is BEFORE else taking.queue_position, None, taking, ()
        super().book_taken(side, slot)

    def book_of_none(self, side: int, price: float, quantity: int, how: int) -> None:
        """Note what was taken without an order."""
        self.of_fill = None, None, self.late_takings[_first(side)] if how == TAKE else None, ()
        super().book_of_none(side, price, quantity, how)

    def book_fill(self, side: int, price: float, quantity: int, placed: int, how: int, limit: float) -> None:
        """Let no order be that which is filled, whatever the strategy does when it hears of it."""
        self.filling = NEVER
        super().book_fill(side, price, quantity, placed, how, limit)

    def note_order(self, fill: TracedFill) -> None:
        """Note the order whose fill is explained, or what was taken."""
        fill.queue_position, fill.match, fill.take, fill.prior = self.of_fill
        if fill.how == "marketable":
            fill.limit = fill.take.limit


def _first(side: int) -> int:
    return 0 if side == BUY else MOST_LEVELS

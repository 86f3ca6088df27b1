"""One side of the plain engine's market, its rules unchanged, with a record of our order and its place in the queue.

Each override calls the engine's own method and notes the state before and after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.engine.rules.queue import FRONT, Queue
from pipeline.engine.rules.side import Side
from pipeline.tracing.explanation import Passed, Resize, Shrink
from pipeline.tracing.trace import BEFORE, NEVER, Decision, Met, QueuePosition, TracedEnd, TracedTake, caller, ended_by

if TYPE_CHECKING:
    from pipeline.engine.rules.orders import Orders
    from pipeline.tracing.tracing_market import TracingMarket, TracingOrders


class TracingQueue(Queue):
    """`Queue`, traced: `queue_position` is that of the order that a quote is about."""

    market: TracingOrders
    queue_position: QueuePosition
    cancels: tuple[int, float, int] = 0, 0.0, 0

    def follow_quote(self, price: float, size: int) -> None:
        """Note what of the queue ahead went with a quote, and of that what by cancels."""
        self.cancels, ahead, printed = (0, 0.0, self.ahead), self.ahead, self.printed
        super().follow_quote(price, size)
        gone, share, uncancelled = self.cancels
        if self.ahead < ahead:
            shown_before = self.size if self.price == self.order_price else 0
            shown = size if price == self.order_price else 0
            cancelled, capped = ahead - uncancelled, uncancelled - self.ahead
            sizes = shown_before, shown, printed, gone, share, ahead, cancelled, capped, self.ahead
            self.queue_position.shrinks.append(Shrink(self.market.at_hand(), *sizes))

    def share_cancels(self, gone: int) -> None:
        """Note the part of the cancelled shares that stood ahead of us."""
        ahead, behind = self.ahead, max(self.size - self.ahead, 0)
        power = self.market.queue_model - FRONT
        super().share_cancels(gone)
        self.cancels = gone, ahead**power / (ahead**power + behind**power) if power and ahead else 1.0, self.ahead


class TracingSide(TracingQueue, Side):
    """`Side`, traced."""

    market: TracingMarket
    other: TracingSide

    def __init__(self, market: Orders, *, is_bid: bool) -> None:
        super().__init__(market, is_bid=is_bid)
        self.queue_position = QueuePosition()
        self.decision: Decision | None = None
        self.on_way: list[Decision | None] = []
        self.to_take: Decision | None = None
        self.taking: TracedTake | None = None
        self.taking_late: TracedTake | None = None
        self.ended: TracedEnd | None = None
        self.ended_by = ""
        self.before_print: tuple[int, int, int] | None = None

    def forget_past(self) -> None:
        """Know nothing of what was before, whose rules the state at hand follows."""
        self.decision = self.ended = self.to_take = self.taking = self.taking_late = BEFORE
        self.on_way = [BEFORE] * (self.sent + (self.later != 0))
        self.queue_position = QueuePosition(BEFORE, placed=BEFORE)

    def quote(self, price: float, size: int, post_only: bool) -> bool:  # noqa: FBT001
        """Note the line that placed it."""
        self.decision = Decision(self.market.at_hand(), caller(), price)
        return self.answered(super().quote(price, size, post_only))

    def resize(self, size: int) -> bool:
        """Note the line that asked for it."""
        self.decision = Decision(self.market.at_hand(), caller())
        return self.answered(super().resize(size))

    def answered(self, stands: bool) -> bool:  # noqa: FBT001
        """Note that a call was refused."""
        if not stands and self.decision is not None:
            self.decision = replace(self.decision, refused=True)
        return stands

    def must_wait(self) -> bool:
        """Note that a crossed book lets nothing be quoted."""
        waits = super().must_wait()
        self.ended_by = "crossed_book=wait" if waits else ""
        return waits

    def avoid_self_cross(self, price: float) -> None:
        """Note that our order of the other side is cancelled for this one."""
        with ended_by(self.other, "self_cross=cancel_older"):
            super().avoid_self_cross(price)

    def remove_stale(self) -> None:
        """Note that it is cancelled since its touch has left it."""
        with ended_by(self, "stale_orders=cancel"):
            super().remove_stale()

    def withdraw(self) -> None:
        """Note how our order ends."""
        if self.live:
            self.end(self.ended_by or "cancelled")
        super().withdraw()

    def end(self, how: str) -> None:
        """Note that our order has ended at this event."""
        self.ended = TracedEnd(self.market.at_hand(), how, self.decision if how == "cancelled" else None)

    def show(self, price: float, size: int) -> None:
        """Note a quote at our order's price, or one that changes what stands ahead of us."""
        ahead = self.ahead
        super().show(price, size)
        if self.live and (price == self.order_price or ahead > self.ahead):
            self.queue_position.last_quote = Passed(self.market.at_hand(), ahead - self.ahead, 0)

    def watch(self, price: float) -> None:
        """Note the line that asked for it."""
        self.decision = Decision(self.market.at_hand(), caller(), price)
        super().watch(price)

    def cancel(self) -> None:
        """Note the line that asked for it."""
        self.decision = Decision(self.market.at_hand(), caller())
        super().cancel()

    def send(self) -> None:
        """Note when and where a message was decided that is on its way from now on."""
        before = self.sent, self.later, self.later_price
        super().send()
        if self.sent and before != (self.sent, self.later, self.later_price):
            self.on_way[1:] = [self.decision]

    def obey(self, message: int, price: float, size: int) -> None:
        """Note where the message that has arrived was decided, for as long as it is acted on."""
        last, self.decision = self.decision, self.on_way.pop(0)
        super().obey(message, price, size)
        self.decision = last

    def forget(self) -> None:
        """Note that nothing is on its way."""
        with ended_by(self, "overnight_orders=cancelled"):
            super().forget()
        self.on_way = []

    def take(self, quantity: int) -> int:
        """Note the line that takes from the opposite touch, and how much it asked for."""
        decision = Decision(self.market.at_hand(), caller())
        if self.market.latency > 0:
            self.to_take = self.to_take if self.take_sent else decision
        else:
            self.taking = self.other.of_touch(quantity, decision)
        return super().take(quantity)

    def take_late(self) -> None:
        """Note what an order to take finds."""
        self.taking_late = self.other.of_touch(self.take_size, self.to_take)
        super().take_late()

    def of_touch(self, wanted: int, decision: Decision | None = None) -> TracedTake:
        """Return what our touch has for an order that wants so much."""
        had = self.taken if self.market.shown_once else 0
        return TracedTake(self.market.at_hand(), self.price, wanted, self.size, had, decision)

    def place(self, price: float, size: int, anew: bool) -> None:  # noqa: FBT001
        """Note the queue position taken, or a size that changed, or an order that came back into its position."""
        before, tick = self.queue_position, self.market.at_hand()
        size_before = self.remaining if self.live else NEVER
        if anew:
            unbroken = self.live and price == self.order_price
            placed, again = (before.placed, before.again + 1) if unbroken else (tick, 0)
            self.queue_position = QueuePosition(tick, self.size, 0, placed, size, again, self.decision)
            self.queue_position.shown_at = self.price
        elif size_before == NEVER:
            self.queue_position = QueuePosition(before.taken, before.shown, 0, tick, size, 0, self.decision)
            self.queue_position.shown_at = before.shown_at
        elif size_before != size:
            before.resizes.append(Resize(tick, size_before, size))
        super().place(price, size, anew)
        if anew or size_before == NEVER:
            self.queue_position.ahead = self.ahead

    def cross(self) -> None:
        """Note what our order takes as it is placed."""
        taking, before = self.other.of_touch(self.remaining), self.remaining
        super().cross()
        if self.remaining < before:
            self.queue_position.ahead = self.ahead
            taking.queue_position = self.queue_position.copied()
            self.taking = taking
            self.queue_position.touches.append(Passed(self.market.at_hand(), 0, before - self.remaining))
            if self.remaining == 0:
                self.end("filled")

    def keep_place(self, price: float) -> None:
        """Note the queue position kept without an order."""
        super().keep_place(price)
        self.queue_position = QueuePosition(self.market.at_hand(), self.size, self.ahead, shown_at=self.price)

    def remove(self) -> None:
        """Note that no queue position is left."""
        super().remove()
        self.queue_position = QueuePosition(self.market.at_hand())

    def match(self, volume: int, touched: bool) -> int:  # noqa: FBT001
        """Note what a print or the touch finds, and what a print takes of the queue when it does not fill us."""
        ahead = self.ahead
        self.before_print = volume, ahead, self.remaining
        if touched:
            self.taking = self.other.of_touch(self.remaining)
        left = super().match(volume, touched)
        if ahead > self.ahead:
            self.note_reached(0, touched=touched)
        self.before_print = None
        return left

    def note_reached(self, quantity: int, *, touched: bool) -> None:
        """Note what a print or the touch took of the queue ahead and of us, unless that is noted with its fill."""
        if self.before_print is not None:
            history = self.queue_position.touches if touched else self.queue_position.prints
            history.append(Passed(self.market.at_hand(), self.before_print[1] - self.ahead, quantity))
            self.before_print = None
            if self.remaining == 0:
                self.end("filled")

    def met(self) -> Met:
        """Return what the print at hand was when it came to our order, and what it found."""
        assert self.before_print is not None  # noqa: S101 - asked while a print is matched
        volume, ahead, remaining = self.before_print
        cleared = ahead if self.market.price != self.order_price and self.market.through_clears else 0
        return Met(volume, volume, volume, ahead, remaining, passed=ahead - cleared - self.ahead)

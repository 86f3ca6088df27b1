"""The queue of one side of the plain engine's market, its rules unchanged, with a record of what shortened it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.rules.queue import FRONT, Queue
from pipeline.tracing.explanation import Shrink

if TYPE_CHECKING:
    from pipeline.tracing.trace import QueuePosition
    from pipeline.tracing.tracing_market import TracingOrders


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

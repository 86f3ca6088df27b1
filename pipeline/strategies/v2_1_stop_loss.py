"""v2.1: v2 with a stop loss that closes against the opposite touch while the quotes stand aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.strategy import Money, Shares, parameter
from pipeline.strategies.v2_price_follow_qty_cooldown import V2PriceFollowQtyCooldown

if TYPE_CHECKING:
    from pipeline.engine.market import Market

LEAST_COST = 1e-6


class V21StopLoss(V2PriceFollowQtyCooldown):
    """When the open position has lost the threshold at mid, close it, as far as the touch shows, event by event."""

    counters = ("stop_loss_triggers",)

    stop_loss: float = parameter(2.0, key="stop_loss_threshold_pct", doc="percent of the position's cost")

    stop_quantity: Shares = 0
    stop_sells: bool = False
    stop_loss_triggers: int = 0
    cost: Money = 0.0
    average_cost: Money = 0.0

    def on_tick(self, m: Market) -> None:
        """Work the stop first; quote when none is left."""
        if self.stop_quantity == 0 and self.loss_is_too_large(m):
            self.stop_quantity = abs(m.position)
            self.stop_sells = m.position > 0
            self.stop_loss_triggers += 1
        if self.stop_quantity > 0:
            m.stand_aside()
            self.stop_quantity -= self.work_stop(m)
        if self.stop_quantity == 0:
            m.resume()
            self.quote(m)

    def work_stop(self, m: Market) -> int:
        """Close what the opposite touch shows, and ask for nothing while it is empty; return how much was closed."""
        if self.stop_sells:
            return m.sell_at_bid(self.stop_quantity if m.bid_size > 0 else 0)
        return m.buy_at_ask(self.stop_quantity if m.ask_size > 0 else 0)

    def loss_is_too_large(self, m: Market) -> bool:
        """Compare the loss of the open position at mid, in percent of its cost, with the threshold."""
        if m.bid_size == 0 or m.ask_size == 0 or m.position == 0:
            return False
        mid = (m.bid + m.ask) / 2
        cost = abs(self.cost)
        percent = 0.0
        if cost >= LEAST_COST:
            percent = (mid - self.average_cost) * m.position / cost * 100
        return percent < -self.stop_loss

    def on_fill(self, m: Market, side: int, price: float, quantity: int) -> None:
        """Let the filled side cool and keep the cost of the open position."""
        self.cool(m, side)
        old = m.position - side * quantity
        now, before = abs(m.position), abs(old)
        if m.position == 0:
            self.cost = 0.0
        elif old == 0 or (old > 0) != (m.position > 0):
            self.cost = price * now
        elif now > before:
            self.cost += price * (now - before)
        else:
            self.cost *= now / before
        self.average_cost = abs(self.cost) / now if now > 0 else 0.0

    def on_overnight_cancel(self, m: Market) -> None:
        """Start the day with nothing cooling and no stop."""
        self.cool_bid = 0
        self.cool_ask = 0
        self.stop_quantity = 0
        m.resume()

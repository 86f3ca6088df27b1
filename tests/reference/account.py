"""Position, average entry price and realised P&L of one security, fill by fill (section 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .records import Direction


@dataclass
class Account:
    """The running account. `entry` keeps its last value while the position is zero."""

    position: int = 0
    entry: float = 0.0
    pnl: float = 0.0

    def record(self, side: Direction, price: float, quantity: int) -> float:
        """Book a fill and give the P&L it realised."""
        if side == "buy":
            return self._buy(price, quantity)
        return self._sell(price, quantity)

    def _buy(self, price: float, quantity: int) -> float:
        realized = 0.0
        if self.position < 0:
            closed = min(quantity, -self.position)
            realized += (self.entry - price) * closed
            self.pnl += realized
            self.position += closed
            quantity -= closed
        if quantity > 0:
            if self.position == 0:
                self.entry = price
                self.position = quantity
            else:
                total = self.entry * self.position + price * quantity
                self.position += quantity
                self.entry = total / self.position
        return realized

    def _sell(self, price: float, quantity: int) -> float:
        realized = 0.0
        if self.position > 0:
            closed = min(quantity, self.position)
            realized += (price - self.entry) * closed
            self.pnl += realized
            self.position -= closed
            quantity -= closed
        if quantity > 0:
            if self.position == 0:
                self.entry = price
                self.position = -quantity
            else:
                total = self.entry * -self.position + price * quantity
                self.position -= quantity
                self.entry = total / -self.position
        return realized

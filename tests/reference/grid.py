"""Prices on the market's grid of ticks (the switch `order_price`)."""

from __future__ import annotations

import math
from decimal import Decimal

from .auction_prices import tick_at

CLOSE_ENOUGH = Decimal("1e-9")


def on_grid(price: float, exchange: str, *, up: bool) -> float:
    """Round a price down or up to the tick at that price; one that all but stands on the grid is rounded to it."""
    tick = Decimal(str(tick_at(price, exchange)))
    ticks = round(Decimal(price) / tick)
    if abs(Decimal(price) - ticks * tick) > CLOSE_ENOUGH:
        ticks = (math.ceil if up else math.floor)(Decimal(price) / tick)
    return float(ticks * tick)

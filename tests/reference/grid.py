"""Prices on the market's grid of ticks (the switch `order_price`)."""

from __future__ import annotations

import math

from .auction_prices import tick_at

CLOSE_ENOUGH = 1e-9


def on_grid(price: float, exchange: str, *, up: bool) -> float:
    """Round a price down or up to the tick at that price; one that all but stands on the grid stays."""
    tick = tick_at(price, exchange)
    nearest = round(price / tick) * tick
    if abs(price - nearest) <= CLOSE_ENOUGH:
        return price
    return (math.ceil if up else math.floor)(price / tick) * tick

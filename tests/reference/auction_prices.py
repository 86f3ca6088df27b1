"""Tick rounding and the price trend of the closing-auction strategy (section 10)."""

from __future__ import annotations

import math

TREND_POINTS = 10

# price below which a tick applies, tick
TICKS = {
    "ADX": ((1.0, 0.001), (10.0, 0.01), (50.0, 0.02), (100.0, 0.05), (math.inf, 0.1)),
    "DFM": ((1.0, 0.001), (10.0, 0.01), (math.inf, 0.05)),
}


def round_to_tick(price: float, exchange: str) -> float:
    """Round to the tick of the raw price, half to even."""
    tick = tick_at(price, exchange)
    return round(price / tick) * tick


def tick_at(price: float, exchange: str) -> float:
    """Give the tick at a price."""
    return next(tick for below, tick in TICKS[exchange] if price < below)


def slope_bps_per_hour(points: list[tuple[float, float]]) -> float:
    """Fit a line through (hours since the open, price); give its slope in basis points of the mean price per hour."""
    n = len(points)
    if n < TREND_POINTS:
        return 0.0
    sx = sy = sxy = sxx = 0.0
    for x, y in points:
        sx += x
        sy += y
        sxy += x * y
        sxx += x * x
    denominator = n * sxx - sx * sx
    if denominator == 0:
        return 0.0
    slope = (n * sxy - sx * sy) / denominator
    return (slope / (sy / n)) * 10000

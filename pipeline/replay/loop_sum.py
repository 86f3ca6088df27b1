"""Adds amounts one after the other, with what their rounding lost; compiled as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.ticks import Float64s


def add_up(count: int, amounts: Float64s, total: Float64s) -> int:
    """Add so many amounts to a total, which is two numbers: the sum, and what rounding lost so far."""
    whole, lost = total[0], total[1]
    for at in range(count):
        after = whole + amounts[at]
        added = after - whole
        lost += (whole - (after - added)) + (amounts[at] - added)
        whole = after
    total[0] = whole
    total[1] = lost
    return count

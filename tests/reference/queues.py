"""How many shares stand ahead of our order after its side was quoted anew (the switch `queue`)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Quoted:
    """A quote on the side of our order, in shares and relative to our price."""

    shown: int | None  # at our price now; none if a better price hides it
    previous: int  # at our price by the side's quote before, 0 if that stood elsewhere
    printed: int  # of the prints matched against us at our price since then
    at_our_price: bool


def ahead_after(model: str, ahead: int, quoted: Quoted) -> int:
    """Give what stands ahead of us once the quote has been seen."""
    if model == "prints" or quoted.shown is None:
        return ahead
    if quoted.at_our_price and quoted.shown > 0 and quoted.previous > 0:
        gone = quoted.previous - quoted.shown - quoted.printed
        if gone > 0:
            if model == "front":
                ahead = max(0, ahead - gone)
            elif model.startswith("power") and ahead > 0:
                ahead = by_power(int(model.removeprefix("power")), ahead, quoted.previous, gone)
    return min(ahead, quoted.shown)


def by_power(power: int, ahead: int, previous: int, gone: int) -> int:
    """Spread cancels over the shares behind and ahead; the larger part loses more, the more so the higher the power."""
    behind = max(previous - ahead, 0)
    weight_behind = weight_ahead = 1.0
    for _ in range(power):
        weight_behind *= behind
        weight_ahead *= ahead
    share = weight_behind / (weight_behind + weight_ahead)
    left = ahead - (1 - share) * gone + min((previous - ahead) - share * gone, 0)
    return math.ceil(max(left, 0))

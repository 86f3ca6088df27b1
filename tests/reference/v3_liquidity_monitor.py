"""Reference of v3 (section 9): v2, quoting from 10:05 and always at the back of the displayed queue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .records import AFTER_OPEN, ASK, BID, CLASSIC, Replay, Switches
from .v2_price_follow_qty_cooldown import PriceFollow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .orders import Event


class LiquidityMonitor(PriceFollow):
    """The quoting rule of v3; sizes are those of v2."""

    def quote(self, event: Event) -> None:
        """Bring both sides to the touch, behind everything displayed there."""
        size = self.sizes(event.ts)
        for which in (BID, ASK):
            side = self.sides[which]
            if side.touch is None:
                continue
            price, displayed = side.touch
            if event.tod >= AFTER_OPEN and self.may_quote(side.touch, size[which]):
                self.cancel_opposite_if_crossing(which, price)
                side.price = price
                side.ahead = math.trunc(displayed)
                side.remaining = size[which]
                side.quote = price
            else:
                side.price = price
                side.ahead = 0
                side.remaining = 0
                side.quote = None


def replay(
    timestamps_ns: NDArray[np.int64],
    kinds: NDArray[np.int8],
    prices: NDArray[np.float64],
    volumes: NDArray[Any],
    parameters: Mapping[str, Any],
    exchange: str = "ADX",  # noqa: ARG001
    switches: Switches = CLASSIC,
) -> Replay:
    """Replay one security's ticks with v3."""
    return LiquidityMonitor(parameters, switches).run(timestamps_ns, kinds, prices, volumes)

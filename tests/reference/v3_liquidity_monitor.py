"""Reference of v3 (section 9): v2, quoting from 10:05 and always at the back of the displayed queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import ASK, BID, CLASSIC, MINUTE, Replay, Switches
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
            if event.tod >= self.hours.opens + 5 * MINUTE and self.may_quote(side.touch, size[which]):
                self.send(event, which, "place", side.touch[0], size[which])
            else:
                self.send(event, which, "watch", side.touch[0])


def replay(
    timestamps_ns: NDArray[np.int64],
    kinds: NDArray[np.int8],
    prices: NDArray[np.float64],
    volumes: NDArray[Any],
    parameters: Mapping[str, Any],
    exchange: str = "ADX",
    switches: Switches = CLASSIC,
) -> Replay:
    """Replay one security's ticks with v3."""
    return LiquidityMonitor(parameters, switches, exchange).run(timestamps_ns, kinds, prices, volumes)

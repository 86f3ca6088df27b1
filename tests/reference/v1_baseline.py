"""Reference of v1 (section 6): each side is placed at the touch and sticks there until its refill timer expires."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .market_maker import MarketMaker
from .records import ASK, BID, CLASSIC, Replay, Switches

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .orders import Event


class Baseline(MarketMaker):
    """The quoting rule of v1."""

    def quote(self, event: Event) -> None:
        """Place every side whose timer has expired."""
        limit = self.position_limit()
        position = self.account.position
        size = {
            BID: max(0, min(self.quote_size[BID], limit - position)),
            ASK: max(0, min(self.quote_size[ASK], limit + position)),
        }
        for which in (BID, ASK):
            side = self.sides[which]
            if side.touch is None:
                continue
            elapsed = self.elapsed(side, event.ts)
            if elapsed is not None and elapsed < self.interval:
                continue
            if not self.may_quote(side.touch, size[which]):
                self.send(event, which, "cancel")
            elif self.send(event, which, "place", side.touch[0], size[which]):
                side.last = event.ts

    def position_limit(self) -> int:
        """Give the largest position, in shares, at the current mid price."""
        if self.max_notional is None:
            return self.max_position
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if bid is not None and ask is not None:
            mid = (bid[0] + ask[0]) / 2
        elif bid is not None:
            mid = bid[0]
        elif ask is not None:
            mid = ask[0]
        else:
            return self.max_position
        return min(self.max_position, math.trunc(self.max_notional / mid))


def replay(
    timestamps_ns: NDArray[np.int64],
    kinds: NDArray[np.int8],
    prices: NDArray[np.float64],
    volumes: NDArray[Any],
    parameters: Mapping[str, Any],
    exchange: str = "ADX",
    switches: Switches = CLASSIC,
) -> Replay:
    """Replay one security's ticks with v1."""
    return Baseline(parameters, switches, exchange).run(timestamps_ns, kinds, prices, volumes)

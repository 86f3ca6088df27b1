"""Reference of v2 (section 7): quotes follow the touch at every event; after a fill the size waits out a cooldown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .market_maker import MarketMaker
from .records import ASK, BID, CLASSIC, Replay, Switches

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .orders import Event


class PriceFollow(MarketMaker):
    """The quoting rule of v2."""

    def quote(self, event: Event) -> None:
        """Bring both sides to the touch."""
        size = self.sizes(event.ts)
        for which in (BID, ASK):
            side = self.sides[which]
            if side.touch is None:
                continue
            if not self.may_quote(side.touch, size[which]):
                self.send(event, which, "watch", side.touch[0])
            elif side.price == side.touch[0]:
                self.send(event, which, self.verb_to_resize(which), side.touch[0], size[which])
            else:
                self.send(event, which, "place", side.touch[0], size[which])

    def sizes(self, ts: int) -> dict[int, int]:
        """Give both sides' sizes, before either side is changed."""
        room = {BID: self.max_position - self.account.position, ASK: self.max_position + self.account.position}
        sizes = {}
        for which in (BID, ASK):
            side = self.sides[which]
            elapsed = self.elapsed(side, ts)
            cooling = elapsed is not None and elapsed < self.interval
            base = side.remaining if cooling else self.quote_size[which]
            sizes[which] = max(0, min(base, room[which]))
        return sizes


def replay(
    timestamps_ns: NDArray[np.int64],
    kinds: NDArray[np.int8],
    prices: NDArray[np.float64],
    volumes: NDArray[Any],
    parameters: Mapping[str, Any],
    exchange: str = "ADX",
    switches: Switches = CLASSIC,
) -> Replay:
    """Replay one security's ticks with v2."""
    return PriceFollow(parameters, switches, exchange).run(timestamps_ns, kinds, prices, volumes)

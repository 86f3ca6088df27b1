"""Reference of v2.1 (section 8): v2, plus a stop loss that works against the opposite touch and freezes the quotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .records import ASK, BID, CLASSIC, Replay, Switches
from .v2_price_follow_qty_cooldown import PriceFollow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .orders import Event


@dataclass
class Stop:
    """A working stop order."""

    side: int  # ASK sells a long position, BID buys back a short one
    remaining: int
    hit: int = 0  # filled since the strategy last counted down


class StopLoss(PriceFollow):
    """The rules v2.1 adds to v2."""

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.stop_threshold: float = parameters.get("stop_loss_threshold_pct", 2.0)
        self.stop: Stop | None = None
        self.cost = 0.0
        self.cost_quantity = 0

    def after_fill(self, before: int, price: float) -> None:
        """Keep the cost of the open position."""
        new = self.account.position
        if before == 0:
            self.cost = price * abs(new)
            self.cost_quantity = abs(new)
        elif new == 0:
            self.cost = 0.0
            self.cost_quantity = 0
        elif (before > 0) != (new > 0):  # flipped
            self.cost = price * abs(new)
            self.cost_quantity = abs(new)
        elif abs(new) > abs(before):
            self.cost += price * (abs(new) - abs(before))
            self.cost_quantity = abs(new)
        else:
            self.cost *= abs(new) / abs(before)
            self.cost_quantity = abs(new)

    def after_flatten(self) -> None:
        """Forget the cost."""
        self.cost = 0.0
        self.cost_quantity = 0

    def cancel_overnight(self) -> None:
        """Cancel the stop order with the rest."""
        super().cancel_overnight()
        self.stop = None

    def stands_aside(self) -> bool:
        """Say whether a stop order is there."""
        return self.stop is not None

    def stop_loss(self, event: Event) -> bool:
        """Trigger the stop, then work it; say whether quoting goes on."""
        if self.stop is None and self.loss_is_too_large():
            position = self.account.position
            self.stop = Stop(ASK if position > 0 else BID, abs(position))
            self.stop_loss_triggers += 1
        if self.stop is None:
            return True

        self.count_down()  # what arrived late, before the strategy's turn
        if self.stop is not None and self.sides[BID if self.stop.side == ASK else ASK].touch is not None:
            self.send(event, self.stop.side, "take", 0.0, self.stop.remaining)
            self.count_down()
        return self.stop is None

    def after_hit(self, filled: int) -> None:
        """Hear how much was filled."""
        assert self.stop is not None
        self.stop.hit += filled

    def count_down(self) -> None:
        """Take from the stop order what was filled; none is left of one that is filled whole."""
        assert self.stop is not None
        self.stop.remaining -= self.stop.hit
        self.stop.hit = 0
        if self.stop.remaining <= 0:
            self.stop = None

    def loss_is_too_large(self) -> bool:
        """Compare the open position's loss at mid, in percent of its cost, with the threshold."""
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if bid is None or ask is None or self.account.position == 0:
            return False
        mid = (bid[0] + ask[0]) / 2
        cost = abs(self.cost)
        if cost < 1e-6:
            return self.stop_threshold < 0
        unrealized = 0.0 if self.cost_quantity == 0 else (mid - cost / self.cost_quantity) * self.account.position
        return (unrealized / cost) * 100 < -self.stop_threshold


def replay(
    timestamps_ns: NDArray[np.int64],
    kinds: NDArray[np.int8],
    prices: NDArray[np.float64],
    volumes: NDArray[Any],
    parameters: Mapping[str, Any],
    exchange: str = "ADX",
    switches: Switches = CLASSIC,
) -> Replay:
    """Replay one security's ticks with v2.1."""
    return StopLoss(parameters, switches, exchange).run(timestamps_ns, kinds, prices, volumes)

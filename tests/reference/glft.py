"""Reference of the ladder of quotes: each quote's price by inventory, then the orders are brought there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .auction_prices import tick_at
from .grid import on_grid
from .ladder import Ladder
from .records import ASK, BID, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .orders import Event
    from .records import Switches


class Glft(Ladder):
    """Five quotes a side, by inventory, each a tick at least behind the one before."""

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(parameters, switches, exchange)
        self.given = parameters
        self.before: tuple[float, int] | None = None
        self.variance: tuple[float, int] | None = None
        self.numbers = {(which, level): 0 for which in (BID, ASK) for level in range(5)}

    def quote(self, event: Event) -> None:
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if bid is None or ask is None or bid[0] >= ask[0]:
            return
        mid = (bid[0] + ask[0]) / 2
        self.learn(mid, event.ts)
        if self.variance is None:
            return
        room = self.given["max_lots"] * self.given["lot"]
        tick = tick_at(bid[0], self.exchange)
        best = {BID: bid[0] + tick, ASK: ask[0] - tick}
        for level in range(5):
            for which, sign in ((BID, 1), (ASK, -1)):
                price = mid - sign * self.distance(sign * self.account.position / self.given["lot"] + level)
                if which == BID:
                    best[BID] = on_grid(max(min(price, best[BID] - tick), tick), self.exchange, up=False)
                else:
                    best[ASK] = on_grid(max(min(price, 2 * mid), best[ASK] + tick), self.exchange, up=True)
                fits = sign * self.account.position + (level + 1) * self.given["lot"] <= room
                self.bring(which, level, best[which], fits=fits)

    def learn(self, mid: float, now: int) -> None:
        """Take a change of the mid into the variance, weighted by how long ago it was."""
        if self.before is not None and now <= self.before[1]:
            return
        if self.before is not None:
            change = (mid - self.before[0]) ** 2 / ((now - self.before[1]) / SECOND)
            if self.variance is not None:
                weight = 0.5 ** ((now - self.variance[1]) / (self.given["half_life_sec"] * SECOND))
                change = change + weight * (self.variance[0] - change)
            self.variance = change, now
        self.before = mid, now

    def distance(self, held: float) -> float:
        """Give how far from the mid the quote is that adds to so many lots."""
        assert self.variance is not None
        gamma, kappa = self.given["risk_aversion"], self.given["fill_decay"]
        slope = self.variance[0] * gamma / (2 * kappa * self.given["fill_rate"])
        slope = math.sqrt(slope * (1 + gamma / kappa) ** (1 + kappa / gamma))
        return float(math.log1p(gamma / kappa) / gamma + (held + 0.5) * slope)

    def bring(self, which: int, level: int, price: float, *, fits: bool) -> None:
        """Have the order of a level at its price, or none."""
        number = self.numbers[which, level]
        order, away = self.standing_order(number), self.away(number)
        if not fits:
            self.cancel_one(number)
        elif order is None and away is None:
            self.numbers[which, level] = self.place_one(which, price, self.given["lot"])
        elif away is None and order is not None and order.price != price:
            self.replace_one(number, price, self.given["lot"])

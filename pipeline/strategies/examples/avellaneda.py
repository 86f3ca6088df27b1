"""Quotes around a reservation price that moves against the inventory, as in Avellaneda and Stoikov (2008).

Source: "High-frequency trading in a limit order book", Quantitative Finance 8(3), equations (29) and (30), with the
time left until the session closes as horizon. Variance is a weighted mean of squared changes of the mid a second.
"""

import math

from pipeline.engine.market import Market
from pipeline.engine.memory import Ewma
from pipeline.engine.strategy import Duration, Nanoseconds, Shares, Strategy, parameter

SECOND = 1_000_000_000
LONGEST = 3_600


class AvellanedaStoikov(Strategy):
    """The wider, the larger the risk; the further from the mid, the larger the inventory."""

    risk_aversion: float = parameter(0.5, above=0, doc="gamma, per currency unit")
    fill_decay: float = parameter(150.0, above=0, doc="kappa, per currency unit: how fast fills thin out with distance")
    lot: Shares = parameter(1_000, minimum=1, doc="shares that count as one of inventory, and of an order")
    max_lots: int = parameter(10, minimum=1)
    half_life: Duration = parameter(300, key="half_life_sec", above=0, doc="of the variance")
    variance: Ewma = Ewma()
    last_mid: float = 0.0
    last_time: Nanoseconds = 0

    def on_start(self) -> None:
        """Let the variance forget as the config says."""
        self.variance.set_half_life(self.half_life)

    def on_tick(self, m: Market) -> None:
        """Quote both sides around the reservation price, nowhere through the touch."""
        if m.bid_size == 0 or m.ask_size == 0 or m.bid >= m.ask:
            return
        mid = (m.bid + m.ask) / 2
        seconds = (m.now - self.last_time) / SECOND
        if self.last_mid > 0 and 0 < seconds < LONGEST:
            self.variance.add((mid - self.last_mid) ** 2 / seconds, m.now)
        if seconds > 0:
            self.last_mid, self.last_time = mid, m.now
        if self.variance.count == 0:
            return
        left = (m.continuous_closes - m.time_of_day) / SECOND
        risk = self.risk_aversion * self.variance.mean() * left
        reservation = mid - m.position / self.lot * risk
        half_spread = risk / 2 + math.log1p(self.risk_aversion / self.fill_decay) / self.risk_aversion
        bid = min(m.bid, m.round_down_to_tick(max(reservation - half_spread, m.bid / 2)))
        ask = max(m.ask, m.round_up_to_tick(min(reservation + half_spread, m.ask * 2)))
        if m.position >= self.max_lots * self.lot:
            m.cancel_bid()
        elif not (m.bid_live and m.bid_order == bid):
            m.quote_bid(bid, self.lot)
        if m.position <= -self.max_lots * self.lot:
            m.cancel_ask()
        elif not (m.ask_live and m.ask_order == ask):
            m.quote_ask(ask, self.lot)

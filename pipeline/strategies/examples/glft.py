"""Several quotes a side, further off as inventory grows, as in Gueant, Lehalle and Fernandez-Tapia (2013).

Source: "Dealing with the inventory risk: a solution to the market making problem", Mathematics and Financial Economics
7(4), its closed-form approximations. The quote k behind the first is that of k lots more, and a tick behind at least.
"""

import math

from pipeline.engine.market import BUY, SELL, LadderMarket
from pipeline.engine.memory import Ewma, IntArray
from pipeline.engine.strategy import Duration, Nanoseconds, Shares, Strategy, parameter


class GlftLadder(Strategy):
    """The wider, the larger the risk; the further from the mid, the larger the inventory, level by level."""

    levels = 5
    risk_aversion: float = parameter(0.5, above=0, doc="gamma, per currency unit")
    fill_decay: float = parameter(150.0, above=0, doc="kappa, per currency unit: how fast fills thin out with distance")
    fill_rate: float = parameter(0.1, above=0, doc="A, fills a second of a quote at the mid")
    lot: Shares = parameter(1_000, minimum=1, doc="shares that count as one of inventory, and of an order")
    max_lots: int = parameter(10, minimum=1)
    half_life: Duration = parameter(300, key="half_life_sec", above=0, doc="of the variance")
    variance: Ewma = Ewma()
    last_mid: float = 0.0
    last_time: Nanoseconds = 0
    orders: IntArray = IntArray(10)

    def on_tick(self, m: LadderMarket) -> None:
        """Let the quotes of both sides follow mid, variance and inventory, nowhere through the touch."""
        if m.bid_size == 0 or m.ask_size == 0 or m.bid >= m.ask:
            return
        mid, tick = (m.bid + m.ask) / 2, m.tick(m.bid)
        if m.now > self.last_time:
            if self.last_mid > 0:
                self.variance.set_half_life(self.half_life)
                self.variance.add((mid - self.last_mid) ** 2 / ((m.now - self.last_time) / 1e9), m.now)
            self.last_mid, self.last_time = mid, m.now
        if self.variance.count > 0:
            gamma, kappa = self.risk_aversion, self.fill_decay
            risk = self.variance.mean() * gamma / (2 * kappa * self.fill_rate)
            step = math.sqrt(risk * (1 + gamma / kappa) ** (1 + kappa / gamma))
            half = math.log1p(gamma / kappa) / gamma
            held, bid, ask = m.position / self.lot, m.bid + tick, m.ask - tick
            for k in range(5):
                bid = m.round_down_to_tick(max(min(mid - half - (held + k + 0.5) * step, bid - tick), tick))
                ask = m.round_up_to_tick(max(min(mid + half - (held - k - 0.5) * step, 2 * mid), ask + tick))
                self.quote(m, k, BUY, bid, self.lot if m.position <= (self.max_lots - k - 1) * self.lot else 0)
                self.quote(m, 5 + k, SELL, ask, self.lot if m.position >= (k + 1 - self.max_lots) * self.lot else 0)

    def quote(self, m: LadderMarket, at: int, side: int, price: float, size: int) -> None:
        """Have an order at a price, or none of size 0."""
        order = self.orders[at]
        if size == 0:
            m.cancel(order)
        elif not m.live(order) and not m.sent(order):
            self.orders[at] = m.place(side, price, size)
        elif m.order_price(order) != price and not m.sent(order):
            m.replace(order, price, size)

"""Buys a quantity in equal slices over a part of each day: waits at the bid, takes what a slice lacks at its end.

Slippage is against arrival, the mid when the first slice begins: Perold, "The implementation shortfall" (1988). Its
counters are of all days: shares bought, shares taken, and the shortfall, price times shares, in hundredths.
"""

from pipeline.engine.market import BUY, Market
from pipeline.engine.strategy import Minutes, Shares, Strategy, parameter


class Twap(Strategy):
    """So many shares a day by a deadline; a slice that is not filled waiting is taken from the ask."""

    counters = ("bought", "taken", "shortfall_cents")

    quantity: Shares = parameter(10_000, minimum=1, doc="a day")
    slices: int = parameter(10, minimum=1, maximum=1_000)
    begins: Minutes = parameter(15, key="begins_after_min", minimum=0, doc="minutes after the session opens")
    lasts: Minutes = parameter(180, key="lasts_min", above=0)
    today: int = 0
    done_today: int = 0
    arrival: float = 0.0
    bought: int = 0
    taken: int = 0
    shortfall_cents: int = 0

    def on_tick(self, m: Market) -> None:
        """Wait at the bid for what the slices begun so far lack; take what those that are over lack."""
        if m.day != self.today:
            self.today, self.done_today, self.arrival = m.day, 0, 0.0
            m.cancel_bid()
        since = m.time_of_day - m.continuous_opens - self.begins
        if since < 0 or m.bid_size == 0 or m.ask_size == 0 or self.done_today >= self.quantity:
            return
        if self.arrival == 0:
            self.arrival = (m.bid + m.ask) / 2
        begun = min(self.slices, since * self.slices // self.lasts + 1)
        late = self.quantity * (begun - 1) // self.slices - self.done_today
        if since >= self.lasts:
            late = self.quantity - self.done_today
        if late > 0:
            m.cancel_bid()
            self.taken += m.buy_at_ask(late)
            return
        wanted = self.quantity * begun // self.slices - self.done_today
        if wanted <= 0:
            m.cancel_bid()
        elif not (m.bid_live and m.bid_order == m.bid and m.bid_remaining == wanted):
            m.quote_bid(m.bid, wanted)

    def on_fill(self, m: Market, side: int, price: float, quantity: int) -> None:
        """Count what was bought, and what it cost beyond arrival."""
        if side == BUY:
            self.done_today += quantity
            self.bought += quantity
            self.shortfall_cents += round((price - self.arrival) * quantity * 100)

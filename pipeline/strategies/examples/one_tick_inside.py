"""Quotes one tick inside a wide touch, first in the queue of a price of its own; leaves when the spread closes.

One tick buys priority: the stepping ahead of Harris, "Trading and Exchanges" (2003), chapter 11.
"""

from pipeline.engine.market import Market
from pipeline.engine.strategy import Shares, Strategy, parameter


class OneTickInside(Strategy):
    """Both sides inside a spread of some ticks, until its own order is the touch or the spread is too narrow."""

    size: Shares = parameter(1_000, minimum=1)
    max_position: Shares = parameter(10_000, minimum=0)
    min_ticks: int = parameter(3, minimum=3, doc="narrowest spread quoted inside, in ticks")

    def on_tick(self, m: Market) -> None:
        """Stand one tick inside the best price of others, as long as that leaves a spread."""
        if m.bid_size == 0 or m.ask_size == 0 or m.bid >= m.ask:
            m.cancel_bid()
            m.cancel_ask()
            return
        wide = m.round_to_tick(m.ask - self.min_ticks * m.tick(m.bid)) >= m.bid
        buy = min(self.size, self.max_position - m.position) if wide else 0
        sell = min(self.size, self.max_position + m.position) if wide else 0
        bid = m.round_to_tick(m.bid + m.tick(m.bid))
        ask = m.round_to_tick(m.ask - m.tick(m.bid))
        if buy <= 0:
            m.cancel_bid()
        elif not m.bid_live or m.bid_order < m.bid or m.bid_order > bid:
            m.quote_bid(bid, buy)
        if sell <= 0:
            m.cancel_ask()
        elif not m.ask_live or m.ask_order > m.ask or m.ask_order < ask:
            m.quote_ask(ask, sell)

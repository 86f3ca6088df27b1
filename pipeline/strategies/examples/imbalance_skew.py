"""Quotes the touch on the side that the book leans to, and steps back where it would be run over.

The book leans as far as the weighted mid, (bid * ask_size + ask * bid_size) / (bid_size + ask_size), is off the mid:
the first step of Stoikov, "The micro-price" (Quantitative Finance, 2018).
"""

from pipeline.engine.market import Market
from pipeline.engine.strategy import Shares, Strategy, parameter


class ImbalanceSkew(Strategy):
    """A bid at the touch unless the book leans down, an ask unless it leans up."""

    size: Shares = parameter(1_000, minimum=1)
    max_position: Shares = parameter(10_000, minimum=0)
    lean: float = parameter(0.2, minimum=0, maximum=0.5, doc="how far the weighted mid may be off, in spreads")

    def on_tick(self, m: Market) -> None:
        """Follow the touch with each side that the book does not lean against."""
        if m.bid_size == 0 or m.ask_size == 0 or m.bid >= m.ask:
            m.cancel_bid()
            m.cancel_ask()
            return
        weighted = (m.bid * m.ask_size + m.ask * m.bid_size) / (m.bid_size + m.ask_size)
        lean = (weighted - (m.bid + m.ask) / 2) / (m.ask - m.bid)
        buy = min(self.size, self.max_position - m.position) if lean > -self.lean else 0
        sell = min(self.size, self.max_position + m.position) if lean < self.lean else 0
        if buy <= 0:
            m.cancel_bid()
        elif not (m.bid_live and m.bid_order == m.bid):
            m.quote_bid(m.bid, buy)
        if sell <= 0:
            m.cancel_ask()
        elif not (m.ask_live and m.ask_order == m.ask):
            m.quote_ask(m.ask, sell)

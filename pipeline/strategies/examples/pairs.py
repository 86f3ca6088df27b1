"""Bids where a security is cheap against another, offers where it is dear, and quotes back to flat once they meet.

Cheap is where the log ratio of both mids is so many standard deviations below its mean of the last samples: the rule of
"Pairs Trading" (Gatev, Goetzmann and Rouwenhorst, Review of Financial Studies, 2006), kept with orders at the touch.
"""

import math

from pipeline.engine.market import Market
from pipeline.engine.memory import Window
from pipeline.engine.signal import Signal
from pipeline.engine.strategy import Duration, Nanoseconds, Shares, Strategy, parameter


class Pairs(Strategy):
    """One side at the touch, by where the pair stands; neither when the other's mid is missing or old."""

    lead: Signal = Signal("EMAAR.mid")

    size: Shares = parameter(1_000, minimum=1)
    max_position: Shares = parameter(10_000, minimum=0)
    deviations: float = parameter(1.5, above=0)
    every: Duration = parameter(10, key="every_sec", above=0, doc="between two samples")
    oldest: Duration = parameter(300, key="oldest_sec", above=0, doc="age of the other's mid")
    ratios: Window = Window(60)
    sampled: Nanoseconds = 0

    def on_tick(self, m: Market) -> None:
        """See how far apart the pair is, quote by it, and take a sample when it is time."""
        buy, sell = 0, 0
        if m.bid_size > 0 and m.ask_size > 0 and self.lead.value > 0 and m.now - self.lead.time < self.oldest:
            ratio = math.log((m.bid + m.ask) / 2 / self.lead.value)
            if self.ratios.count == self.ratios.size:
                apart = ratio - self.ratios.mean()
                band = self.deviations * math.sqrt(self.ratios.variance())
                if apart < -band:
                    buy = min(self.size, self.max_position - m.position)
                elif apart > band:
                    sell = min(self.size, self.max_position + m.position)
                elif m.position * apart > 0:
                    buy, sell = min(self.size, -m.position), min(self.size, m.position)
            if m.now - self.sampled >= self.every:
                self.ratios.add(ratio)
                self.sampled = m.now
        self.quote(m, buy, sell)

    def quote(self, m: Market, buy: int, sell: int) -> None:
        """Follow the touch with a side that has a size, and cancel the other."""
        if buy <= 0:
            m.cancel_bid()
        elif not (m.bid_live and m.bid_order == m.bid):
            m.quote_bid(m.bid, buy)
        if sell <= 0:
            m.cancel_ask()
        elif not (m.ask_live and m.ask_order == m.ask):
            m.quote_ask(m.ask, sell)

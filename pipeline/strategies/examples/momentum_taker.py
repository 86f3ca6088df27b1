"""Takes the touch when prints break out of their recent range, and leaves at a stop, a target or after a while.

A breakout is a print so many standard deviations from the mean of the prints before it, the rule of Bollinger bands
(Bollinger, "Bollinger on Bollinger Bands", 2001) read as momentum.
"""

import math

from pipeline.engine.market import Market
from pipeline.engine.memory import Window
from pipeline.engine.strategy import Duration, Nanoseconds, Shares, Strategy, parameter
from pipeline.ticks import TRADE


class MomentumTaker(Strategy):
    """One position at a time, taken and closed at the touch."""

    counters = ("stops", "targets")

    size: Shares = parameter(1_000, minimum=1)
    deviations: float = parameter(2.0, above=0)
    stop_bps: float = parameter(20.0, above=0)
    target_bps: float = parameter(40.0, above=0)
    longest: Duration = parameter(600, key="longest_sec", above=0)
    prints: Window = Window(50)
    entered: Nanoseconds = 0
    stops: int = 0
    targets: int = 0

    def on_tick(self, m: Market) -> None:
        """Take on a breakout where flat, else see whether to leave; then remember the print."""
        if m.bid_size == 0 or m.ask_size == 0:
            return
        if m.position != 0:
            self.leave(m)
        elif m.kind == TRADE and self.prints.count == self.prints.size:
            band = self.deviations * math.sqrt(self.prints.variance())
            if band > 0 and m.price > self.prints.mean() + band:
                m.buy_at_ask(self.size)
                self.entered = m.now
            elif band > 0 and m.price < self.prints.mean() - band:
                m.sell_at_bid(self.size)
                self.entered = m.now
        if m.kind == TRADE:
            self.prints.add(m.price)

    def leave(self, m: Market) -> None:
        """Close at the touch at the stop, at the target, or when the time is up."""
        out = m.bid if m.position > 0 else m.ask
        gain = (out / m.entry_price - 1) * 10_000 * (1 if m.position > 0 else -1)
        if -self.stop_bps < gain < self.target_bps and m.now - self.entered < self.longest:
            return
        taken = m.sell_at_bid(m.position) if m.position > 0 else m.buy_at_ask(-m.position)
        self.stops += 1 if taken > 0 and gain <= -self.stop_bps else 0
        self.targets += 1 if taken > 0 and gain >= self.target_bps else 0

"""v1 baseline: quote both touches, hold each quote for the refill interval, then place it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.market import BUY
from pipeline.engine.strategy import Duration, Money, Nanoseconds, Shares, Strategy, parameter

if TYPE_CHECKING:
    from pipeline.engine.market import Market


class V1Baseline(Strategy):
    """A side is placed at the touch when its timer has run out, and sticks there until it runs out again."""

    quote_size: Shares = parameter(50_000, minimum=0, maximum=1e12)
    quote_size_bid: Shares | None = parameter(None, minimum=0, maximum=1e12, doc="quote_size when null")
    quote_size_ask: Shares | None = parameter(None, minimum=0, maximum=1e12, doc="quote_size when null")
    refill_interval: Duration = parameter(60, key="refill_interval_sec", minimum=0, maximum=1e9)
    max_position: Shares = parameter(2_000_000, minimum=0, maximum=1e12)
    max_notional: Money | None = parameter(None, above=0)
    min_touch_value: Money = parameter(25_000, key="min_local_currency_before_quote", minimum=0)

    next_bid: Nanoseconds = 0
    next_ask: Nanoseconds = 0

    def on_tick(self, m: Market) -> None:
        """Place each side whose timer has run out, if its touch is worth enough and the position leaves room."""
        if m.bid_size > 0 and m.now >= self.next_bid:
            bid_size = self.quote_size if self.quote_size_bid is None else self.quote_size_bid
            bid_size = max(0, min(bid_size, self.position_limit(m) - m.position))
            if m.bid * m.bid_size >= self.min_touch_value and bid_size > 0:
                if m.quote_bid(m.bid, bid_size):
                    self.next_bid = m.now + self.refill_interval
            else:
                m.cancel_bid()
        if m.ask_size > 0 and m.now >= self.next_ask:
            ask_size = self.quote_size if self.quote_size_ask is None else self.quote_size_ask
            ask_size = max(0, min(ask_size, self.position_limit(m) + m.position))
            if m.ask * m.ask_size >= self.min_touch_value and ask_size > 0:
                if m.quote_ask(m.ask, ask_size):
                    self.next_ask = m.now + self.refill_interval
            else:
                m.cancel_ask()

    def position_limit(self, m: Market) -> int:
        """Return the largest position allowed: the share limit, or the notional limit at the mid if that is less."""
        limit = self.max_position
        if self.max_notional is not None:
            mid = m.bid if m.bid_size > 0 else m.ask
            if m.bid_size > 0 and m.ask_size > 0:
                mid = (m.bid + m.ask) / 2
            affordable = self.max_notional / mid
            if affordable < limit:
                limit = min(limit, max(0, int(affordable)))
        return limit

    def on_fill(self, m: Market, side: int, price: float, quantity: int) -> None:
        """Restart the timer of the side that was filled."""
        if side == BUY:
            self.next_bid = m.now + self.refill_interval
        else:
            self.next_ask = m.now + self.refill_interval

    def on_overnight_cancel(self, m: Market) -> None:
        """Start the day with both timers run out."""
        self.next_bid = 0
        self.next_ask = 0

"""v2: quotes follow the touch at every event; after a fill a side keeps its remaining size for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.market import BUY
from pipeline.engine.strategy import Duration, Money, Nanoseconds, Shares, Strategy, parameter

if TYPE_CHECKING:
    from pipeline.engine.market import Market


class V2PriceFollowQtyCooldown(Strategy):
    """A side keeps its place in the queue while its touch stays; one not worth quoting, the place it would have."""

    notional_binds = False

    quote_size: Shares = parameter(50_000, minimum=0, maximum=1e12)
    quote_size_bid: Shares | None = parameter(None, minimum=0, maximum=1e12, doc="quote_size when null")
    quote_size_ask: Shares | None = parameter(None, minimum=0, maximum=1e12, doc="quote_size when null")
    cooldown: Duration = parameter(60, key="refill_interval_sec", minimum=0, maximum=1e9)
    max_position: Shares = parameter(2_000_000, minimum=0, maximum=1e12)
    max_notional: Money | None = parameter(None, above=0, doc="read and checked, without effect in v2")
    min_touch_value: Money = parameter(25_000, key="min_local_currency_before_quote", minimum=0)

    cool_bid: Nanoseconds = 0
    cool_ask: Nanoseconds = 0

    def on_tick(self, m: Market) -> None:
        """Bring both sides to their touch."""
        self.quote(m)

    def quote(self, m: Market) -> None:
        """Bring both sides to their touch; both sizes are taken before either side is changed."""
        bid_size = self.bid_size(m)
        ask_size = self.ask_size(m)
        if m.bid_size > 0:
            if m.bid * m.bid_size >= self.min_touch_value and bid_size > 0 and self.may_quote(m):
                self.place_bid(m, bid_size)
            else:
                m.watch_bid(m.bid)
        if m.ask_size > 0:
            if m.ask * m.ask_size >= self.min_touch_value and ask_size > 0 and self.may_quote(m):
                self.place_ask(m, ask_size)
            else:
                m.watch_ask(m.ask)

    def may_quote(self, m: Market) -> bool:
        """Say whether the time has come to quote at all."""
        return True

    def place_bid(self, m: Market, size: int) -> None:
        """Stand at the bid, in the place we have there if we have one."""
        if m.bid_order == m.bid:
            m.resize_bid(size)
        else:
            m.quote_bid(m.bid, size)

    def place_ask(self, m: Market, size: int) -> None:
        """Stand at the ask, in the place we have there if we have one."""
        if m.ask_order == m.ask:
            m.resize_ask(size)
        else:
            m.quote_ask(m.ask, size)

    def bid_size(self, m: Market) -> int:
        """Return the bid's size: what is left of it while it cools, the configured one otherwise, within the limit."""
        size = self.quote_size if self.quote_size_bid is None else self.quote_size_bid
        if m.now < self.cool_bid:
            size = m.bid_remaining
        return max(0, min(size, self.max_position - m.position))

    def ask_size(self, m: Market) -> int:
        """Return the ask's size: what is left of it while it cools, the configured one otherwise, within the limit."""
        size = self.quote_size if self.quote_size_ask is None else self.quote_size_ask
        if m.now < self.cool_ask:
            size = m.ask_remaining
        return max(0, min(size, self.max_position + m.position))

    def on_fill(self, m: Market, side: int, price: float, quantity: int) -> None:
        """Let the filled side cool."""
        self.cool(m, side)

    def cool(self, m: Market, side: int) -> None:
        """Start the cooldown of a side."""
        if side == BUY:
            self.cool_bid = m.now + self.cooldown
        else:
            self.cool_ask = m.now + self.cooldown

    def on_overnight_cancel(self, m: Market) -> None:
        """Start the day with nothing cooling."""
        self.cool_bid = 0
        self.cool_ask = 0

"""v3: v2, always at the back of the displayed queue, and not in the first minutes of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.strategy import Duration, parameter
from pipeline.strategies.v2_price_follow_qty_cooldown import V2PriceFollowQtyCooldown

if TYPE_CHECKING:
    from pipeline.engine.market import Market


class V3LiquidityMonitor(V2PriceFollowQtyCooldown):
    """A print has to exceed the whole displayed quantity in one go to reach us."""

    quiet_open: Duration = parameter(300, key="quiet_open_sec", minimum=0, maximum=86_400, doc="no quotes before")

    def may_quote(self, m: Market) -> bool:
        """Wait until the session has been open for a while."""
        return m.time_of_day >= m.continuous_opens + self.quiet_open

    def place_bid(self, m: Market, size: int) -> None:
        """Stand behind all that the bid shows now."""
        m.quote_bid(m.bid, size)

    def place_ask(self, m: Market, size: int) -> None:
        """Stand behind all that the ask shows now."""
        m.quote_ask(m.ask, size)

"""Our simulated orders on both sides: matching a print against them and recording fills (section 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .account import Account
from .records import ASK, BID, DAY, Direction, Fill

if TYPE_CHECKING:
    from .records import Switches


@dataclass
class Side:
    """One side of the market as the strategy knows it: the touch, our live quote, our simulated order, our timer."""

    touch: tuple[float, float] | None = None  # price, displayed quantity
    quote: float | None = None
    price: float | None = None
    ahead: int = 0
    remaining: int = 0
    last: int | None = None
    printed: int = 0  # matched against us at our price since the side's last quote or our placement
    taken: int = 0  # of what the touch shows, by us

    def join(self, price: float, ahead: int) -> None:
        """Note a place in the queue at a price."""
        self.price = price
        self.ahead = ahead
        self.printed = 0

    def cancel(self) -> None:
        """Take our order out of the market. The timer is not touched."""
        self.quote = None
        self.price = None
        self.ahead = 0
        self.remaining = 0
        self.printed = 0


@dataclass(frozen=True)
class Event:
    """One cleaned row."""

    index: int
    ts: int
    kind: int
    price: float
    volume: float

    @property
    def day(self) -> int:
        """Days since 1970-01-01."""
        return self.ts // DAY

    @property
    def tod(self) -> int:
        """Time of day in nanoseconds."""
        return self.ts % DAY


class Orders:
    """Both sides, the account, and the fills so far."""

    def __init__(self, switches: Switches, exchange: str = "ADX") -> None:
        self.switches = switches
        self.exchange = exchange
        self.account = Account()
        self.sides = {BID: Side(), ASK: Side()}
        self.fills: list[Fill] = []

    def after_fill(self, before: int, price: float) -> None:
        """Hear of a recorded fill; `before` is the position before it."""

    def match(self, event: Event) -> None:
        """Match a print against our ask, then against our bid."""
        ask, bid = self.sides[ASK].quote, self.sides[BID].quote
        volume = math.trunc(event.volume)
        left = volume
        if ask is not None and event.price >= ask:
            left = self.match_side(event, ASK, volume)
        if bid is not None and event.price <= bid:
            self.match_side(event, BID, left if self.switches.shared_print_volume == "once" else volume)

    def match_side(self, event: Event, which: int, volume: int) -> int:
        """Use up the queue ahead of our order, then fill it; give what is left of the print."""
        side = self.sides[which]
        if self.switches.trade_through == "clears" and event.price != side.price:
            side.ahead = 0
        if event.price == side.price:
            side.printed += volume
        queue = min(side.ahead, volume)
        side.ahead -= queue
        volume -= queue
        if volume > 0 and side.remaining > 0:
            filled = min(side.remaining, volume)
            side.remaining -= filled
            volume -= filled
            own_price = side.price if self.switches.fill_price == "order" else None
            self.fill(event, which, event.price if own_price is None else own_price, filled)
            if side.remaining == 0:
                side.quote = None
        return volume

    def fill(self, event: Event, which: int, price: float, quantity: int) -> None:
        """Record a fill and restart its side's timer."""
        direction: Direction = "buy" if which == BID else "sell"
        before = self.account.position
        realized = self.account.record(direction, price, quantity)
        account = self.account
        self.fills.append(
            Fill(event.index, event.ts, direction, price, quantity, realized, account.position, account.pnl)
        )
        self.sides[which].last = event.ts
        self.after_fill(before, price)

    def waits_for_uncrossed_book(self) -> bool:
        """Say whether quoting waits because the bid is at or above the ask."""
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        return self.switches.crossed_book == "wait" and bid is not None and ask is not None and bid[0] >= ask[0]

    def cancel_opposite_if_crossing(self, which: int, price: float) -> None:
        """Before a placement at `price`: cancel our live opposite order if the two would trade with each other."""
        if self.switches.self_cross == "allowed":
            return
        opposite = self.sides[ASK if which == BID else BID]
        if opposite.quote is not None:
            crosses = price >= opposite.quote if which == BID else price <= opposite.quote
            if crosses:
                opposite.cancel()

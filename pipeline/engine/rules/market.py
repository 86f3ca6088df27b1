"""The market a quoting strategy sees and the rules every event goes through: session, book, orders, fills, account.

How our orders fill, under the `classic` execution model:

* Only a trade print fills. It reaches our ask when its price is at or above it, our bid when at or below it.
* A print first consumes the quantity that stood ahead of us when the order was placed; what is left fills us.
* Nothing but such prints moves us up the queue: no cancellation, no change of the displayed quantity.
* Each side may use the whole print, the ask first. A fill is booked at the price of the print.
* The strategy acts before the print is matched, so an order placed on a print can be filled by it.
* Orders, their queue positions and the position survive the night; the book does not.
* In a break within the day nothing is quoted or filled. Orders and the book stand over it, unless the market cancels.
* The first print from the closing auction on closes the position at its price, whatever its volume.

Each `execution` switch changes one of these; `execution.py` lists them. The classic loop is made with the switches off
and holds no trace of them.
"""

from __future__ import annotations

from typing import Final

from pipeline.engine.rules.orders import Orders
from pipeline.engine.rules.replay_state import NO_DAY
from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY, MINUTE

OPEN_DELAY: Final = 5 * MINUTE
"""How long after the opening a replay with an `open_delay` does not quote."""

LAST_TURN: Final = 2
"""The turn of an event in which only what the strategy took is booked, after its own and its orders' turn."""


class Market(Orders):
    """The state of one security's replay."""

    cancel_overnight: bool
    cancel_over_break: bool
    print_used_once: bool
    match_first: bool
    flatten_at_touch: bool
    carries_position: bool
    cancel_stale: bool
    open_delay: int

    flat_day: int = NO_DAY
    closed: bool = False
    print_awaited: bool = False
    flatten_pending: bool = False

    def on_event(self) -> None:
        """Take the security through one event; a price of zero is a placeholder and none."""
        if self.price > 0.0:
            self.events += 1
            if self.now < self.day_start or self.now >= self.day_start + DAY:
                self.begin_day()
            self.time_of_day = self.now - self.day_start
            if self.kind == TRADE:
                self.market_days[self.day_index] = 1
                self.note_print()
            in_session = self.continuous_opens <= self.time_of_day < self.continuous_closes
            if self.varies and in_session:
                in_session = self.is_in_span()
            ended = False
            if not in_session or self.print_awaited:
                if self.batched:
                    self.diverged = in_session
                    self.closing()
                else:
                    ended = self.closing()
            if in_session and not ended:
                self.trade_continuously()
            if self.calls_at_moments and not in_session:
                self.look_on()

    def note_print(self) -> None:
        """Note a print of any time of the day."""

    def look_on(self) -> None:
        """Show the strategy an event outside continuous trading."""

    def begin_day(self) -> None:
        """Empty the book."""
        self.turn_day()
        self.bid_size = 0
        self.ask_size = 0
        if self.varies:
            self.bid_side.forget_rounding()
            self.ask_side.forget_rounding()
        if self.flat_day != self.day_start:
            self.closed = False
            self.print_awaited = False
            self.flatten_pending = False
        if self.cancel_overnight:
            self.cancel_all()

    def begin_break(self) -> None:
        """Empty the book and cancel our orders where orders do not stand over a break."""
        if self.cancel_over_break:
            self.bid_size = 0
            self.ask_size = 0
            self.cancel_all()

    def cancel_all(self) -> None:
        """Cancel all our orders, also those on their way."""
        self.bid_side.forget()
        self.ask_side.forget()
        self.strategy.on_overnight_cancel(self)

    def closing(self) -> bool:
        """Close the position at the end of the day; say whether the event ends here, for a print that is awaited."""
        price = 0.0
        if self.flatten_at_touch and self.time_of_day >= self.continuous_closes and self.bid_size > 0 < self.ask_size:
            price = self.bid if self.position > 0 else self.ask if self.position < 0 else 0.0
        if self.time_of_day >= self.auction_prints and not self.closed:
            self.closed = True
            self.flat_day = self.day_start
            self.print_awaited = True
            if self.position != 0 and price == 0.0 and not self.carries_position:
                self.flatten_pending = True
        ended = self.flatten_pending
        if self.kind == TRADE:
            self.print_awaited = False
            if self.flatten_pending:
                self.flatten_pending = False
                price = self.price
        if price > 0.0:
            self.flatten(price)
        return ended

    def trade_continuously(self) -> None:
        """Let an event inside the quoting session reach the book, the strategy and our orders."""
        if self.latency > 0:
            self.bid_side.arrive()
            self.ask_side.arrive()
        self.update_book()
        is_quote = self.kind != TRADE
        is_early = self.time_of_day < self.continuous_opens + OPEN_DELAY
        for turn in range(3 if self.batched or self.takes_marketable or self.latency > 0 else 2):
            if (self.takes_marketable or self.latency > 0) and (turn > 0 or self.latency > 0):
                self.book_crossing()
            if self.cancel_stale and turn < LAST_TURN and (turn == 0) != (self.touch_fills and is_quote):
                self.remove_stale()
            if turn == LAST_TURN:
                pass
            elif (turn == 0) != (self.match_first or (self.touch_fills and is_quote)):
                if not (self.open_delay > 0 and is_early):
                    self.strategy.on_tick(self)
            elif self.touch_fills or not is_quote:
                self.match_if_quoting(is_quote, is_early)
        if self.takes_marketable or self.latency > 0:
            self.end_event()

    def match_if_quoting(self, is_quote: bool, is_early: bool) -> None:  # noqa: FBT001 - a loop takes plain arguments
        """Let an event fill our orders, unless the strategy stands aside or we do not quote yet, which stops prints."""
        if not (self.open_delay > 0 and is_early and not is_quote) and not self.standing_aside:
            self.match_orders(is_quote)

    def update_book(self) -> None:
        """Let a quote replace its side of the book; a print leaves the book as it is."""
        self.session_rows += 1
        if self.kind == BID:
            self.bid_count += 1
            self.bid_side.show(self.price, self.volume)
            self.bid = self.price
            self.bid_size = self.volume
        elif self.kind == ASK:
            self.ask_count += 1
            self.ask_side.show(self.price, self.volume)
            self.ask = self.price
            self.ask_size = self.volume
        else:
            self.trade_count += 1
            self.last_price = self.price

    def match_orders(self, touched: bool) -> None:  # noqa: FBT001 - a loop takes plain arguments
        """Match a print, or the touch that has reached them, against our orders, the ask side first.

        Both quotes are read before either is matched. In a crossed or locked book one of the two quotes is late: the
        touch fills nobody.
        """
        if not touched or (self.bid_size > 0 and self.ask_size > 0 and self.bid < self.ask):
            left = self.bid_side.available() if touched else self.volume
            ask_reached = self.ask_side.live and (self.bid if touched else self.price) >= self.ask_side.order_price
            bid_reached = self.bid_side.live and (self.ask if touched else self.price) <= self.bid_side.order_price
            if ask_reached:
                left = self.ask_side.match(left, touched)
            if bid_reached:
                volume = left if self.print_used_once else self.volume
                self.bid_side.match(self.ask_side.available() if touched else volume, touched)

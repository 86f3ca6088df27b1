"""The market a strategy sees and the rules every event goes through: session, book, orders and queue, fills, account.

Written once, as ordinary Python. The plain engine runs this class as it stands; the compiled engine makes its loop
from this very text, so it keeps to the subset of Python that `specialise.py` states.

How our orders fill (the `classic` execution model):

* Only a trade print fills. It reaches our ask when its price is at or above it, our bid when at or below it.
* A print first consumes the quantity that stood ahead of us when the order was placed; what is left fills us.
* Nothing but such prints moves us up the queue: no cancellation, no change of the displayed quantity.
* Each side may use the whole print, the ask first. A fill is booked at the price of the print.
* The strategy acts before the print is matched, so an order placed on a print can be filled by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.ticks import ASK, BID, TRADE

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

BUY: Final = 1
SELL: Final = -1

DAY: Final = 86_400_000_000_000
NO_DAY: Final = -(2**62)
MOST_FILLS_AN_EVENT: Final = 4

IntColumn: TypeAlias = "list[int] | memoryview[int]"
FloatColumn: TypeAlias = "list[float] | memoryview[float]"


class Market:
    """The state of one security's replay.

    Prices in AED, sizes in shares, times in ns on the exchange's local clock. A side of the book with size 0 is empty.
    """

    strategy: Strategy

    quoting_opens: int
    quoting_closes: int
    auction_prints: int
    first_day: int
    capacity: int

    market_days: IntColumn
    fill_event: IntColumn
    fill_side: IntColumn
    fill_price: FloatColumn
    fill_quantity: IntColumn
    fill_realized: FloatColumn
    fill_position: IntColumn
    fill_pnl: FloatColumn

    event: int = 0
    now: int = 0
    kind: int = 0
    price: float = 0.0
    volume: int = 0

    day_start: int = NO_DAY
    day_index: int = 0
    flat_day: int = NO_DAY
    closed: bool = False
    flatten_pending: bool = False

    bid: float = 0.0
    bid_size: int = 0
    ask: float = 0.0
    ask_size: int = 0
    last_price: float = 0.0

    bid_live: bool = False
    bid_order: float = 0.0
    bid_ahead: int = 0
    bid_remaining: int = 0
    ask_live: bool = False
    ask_order: float = 0.0
    ask_ahead: int = 0
    ask_remaining: int = 0

    position: int = 0
    entry_price: float = 0.0
    realized_pnl: float = 0.0
    fills: int = 0

    events: int = 0
    session_rows: int = 0
    bid_count: int = 0
    ask_count: int = 0
    trade_count: int = 0

    # What a strategy may do

    def quote_bid(self, price: float, size: int) -> None:
        """Place our bid at the back of its queue, replacing the one we had."""
        self.bid_live = True
        self.bid_order = price
        self.bid_ahead = self.bid_size if price <= self.bid else 0
        self.bid_remaining = size

    def quote_ask(self, price: float, size: int) -> None:
        """Place our ask at the back of its queue, replacing the one we had."""
        self.ask_live = True
        self.ask_order = price
        self.ask_ahead = self.ask_size if price >= self.ask else 0
        self.ask_remaining = size

    def cancel_bid(self) -> None:
        """Take our bid out of the market."""
        self.bid_live = False
        self.bid_remaining = 0

    def cancel_ask(self) -> None:
        """Take our ask out of the market."""
        self.ask_live = False
        self.ask_remaining = 0

    # What happens on an event

    def on_event(self) -> None:
        """Take the security through one event whose price is above zero."""
        self.events += 1
        if self.now < self.day_start or self.now >= self.day_start + DAY:
            self.begin_day()
        if self.kind == TRADE:
            self.market_days[self.day_index] = 1
        time_of_day = self.now - self.day_start
        if time_of_day >= self.auction_prints and not self.closed:
            self.closed = True
            self.flat_day = self.day_start
            if self.position != 0:
                self.flatten_pending = True
        if self.flatten_pending:
            if self.kind == TRADE:
                self.flatten_pending = False
                self.flatten()
            return
        if time_of_day < self.quoting_opens or time_of_day >= self.quoting_closes:
            return
        self.update_book()
        self.strategy.on_tick(self)
        if self.kind == TRADE:
            self.match_print()

    def begin_day(self) -> None:
        """Empty the book; our orders, their queue positions and the position survive the night."""
        self.day_start = self.now // DAY * DAY
        self.day_index = self.day_start // DAY - self.first_day
        self.bid_size = 0
        self.ask_size = 0
        if self.flat_day != self.day_start:
            self.closed = False
            self.flatten_pending = False

    def update_book(self) -> None:
        """Let a quote replace its side of the book; a print leaves the book as it is."""
        self.session_rows += 1
        if self.kind == BID:
            self.bid_count += 1
            self.bid = self.price
            self.bid_size = self.volume
        elif self.kind == ASK:
            self.ask_count += 1
            self.ask = self.price
            self.ask_size = self.volume
        else:
            self.trade_count += 1
            self.last_price = self.price

    def match_print(self) -> None:
        """Match a print against our orders, the ask side first; both quotes are read before either is matched."""
        price = self.price
        ask_reached = self.ask_live and price >= self.ask_order
        bid_reached = self.bid_live and price <= self.bid_order
        if ask_reached:
            left = self.volume
            passed = min(self.ask_ahead, left)
            self.ask_ahead -= passed
            left -= passed
            filled = min(self.ask_remaining, left)
            if filled > 0:
                self.ask_remaining -= filled
                if self.ask_remaining == 0:
                    self.ask_live = False
                self.book_fill(SELL, price, filled)
        if bid_reached:
            left = self.volume
            passed = min(self.bid_ahead, left)
            self.bid_ahead -= passed
            left -= passed
            filled = min(self.bid_remaining, left)
            if filled > 0:
                self.bid_remaining -= filled
                if self.bid_remaining == 0:
                    self.bid_live = False
                self.book_fill(BUY, price, filled)

    def flatten(self) -> None:
        """Close the whole position at the print's price, whatever its volume; live orders stay."""
        side = SELL if self.position > 0 else BUY
        self.book_fill(side, self.price, abs(self.position))

    def book_fill(self, side: int, price: float, quantity: int) -> None:
        """Book a fill: close what it closes, open what is left, record it, tell the strategy."""
        realized = 0.0
        opening = quantity
        if side == BUY:
            if self.position < 0:
                closing = min(quantity, -self.position)
                realized += (self.entry_price - price) * closing
                self.realized_pnl += realized
                self.position += closing
                opening -= closing
            if opening > 0:
                if self.position == 0:
                    self.entry_price = price
                    self.position = opening
                else:
                    cost = self.entry_price * self.position + price * opening
                    self.position += opening
                    self.entry_price = cost / self.position
        else:
            if self.position > 0:
                closing = min(quantity, self.position)
                realized += (price - self.entry_price) * closing
                self.realized_pnl += realized
                self.position -= closing
                opening -= closing
            if opening > 0:
                if self.position == 0:
                    self.entry_price = price
                    self.position = -opening
                else:
                    cost = self.entry_price * -self.position + price * opening
                    self.position -= opening
                    self.entry_price = cost / -self.position
        at = self.fills
        self.fill_event[at] = self.event
        self.fill_side[at] = side
        self.fill_price[at] = price
        self.fill_quantity[at] = quantity
        self.fill_realized[at] = realized
        self.fill_position[at] = self.position
        self.fill_pnl[at] = self.realized_pnl
        self.fills = at + 1
        self.strategy.on_fill(self, side, price, quantity)


def replay(
    m: Market,
    strategy: Strategy,
    count: int,
    timestamps: IntColumn,
    kinds: IntColumn,
    prices: FloatColumn,
    volumes: IntColumn,
) -> bool:
    """Replay all events; return False when the fill columns had no room for the next event's fills."""
    strategy.on_start()
    for i in range(count):
        price = prices[i]
        if price > 0.0:
            if m.fills > m.capacity - MOST_FILLS_AN_EVENT:
                return False
            m.event = i
            m.now = timestamps[i]
            m.kind = kinds[i]
            m.price = price
            m.volume = volumes[i]
            m.on_event()
    return True

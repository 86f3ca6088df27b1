"""Markets that also call a strategy at moments: times of day or an interval, the open, the close; and their auctions.

A moment is gone through before the first tick at or after it, in the state that the ticks before have left. Nothing
happens in between, so that an order sent then is sent at the moment itself. Moments after a day's last tick are gone
through when the day is over, with an empty book: they may cancel and place, but take nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.market import OPEN_DELAY, Market
from pipeline.engine.rules.replay_state import NO_DAY
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.engine.rules.replay_state import IntColumn

LISTEN: Final = 0
OPENING: Final = 1
DELAYED_OPENING: Final = 2
TIME: Final = 3
CLOSING: Final = 4
"""What is done at a moment, in the order of what is done at one time: note the day's first print, call a hook. Below 0
is what begins then: -1 less one of the phases."""

CLOSED: Final = 0
PRE_OPEN: Final = 1
OPENING_AUCTION: Final = 2
CONTINUOUS: Final = 3
BREAK: Final = 4
CLOSING_AUCTION: Final = 5
TRADE_AT_LAST: Final = 6
"""The phases of a day; CLOSED is what is none of the others."""


class CallingMarket(Market):
    """A `Market` that calls a strategy at moments as well, the next of them, or of a day, when it is `due`, ns.

    `next_moment` and `end_moment` are the places of the day's next moment, and behind its last, among all. Prices of
    auctions are 0 where there was none yet: `open_price` is that of the day's first print from the opening auction on,
    `close_price` that of its first one when the closing auction prints, or continuous trading is over where there is
    none; `previous_close` is the last day's `close_price`, else the price of its last print in continuous trading.
    `phase` is the one that the day's clock has come to: where it steps back, that stays.
    """

    calls_at_moments: ClassVar[bool] = True

    moment_times: IntColumn
    moment_kinds: IntColumn
    moment_days: IntColumn

    due: int = NO_DAY
    next_moment: int = 0
    end_moment: int = 0

    open_awaited: bool = False
    open_price: float = 0.0
    open_size: int = 0
    close_price: float = 0.0
    close_size: int = 0
    previous_close: float = 0.0
    prints_before: int = 0
    phase: int = 0

    def pass_time(self, now: int, price: float) -> None:
        """Go through the moments up to a tick that comes next, whose price says whether it is one."""
        if price > 0.0 and (now >= self.due or now < self.day_start):
            if now < self.day_start or now >= self.day_start + DAY:
                self.end_moments()
                self.now = now
                self.begin_day()
                self.begin_moments()
            self.call_until(now - self.day_start)
            is_over = self.next_moment == self.end_moment
            self.due = self.day_start + (DAY if is_over else self.moment_times[self.next_moment])

    def on_end(self) -> None:
        """Go through the moments that are left of the last day."""
        self.end_moments()

    def begin_moments(self) -> None:
        """Begin a day with its first moment, and with none of its auctions."""
        self.next_moment = self.moment_days[2 * self.day_index]
        self.end_moment = self.moment_days[2 * self.day_index + 1]
        if self.close_price > 0.0:
            self.previous_close = self.close_price
        elif self.trade_count > self.prints_before:
            self.previous_close = self.last_price
        self.prints_before = self.trade_count
        self.phase = CLOSED
        self.open_awaited = False
        self.open_price = 0.0
        self.open_size = 0
        self.close_price = 0.0
        self.close_size = 0

    def end_moments(self) -> None:
        """Go through the moments that are left of a day that has no more ticks, with an empty book."""
        if self.next_moment < self.end_moment:
            self.bid_size = 0
            self.ask_size = 0
            self.call_until(DAY)

    def call_until(self, time_of_day: int) -> None:
        """Go through the moments up to a time of the day."""
        while self.next_moment < self.end_moment and self.moment_times[self.next_moment] <= time_of_day:
            kind = self.moment_kinds[self.next_moment]
            self.time_of_day = self.moment_times[self.next_moment]
            self.now = self.day_start + self.time_of_day
            self.next_moment += 1
            if kind < LISTEN:
                self.phase = -1 - kind
            elif kind == LISTEN:
                self.open_awaited = True
            else:
                self.call_at(kind)

    def call_at(self, kind: int) -> None:
        """Let what is on its way arrive, call the strategy, and book and send what it asked for."""
        if self.varies and self.time_of_day < self.continuous_closes:
            self.is_in_span()
        if self.latency > 0:
            self.bid_side.arrive()
            self.ask_side.arrive()
            self.book_crossing()
        if kind == TIME:
            if not (self.open_delay > 0 and self.time_of_day < self.continuous_opens + OPEN_DELAY):
                self.strategy.on_time(self)
        elif kind == CLOSING:
            self.strategy.on_close(self)
        elif (kind == DELAYED_OPENING) == (self.open_delay > 0):
            self.strategy.on_open(self)
        if self.takes_marketable or self.latency > 0:
            self.book_crossing()
            self.end_event()

    def look_on(self) -> None:
        """Show the strategy an event outside continuous trading."""
        self.strategy.on_outside(self)

    def note_print(self) -> None:
        """Note the prints that are those of the auctions."""
        if self.open_awaited:
            self.open_awaited = False
            self.open_price = self.price
            self.open_size = self.volume
        if self.close_price == 0.0 and self.time_of_day >= self.auction_prints:
            self.close_price = self.price
            self.close_size = self.volume


class CallingLadderMarket(CallingMarket, LadderMarket):
    """A `LadderMarket` that calls a strategy at moments as well."""

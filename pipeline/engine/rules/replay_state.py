"""The state that every kind of replay has: the event at hand, the day, the account, and the columns of our fills.

`market.py` and `auction.py` build the rules on it. All three are written once, as ordinary Python: the plain engine
runs them as they stand, the compiled engine makes its loop from this very text, so they keep to the subset of Python
that `compiler/inline.py` states.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

BUY: Final = 1
SELL: Final = -1

NO_DAY: Final = -(2**62)

ON_GRID: Final = 1e-9
"""A price stands on the grid of ticks when it is no farther from it than this."""

Word: TypeAlias = str
Fact: TypeAlias = int
"""What is known of the security itself: a loop is given it where its strategy reads it. A word is a code there."""

IntColumn: TypeAlias = "list[int] | memoryview[int]"
FloatColumn: TypeAlias = "list[float] | memoryview[float]"


class ReplayState:
    """One security's events, one at a time.

    Prices in the market's unit, sizes in shares, times in ns on its local clock; a time of day is from midnight, `day`
    and `last_day` (the day of the latest tick) from 1970-01-01. `batched`: whether several settings
    are replayed in one pass over the ticks, each with its own part of the columns. `varies`: whether days have hours or
    tick sizes of their own, or breaks; `day_table` has them, `day_step` numbers a day, 0 where all are one. Ticks come
    part by part: `before` were in earlier parts; `begins`, `ends`: whether this part is the first, the last.
    """

    actions: ClassVar[tuple[str, ...]] = ("round_to_tick", "round_down_to_tick", "round_up_to_tick", "tick")
    calls_at_moments: ClassVar[bool] = False
    strategy: Strategy

    ticker: Word
    currency: Word
    lot: Fact

    first_day: int
    last_day: int
    day_step: int
    varies: bool
    capacity: int
    batched: bool
    keeps_fills: bool
    before: int
    begins: bool
    ends: bool

    failed: IntColumn
    day_table: IntColumn
    span_times: IntColumn
    tick_below: FloatColumn
    tick_size: FloatColumn
    market_days: IntColumn
    fill_event: IntColumn
    fill_side: IntColumn
    fill_price: FloatColumn
    fill_quantity: IntColumn
    fill_realized: FloatColumn
    fill_position: IntColumn
    fill_pnl: FloatColumn
    fill_placed: IntColumn
    fill_how: IntColumn
    fill_limit: FloatColumn

    event: int = 0
    now: int = 0
    kind: int = 0
    price: float = 0.0
    volume: int = 0

    day: int = 0
    day_start: int = NO_DAY
    day_index: int = 0
    time_of_day: int = 0
    continuous_opens: int = 0
    continuous_closes: int = 0
    auction_prints: int = 0
    first_tick: int = 0
    end_tick: int = 0
    first_span: int = 0
    end_span: int = 0
    span_opens: int = 0
    span_closes: int = 0
    breaks: int = 0

    out_of_capacity: bool = False
    diverged: bool = False
    rows: int = 0

    position: int = 0
    realized_pnl: float = 0.0
    fills: int = 0

    events: int = 0
    session_rows: int = 0
    bid_count: int = 0
    ask_count: int = 0
    trade_count: int = 0
    last_price: float = 0.0

    def tick(self, price: float) -> float:
        """Return the tick that applies at a price."""
        return self.tick_at(price)

    def tick_at(self, price: float) -> float:
        """Return the tick that applies at a price."""
        level = self.first_tick
        while level < self.end_tick - 1 and price >= self.tick_below[level]:
            level += 1
        return self.tick_size[level]

    def round_to_tick(self, price: float) -> float:
        """Round a price to a whole number of the ticks that apply at it, half to even."""
        tick = self.tick_at(price)
        return round(price / tick) * tick

    def round_down_to_tick(self, price: float) -> float:
        """Round a price down to a whole number of the ticks that apply at it; one within 1e-9 of that stands on it."""
        tick = self.tick_at(price)
        steps = math.floor(price / tick)
        above = self.in_steps(steps + 1, tick)
        return above if above - price <= ON_GRID else self.in_steps(steps, tick)

    def round_up_to_tick(self, price: float) -> float:
        """Round a price up to a whole number of the ticks that apply at it; one within 1e-9 of that stands on it."""
        tick = self.tick_at(price)
        steps = math.floor(price / tick)
        below = self.in_steps(steps, tick)
        return below if price - below <= ON_GRID else self.in_steps(steps + 1, tick)

    def in_steps(self, steps: int, tick: float) -> float:
        """Return so many ticks as the float that a market's price is written as: 502 ticks of 0.01 are 5.02."""
        return steps / math.floor(1.0 / tick + 0.5) if tick < 1.0 else steps * tick

    def on_event(self) -> None:
        """Take the security through the event at hand."""

    def pass_time(self, now: int, price: float) -> None:
        """Do what comes before the next tick, whose time and price are these; the last one is still at hand."""

    def on_end(self) -> None:
        """Do what is left to do after the last event."""

    def turn_day(self) -> None:
        """Note the day of the event at hand, its hours and its tick sizes."""
        self.day = self.now // DAY
        self.day_start = self.day * DAY
        self.day_index = self.day - self.first_day
        if self.varies:
            at = self.day_index * self.day_step
            self.take_hours(at)
            self.first_tick = self.day_table[at + 5]
            self.first_span = self.day_table[at + 3]
            self.end_span = self.day_table[at + 4]
            self.span_opens = self.span_times[2 * self.first_span]
            self.span_closes = self.span_times[2 * self.first_span + 1]
            self.breaks = 0

    def take_hours(self, at: int) -> None:
        """Take hours and tick sizes from the row of the table that begins there; where days do not vary, once."""
        self.continuous_opens = self.day_table[at]
        self.continuous_closes = self.day_table[at + 1]
        self.auction_prints = self.day_table[at + 2]
        self.end_tick = self.day_table[at + 6]

    def is_in_span(self) -> bool:
        """Say whether the event at hand, of the continuous session, is of a span of it and not of a break."""
        inside = self.span_opens <= self.time_of_day < self.span_closes
        if not inside:
            inside = self.find_span()
        return inside

    def find_span(self) -> bool:
        """Look for the span of continuous trading that the event at hand is in; say whether there is one."""
        found = False
        over = 0
        at = 2 * self.first_span
        while at < 2 * self.end_span:
            if self.time_of_day >= self.span_times[at + 1]:
                over += 1
            elif self.time_of_day >= self.span_times[at]:
                found = True
                self.span_opens = self.span_times[at]
                self.span_closes = self.span_times[at + 1]
            at += 2
        if over > self.breaks:
            self.breaks = over
            self.begin_break()
        return found

    def begin_break(self) -> None:
        """Do what a break within the day brings about, at the first event from its start on."""

    def record(
        self,
        side: int,
        price: float,
        quantity: int,
        realized: float,
        event: int,
        placed: int,
        how: int,
        limit: float,
    ) -> None:
        """Append a fill, of the order placed at an event, to the columns; position and P&L already show it."""
        at = self.rows
        if at < self.capacity:
            self.fill_event[at] = event
            self.fill_side[at] = side
            self.fill_price[at] = price
            self.fill_quantity[at] = quantity
            self.fill_realized[at] = realized
            self.fill_position[at] = self.position
            self.fill_pnl[at] = self.realized_pnl
            self.fill_how[at] = how
            if not self.batched:
                self.fill_placed[at] = placed
                self.fill_limit[at] = limit
            if not self.batched or self.keeps_fills:
                self.rows = at + 1
            self.fills += 1
        else:
            self.out_of_capacity = True


def replay(
    m: ReplayState,
    strategy: Strategy,
    count: int,
    timestamps: IntColumn,
    kinds: IntColumn,
    prices: FloatColumn,
    volumes: IntColumn,
) -> bool:
    """Replay the events of one part; return False when it ended early.

    That is when the fill columns were full, or when the settings of a batch would no longer see the same book; one of
    them whose own part of the columns is full goes on in vain. A line of the strategy that failed in the compiled loop,
    and its event, stand in `failed`.
    """
    if m.begins:
        strategy.on_start()
    if not m.varies:
        m.take_hours(0)
    for i in range(count):
        if m.diverged or (not m.batched and m.out_of_capacity):
            return False
        m.event = m.before + i
        if m.calls_at_moments:
            m.pass_time(timestamps[i], prices[i])
        m.now = timestamps[i]
        m.kind = kinds[i]
        m.price = prices[i]
        m.volume = volumes[i]
        m.on_event()
    if m.ends:
        m.on_end()
    return True

"""Walks one security's ticks once and notes what the market did around its fills; compiled as it stands.

`observe.py` says what each column means. The book is the one that the engine keeps: quotes of the continuous session
with a price, each side the latest of its day, empty while its latest has no volume.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pipeline.engine.day_tables import OF_DAY
from pipeline.engine.rules.account import PRINT, TAKE, TOUCH
from pipeline.engine.rules.replay_state import BUY
from pipeline.replay.prints import MARKETABLE, OFF_GRID, ONE_SIDED, OUTSIDE, OVERSIZED, THROUGH, TIMES_SHOWN
from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int8s, Int64s

FACTS: Final = (
    *("ticks", "fills", "orders", "marks", "days", "delayed", "shown_once", "first_day", "day_step", "varies"),
    "breaks_cancel",
)
"""The whole numbers that the walk takes, in this order. breaks_cancel: a break within the day empties the book."""

_TICKS, _FILLS, _ORDERS, _MARKS, _DAYS, _DELAYED, _SHOWN_ONCE, _FIRST_DAY, _DAY_STEP, _VARIES, _BREAKS_CANCEL = range(
    len(FACTS)
)
_OPENS, _CLOSES, _, _FIRST_SPAN, _END_SPAN, _FIRST_TICK, _END_TICK = range(len(OF_DAY))
_HORIZONS: Final = 4
_FAR: Final = 2**62
_WHOLE_FLOATS: Final = 2**53
_OF_TOUCH, _HAD, _MOST, _ROW = range(4)
GROUP: Final = 4
"""What is known of the shares had of one quote: its touch, how many they are, the most it showed, the last fill."""

KINDS: Final = 3
BOOK: Final = ("size", "day", "touch", "event", "clock")
"""The whole numbers that are kept of the latest tick of each kind, KINDS of each: touch counts the changes of price."""

_SIZE, _DAY, _TOUCH, _EVENT, _CLOCK = range(0, len(BOOK) * KINDS, KINDS)


def walk_ticks(  # noqa: C901, PLR0912, PLR0915 - the branches of one walk; what is rare stands in functions below
    facts: Int64s,
    day_table: Int64s,
    span_times: Int64s,
    tick_below: Float64s,
    tick_size: Float64s,
    timestamps: Int64s,
    kinds: Int8s,
    prices: Float64s,
    volumes: Int64s,
    by_event: Int64s,
    events: Int64s,
    sides: Int8s,
    hows: Int8s,
    limits: Float64s,
    quantities: Int64s,
    by_placed: Int64s,
    placed: Int64s,
    mark_times: Int64s,
    mark_days: Int64s,
    market_days: Int64s,
    horizons: Int64s,
    book: Int64s,
    latest: Float64s,
    waiting: Int64s,
    bought: Int64s,
    sold: Int64s,
    clocks: Int64s,
    placed_times: Int64s,
    mids: Float64s,
    mids_later: Float64s,
    traits: Int8s,
    beyond: Int64s,
    mark_mids: Float64s,
    mark_lasts: Float64s,
    closings: Int64s,
    closing_times: Int64s,
) -> int:
    """Fill the last ten columns, of which `traits` and `beyond` begin as zeros; return 0.

    by_event: the fills in the order of their events. by_placed: those of orders in the order of their placing.
    book, latest: BOOK and the price of the latest tick of each kind, zeros before the first.
    waiting: for each horizon, how many fills have their mid there. bought, sold: a GROUP each, of the ask and the bid.
    closings: of each market day, the event of its last print where that is later than the continuous session, else -1,
    and its time on a clock that never steps back.
    """
    count, fills, orders = facts[_TICKS], facts[_FILLS], facts[_ORDERS]
    opens, closes, delayed, varies, at_day = day_table[_OPENS], day_table[_CLOSES], facts[_DELAYED], facts[_VARIES], 0
    clock, day, day_start, span = -_FAR, -_FAR, -_FAR, -1
    bid_touch_before, bid_size_before, ask_touch_before, ask_size_before = 0, 0, 0, 0
    for kind in range(KINDS):
        book[_DAY + kind] = -_FAR
        book[_EVENT + kind] = -1
        book[_CLOCK + kind] = -_FAR
    fill, order, mark, ended = 0, 0, 0, 0
    next_fill = events[by_event[0]] if fills > 0 else count
    next_order = placed[by_placed[0]] - delayed if orders > 0 else count
    due = -_FAR
    i = 0
    while i <= count:
        now = _FAR
        if i < count:
            now = timestamps[i]
        clock = max(clock, now)
        if clock > due:
            due = _FAR
            while mark < facts[_MARKS] and mark_times[mark] < clock:
                mark_mids[mark] = mid_of(book, latest, mark_days[mark])
                is_of_day = book[_EVENT + TRADE] >= 0 and book[_CLOCK + TRADE] // DAY == mark_days[mark]
                mark_lasts[mark] = latest[TRADE] if is_of_day else math.nan
                mark += 1
            if mark < facts[_MARKS]:
                due = mark_times[mark]
            while ended < facts[_DAYS] and (market_days[ended] + 1) * DAY <= clock:
                ends = day_table[row_of(market_days[ended], facts) + _CLOSES]
                is_late = book[_EVENT + TRADE] >= 0 and book[_CLOCK + TRADE] > market_days[ended] * DAY + ends
                closings[ended] = book[_EVENT + TRADE] if is_late else -1
                closing_times[ended] = book[_CLOCK + TRADE]
                ended += 1
            if ended < facts[_DAYS]:
                due = min(due, (market_days[ended] + 1) * DAY - 1)
            for number in range(_HORIZONS):
                while waiting[number] < fill and clocks[by_event[waiting[number]]] + horizons[number] < clock:
                    row = by_event[waiting[number]]
                    on_day = clocks[row] // DAY
                    then = clocks[row] - on_day * DAY
                    later = then + horizons[number]
                    # Both are within one session, and so on one day.
                    is_known = opens <= then and later < closes
                    if varies != 0:
                        at_row = row_of(on_day, facts)
                        of_fill = span_at(then, at_row, day_table, span_times)
                        is_known = of_fill >= 0 and of_fill == span_at(later, at_row, day_table, span_times)
                    mid = mid_of(book, latest, on_day)
                    mids_later[number * fills + row] = mid if is_known else math.nan
                    waiting[number] += 1
                if waiting[number] < fill:
                    due = min(due, clocks[by_event[waiting[number]]] + horizons[number])
        if i == count:
            break

        if i == next_fill:
            bid_touch_before, bid_size_before = book[_TOUCH + BID], book[_SIZE + BID]
            ask_touch_before, ask_size_before = book[_TOUCH + ASK], book[_SIZE + ASK]
        if now < day_start or now >= day_start + DAY:
            day = now // DAY
            day_start = day * DAY
            at_day = row_of(day, facts)
            opens, closes = day_table[at_day + _OPENS], day_table[at_day + _CLOSES]
        price = prices[i]
        is_in_session = opens <= now - day_start and now - day_start < closes
        if varies != 0 and is_in_session:
            span = enter_span(span, now - day_start, at_day, day_table, span_times, facts, book)
            is_in_session = span >= 0
        take_tick(i, clock, is_in_session, day, kinds, prices, volumes, book, latest)

        if i == next_fill:
            bid, ask = latest[BID], latest[ASK]
            bid_shown = book[_SIZE + BID] if book[_DAY + BID] == day else 0
            ask_shown = book[_SIZE + ASK] if book[_DAY + ASK] == day else 0
            while fill < fills and events[by_event[fill]] == i:
                row = by_event[fill]
                clocks[row] = clock
                mids[row] = (bid + ask) / 2.0 if is_in_session and bid_shown > 0 and ask_shown > 0 else math.nan
                if hows[row] == PRINT:
                    if price != limits[row]:
                        traits[row] |= THROUGH
                    shown = bid_shown if sides[row] == BUY else ask_shown
                    if shown > 0 and volumes[i] > TIMES_SHOWN * shown:
                        traits[row] |= OVERSIZED
                    traits[row] |= beside_touch(
                        price, bid, ask, bid_shown, ask_shown, at_day, day_table, tick_below, tick_size
                    )
                elif facts[_SHOWN_ONCE] == 0 and hows[row] in (TAKE, TOUCH):
                    is_earlier = delayed == 1 and hows[row] == TAKE
                    if sides[row] == BUY:
                        touch = ask_touch_before if is_earlier else book[_TOUCH + ASK]
                        shown = ask_size_before if is_earlier else book[_SIZE + ASK]
                        add_shares(row, touch, shown, quantities[row], bought, beyond)
                    else:
                        touch = bid_touch_before if is_earlier else book[_TOUCH + BID]
                        shown = bid_size_before if is_earlier else book[_SIZE + BID]
                        add_shares(row, touch, shown, quantities[row], sold, beyond)
                fill += 1
            next_fill = events[by_event[fill]] if fill < fills else count
            due = min(due, clock + horizons[0])
        while order < orders and i >= next_order:
            row = by_placed[order]
            placed_times[row] = timestamps[placed[row]]
            on_day = placed_times[row] // DAY
            limit = limits[row]
            if not is_on_grid(limit, tick_at(limit, row_of(on_day, facts), day_table, tick_below, tick_size)):
                traits[row] |= OFF_GRID
            meets_ask = book[_SIZE + ASK] > 0 and book[_DAY + ASK] == on_day and limit >= latest[ASK]
            meets_bid = book[_SIZE + BID] > 0 and book[_DAY + BID] == on_day and limit <= latest[BID]
            if next_order >= 0 and (meets_ask if sides[row] == BUY else meets_bid):
                traits[row] |= MARKETABLE
            order += 1
            next_order = placed[by_placed[order]] - delayed if order < orders else count
        i += 1

        # A short loop of its own, for the ticks at which nothing is due, keeps in registers what it needs.
        stop = min(next_fill, next_order, count)
        while i < stop:
            now = timestamps[i]
            if now < day_start or now >= day_start + DAY or now > due:
                break
            clock = max(clock, now)
            is_in_session = opens <= now - day_start and now - day_start < closes
            if varies != 0 and is_in_session:
                span = enter_span(span, now - day_start, at_day, day_table, span_times, facts, book)
                is_in_session = span >= 0
            take_tick(i, clock, is_in_session, day, kinds, prices, volumes, book, latest)
            i += 1
    add_shares(0, 0, 0, 0, bought, beyond)
    add_shares(0, 0, 0, 0, sold, beyond)
    return 0


def take_tick(
    i: int,
    clock: int,
    is_in_session: bool,  # noqa: FBT001 - by place, as machine code takes it
    day: int,
    kinds: Int8s,
    prices: Float64s,
    volumes: Int64s,
    book: Int64s,
    latest: Float64s,
) -> None:
    """Take a tick into the book, without a branch by its kind: which comes next is what a processor cannot foretell."""
    kind = kinds[i]
    price = prices[i]
    if price > 0.0 and is_in_session | (kind == TRADE):
        is_new = (price != latest[kind]) | (book[_SIZE + kind] == 0) | (day != book[_DAY + kind])
        latest[kind] = price
        book[_SIZE + kind] = volumes[i]
        book[_DAY + kind] = day
        book[_TOUCH + kind] += 1 if is_new else 0
        book[_EVENT + kind] = i
        book[_CLOCK + kind] = clock


def mid_of(book: Int64s, latest: Float64s, on_day: int) -> float:
    """Return the mid of the book on a day, NaN where a side of it is empty."""
    is_two_sided = book[_SIZE + BID] > 0 and book[_SIZE + ASK] > 0
    is_of_day = book[_DAY + BID] == on_day and book[_DAY + ASK] == on_day
    return (latest[BID] + latest[ASK]) / 2.0 if is_two_sided and is_of_day else math.nan


def beside_touch(
    price: float,
    bid: float,
    ask: float,
    bid_shown: int,
    ask_shown: int,
    at_day: int,
    day_table: Int64s,
    tick_below: Float64s,
    tick_size: Float64s,
) -> int:
    """Return the traits of a print at a price that are of the touch."""
    trait = 0
    if bid_shown > 0 and price < bid - tick_at(bid, at_day, day_table, tick_below, tick_size) - on_grid_within():
        trait = OUTSIDE
    if ask_shown > 0 and price > ask + tick_at(ask, at_day, day_table, tick_below, tick_size) + on_grid_within():
        trait = OUTSIDE
    return trait if bid_shown > 0 and ask_shown > 0 else trait | ONE_SIDED


def add_shares(row: int, touch: int, shown: int, shares: int, group: Int64s, beyond: Int64s) -> None:
    """Count shares had of a touch with those of the fills before it, or end their count with another touch."""
    if touch != group[_OF_TOUCH]:
        if group[_OF_TOUCH] > 0:
            beyond[group[_ROW]] = max(group[_HAD] - group[_MOST], 0)
        group[_OF_TOUCH] = touch
        group[_HAD] = 0
        group[_MOST] = 0
    group[_HAD] += shares
    group[_MOST] = max(group[_MOST], shown)
    group[_ROW] = row


def row_of(day: int, facts: Int64s) -> int:
    """Return where the row of a day begins."""
    return (day - facts[_FIRST_DAY]) * facts[_DAY_STEP]  # type: ignore[no-any-return]


def span_at(of_day: int, at_day: int, day_table: Int64s, span_times: Int64s) -> int:
    """Return which span of continuous trading a time of a day, whose row begins there, is in; -1 for none."""
    found = -1
    for span in range(day_table[at_day + _FIRST_SPAN], day_table[at_day + _END_SPAN]):
        if span_times[2 * span] <= of_day < span_times[2 * span + 1]:
            found = span
    return found


def enter_span(
    before: int, of_day: int, at_day: int, day_table: Int64s, span_times: Int64s, facts: Int64s, book: Int64s
) -> int:
    """Return the span of an event, and empty the book where the break before it has done so."""
    span = span_at(of_day, at_day, day_table, span_times)
    if span != before and facts[_BREAKS_CANCEL] != 0:
        book[_SIZE + BID] = 0
        book[_SIZE + ASK] = 0
    return span


def tick_at(price: float, at_day: int, day_table: Int64s, tick_below: Float64s, tick_size: Float64s) -> float:
    """Return the tick that applies at a price on a day, whose row begins there."""
    level = day_table[at_day + _FIRST_TICK]
    while level < day_table[at_day + _END_TICK] - 1 and price >= tick_below[level]:
        level += 1
    return tick_size[level]  # type: ignore[no-any-return]


def is_on_grid(price: float, tick: float) -> bool:
    """Say whether a price is a whole number of ticks, but for rounding."""
    steps = price / tick
    if abs(steps) < _WHOLE_FLOATS:
        steps = 1.0 * round(steps)
    nearest = steps / round(1.0 / tick) if tick < 1.0 else steps * tick
    return abs(price - nearest) <= on_grid_within()


def on_grid_within() -> float:
    """Return how far from the grid a price still counts as on it, money."""
    return 1e-9

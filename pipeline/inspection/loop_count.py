"""Walks one security's ticks of whole days once and counts what may be wrong with them; compiled as it stands.

The book is the one that the engine keeps: quotes of the continuous session with a price, each side the latest of its
day, empty while its latest has no volume. docs/reference/rules.md states the rules.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pipeline.ticks import ASK, BID, TRADE
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int8s, Int64s

FACTS: Final = (
    *("ticks", "first_day", "first", "last", "pre_open", "close", "late", "opens", "closes", "levels", "slots"),
)
"""The whole numbers that the walk takes, in this order. first, last: of the ends of sessions from which to which time a
gap may be told. late: when prints are no longer the last session's. slots: a power of two."""

COUNTS: Final = (
    *("bids", "asks", "trades", "zero_prices", "zero_sizes", "steps_back", "steps_forward", "largest_step"),
    *("outside_hours", "prints_outside_hours", "off_grid", "session_events", "session", "crossed_events", "crossed"),
    *("locked_events", "locked", "session_prints", "prints_outside", "prints_far", "repeated", "first_far"),
    *("gap_start", "gap_end"),
)
"""What the walk counts, in this order. first_far: the row. repeated: -1 where more rows are of one time than there are
slots for. gap_start, gap_end: of the longest stretch of a session without a tick, the later before the earlier if none.
"""

OF_DAY: Final = ("ticks", "prints", "outside")
"""What it counts of each day: all, prints, and those outside the hours."""

_TICKS, _FIRST_DAY, _FIRST, _LAST, _PRE_OPEN, _CLOSE, _LATE, _OPENS, _CLOSES, _LEVELS, _SLOTS = range(len(FACTS))
_BIDS, _ASKS, _TRADES, _ZERO_PRICES, _ZERO_SIZES, _STEPS_BACK, _STEPS_FORWARD, _LARGEST_STEP = range(8)
_OUTSIDE_HOURS, _PRINTS_OUTSIDE_HOURS, _OFF_GRID, _SESSION_EVENTS, _SESSION = range(8, 13)
_CROSSED_EVENTS, _CROSSED, _LOCKED_EVENTS, _LOCKED, _SESSION_PRINTS, _PRINTS_OUTSIDE, _PRINTS_FAR = range(13, 20)
_REPEATED, _FIRST_FAR, _GAP_START, _GAP_END = range(20, 24)
_FAR: Final = 2**62
_WHOLE_FLOATS: Final = 2**52
_LARGE: Final = 10**12


def count_ticks(  # noqa: C901, PLR0912, PLR0915 - the branches of one walk
    facts: Int64s,
    limits: Float64s,
    below: Float64s,
    sizes: Float64s,
    timestamps: Int64s,
    kinds: Int8s,
    prices: Float64s,
    volumes: Int64s,
    sorted_timestamps: Int64s,
    sorted_kinds: Int8s,
    sorted_prices: Float64s,
    sorted_volumes: Int64s,
    slots: Int64s,
    counts: Int64s,
    of_days: Int64s,
    touch: Float64s,
) -> int:
    """Fill the last three columns, which begin as zeros; return 0.

    The sorted columns are of the same ticks by time. slots: as many as `slots` says, each -1. limits: the shares of the
    touch's prices below and above which a print is far from it, and by how many ticks a price may miss the grid. below,
    sizes: up to which price a tick size applies, and it. of_days: of each day since the first what `OF_DAY` names.
    touch: bid and ask at the first print far from them, 0 where a side is empty.
    """
    opens, closes = facts[_OPENS], facts[_CLOSES]
    bids, asks, trades, zero_prices, zero_sizes, back, forward, largest = 0, 0, 0, 0, 0, 0, 0, 0
    outside_hours, late_prints, off_grid = 0, 0, 0
    events, session, crossed_events, crossed, locked_events, locked = 0, 0, 0, 0, 0, 0
    session_prints, prints_outside, prints_far, first_far = 0, 0, 0, -1
    bid, ask, bid_known, ask_known = 0.0, 0.0, False, False
    day, day_start, book_day, at_day, before, clock, stands = -_FAR, -_FAR, -_FAR, 0, timestamps[0], 0, False
    is_crossed, is_locked = False, False
    checked, is_off, low, high, size = 0.0, False, 0.0, 0.0, 1.0
    for i in range(facts[_TICKS]):
        now, price, volume, kind = timestamps[i], prices[i], volumes[i], kinds[i]
        if now < before:
            back += 1
            largest = max(largest, before - now)
        elif now > before:
            forward += 1
        before = now
        if now < day_start or now >= day_start + DAY:
            day = now // DAY
            day_start = day * DAY
            at_day = 3 * (day - facts[_FIRST_DAY])
        of_day = now - day_start
        of_days[at_day] += 1
        is_print = kind == TRADE
        if is_print:
            trades += 1
            of_days[at_day + 1] += 1
        elif kind == BID:
            bids += 1
        else:
            asks += 1
        if of_day < facts[_PRE_OPEN] or of_day >= facts[_CLOSE]:
            outside_hours += 1
            of_days[at_day + 2] += 1
            if is_print and (of_day < facts[_PRE_OPEN] or of_day >= facts[_LATE]):
                late_prints += 1
        if volume == 0:
            zero_sizes += 1
        if price == 0.0:
            zero_prices += 1
        if price > 0.0:
            if price != checked:
                checked = price
                if price < low or price >= high:
                    level = 0
                    while level < facts[_LEVELS] - 1 and price >= below[level]:
                        level += 1
                    low = below[level - 1] if level > 0 else 0.0
                    high, size = below[level], sizes[level]
                steps = price / size
                is_off = steps < _WHOLE_FLOATS and math.fabs(steps - math.floor(steps + 0.5)) > limits[2]
            if is_off:
                off_grid += 1
            if day != book_day:
                if stands:
                    session += closes - clock
                    crossed += closes - clock if is_crossed else 0
                    locked += closes - clock if is_locked else 0
                book_day, bid_known, ask_known, stands = day, False, False, False
            if opens <= of_day < closes:
                until = max(clock, of_day) if stands else of_day
                if stands:
                    session += until - clock
                    crossed += until - clock if is_crossed else 0
                    locked += until - clock if is_locked else 0
                clock, stands = until, True
                events += 1
                if is_print:
                    session_prints += 1
                    if (bid_known and price < bid) or (ask_known and price > ask):
                        prints_outside += 1
                    if (bid_known and price < bid * limits[0]) or (ask_known and price > ask * limits[1]):
                        prints_far += 1
                        if first_far < 0:
                            first_far = i
                            touch[0] = bid if bid_known else 0.0
                            touch[1] = ask if ask_known else 0.0
                elif kind == BID:
                    bid, bid_known = price, volume > 0
                elif kind == ASK:
                    ask, ask_known = price, volume > 0
                is_crossed = bid_known and ask_known and bid > ask
                is_locked = bid_known and ask_known and bid == ask
                crossed_events += is_crossed
                locked_events += is_locked
    if stands:
        session += closes - clock
        crossed += closes - clock if is_crossed else 0
        locked += closes - clock if is_locked else 0
    counts[_BIDS], counts[_ASKS], counts[_TRADES] = bids, asks, trades
    counts[_ZERO_PRICES], counts[_ZERO_SIZES] = zero_prices, zero_sizes
    counts[_STEPS_BACK], counts[_STEPS_FORWARD], counts[_LARGEST_STEP] = back, forward, largest
    counts[_OUTSIDE_HOURS], counts[_PRINTS_OUTSIDE_HOURS], counts[_OFF_GRID] = outside_hours, late_prints, off_grid
    counts[_SESSION_EVENTS], counts[_SESSION] = events, session
    counts[_CROSSED_EVENTS], counts[_CROSSED] = crossed_events, crossed
    counts[_LOCKED_EVENTS], counts[_LOCKED] = locked_events, locked
    counts[_SESSION_PRINTS], counts[_PRINTS_OUTSIDE], counts[_PRINTS_FAR] = session_prints, prints_outside, prints_far
    counts[_FIRST_FAR] = first_far
    counts[_REPEATED] = count_repeated(facts, sorted_timestamps, sorted_kinds, sorted_prices, sorted_volumes, slots)
    find_gap(facts, sorted_timestamps, counts)
    return 0


def count_repeated(
    facts: Int64s, timestamps: Int64s, kinds: Int8s, prices: Float64s, volumes: Int64s, slots: Int64s
) -> int:
    """Return how many rows are in every column what an earlier row is; -1 where `slots` are too few to tell.

    They are sorted by time, so that rows of one time stand together.
    """
    ticks, most = facts[_TICKS], facts[_SLOTS]
    repeated, begins = 0, 0
    for i in range(1, ticks + 1):
        if i < ticks and timestamps[i] == timestamps[begins]:
            continue
        # Of a row that is alone at its time there is no other.
        if 2 * (i - begins) > most:
            return -1
        for row in range(begins, i if i - begins > 1 else begins):
            price = prices[row]
            mixed = (volumes[row] * 3 + kinds[row]) * 7046029254386353131
            mixed += (int(price * 65536.0) if price < _LARGE else 0) * 4354685564936845319
            slot = (mixed ^ (mixed >> 29)) & (most - 1)
            while slots[slot] >= begins:
                other = slots[slot]
                if prices[other] == price and volumes[other] == volumes[row] and kinds[other] == kinds[row]:
                    break
                slot = (slot + 1) & (most - 1)
            if slots[slot] >= begins:
                repeated += 1
            else:
                slots[slot] = row
        begins = i
    return repeated


def find_gap(facts: Int64s, ascending: Int64s, counts: Int64s) -> None:
    """Note the longest stretch of a session without a tick, on days with ticks, the first of equally long ones.

    What is missing before the first tick of all and after the last is no gap: the ticks begin and end there.
    """
    start, end, last, some, day_end = 0, -1, 0, False, -_FAR
    for i in range(facts[_TICKS] + 1):
        now = ascending[i] if i < facts[_TICKS] else _FAR
        if now >= day_end:
            if i > 0:
                closes = day_end - DAY + facts[_CLOSES]
                opened = last if some else day_end - DAY + facts[_OPENS]
                is_gap = facts[_FIRST] <= closes <= facts[_LAST] and (some or facts[_FIRST] <= opened <= facts[_LAST])
                if is_gap and closes - opened > end - start:
                    start, end = opened, closes
            if i == facts[_TICKS]:
                break
            day_end = (now // DAY + 1) * DAY
            some = False
        if day_end - DAY + facts[_OPENS] <= now < day_end - DAY + facts[_CLOSES]:
            opened = last if some else day_end - DAY + facts[_OPENS]
            if now - opened > end - start and (some or facts[_FIRST] <= opened <= facts[_LAST]):
                start, end = opened, now
            last, some = now, True
    counts[_GAP_START], counts[_GAP_END] = start, end
